//! Looks for cycles between the modules of a crate.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::ffi::OsStr;
use std::fmt::Write;
use std::fs;
use std::path::Path;

use proc_macro2::{Delimiter, Spacing, TokenStream, TokenTree};
use walkdir::WalkDir;

/// Crates with two modules that may use each other: command lines hold scripts, which hold command lines.
const ALLOWED: &[(&str, [&str; 2])] = &[("formats", ["command_line", "shell"])];

/// The modules that each module uses, with the files and lines.
type Graph = BTreeMap<String, BTreeMap<String, Vec<String>>>;

/// What the sources of a crate say, without its tests.
#[derive(Default)]
struct Sources {
    /// The modules that lib.rs declares.
    modules: BTreeSet<String>,
    /// What lib.rs exports from a module, by its name.
    exports: BTreeMap<String, String>,
    /// Paths from the crate's root: the module that has it, the path's first name, the file and line.
    paths: Vec<(String, String, String)>,
}

/// A module: its names from the crate's root, and its file.
#[derive(Clone, Copy)]
struct Module<'a> {
    names: &'a [String],
    file: &'a str,
}

impl Sources {
    /// Reads a crate from the directory of its sources.
    fn of(source: &Path) -> Self {
        let mut sources = Self::default();
        let files = WalkDir::new(source)
            .sort_by_key(|entry| (entry.file_name() != "lib.rs", entry.file_name().to_owned()))
            .into_iter()
            .filter_entry(|entry| {
                !["tests", "tests.rs"]
                    .map(OsStr::new)
                    .contains(&entry.file_name())
            });
        for file in files {
            let file = file.unwrap().into_path();
            let name = file.strip_prefix(source).unwrap().to_str().unwrap();
            let Some(module) = name.strip_suffix(".rs") else {
                continue;
            };
            let names = module.trim_end_matches("/mod").split('/');
            let names: Vec<String> = names
                .filter(|name| *name != "lib")
                .map(str::to_owned)
                .collect();
            // What lib.rs does not declare is a program or for tests.
            if names
                .first()
                .is_some_and(|top| !sources.modules.contains(top))
            {
                continue;
            }
            let tokens = fs::read_to_string(&file).unwrap().parse().unwrap();
            let (names, file) = (&names, name);
            sources.read(Module { names, file }, tokens);
        }
        sources
    }

    fn read(&mut self, module: Module<'_>, tokens: TokenStream) {
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        let mut rest = tokens.as_slice();
        while let Some((token, after)) = rest.split_first() {
            rest = after;
            match (token.to_string().as_str(), after) {
                ("#", [TokenTree::Group(attribute), item @ ..])
                    if attribute.stream().to_string().replace(' ', "") == "cfg(test)" =>
                {
                    let end = item.iter().position(ends_item);
                    rest = &item[end.map_or(item.len(), |end| end + 1)..];
                }
                ("mod", [TokenTree::Ident(name), body, after @ ..]) => {
                    let names = &[module.names, &[name.to_string()]].concat();
                    if let [name] = names.as_slice() {
                        self.modules.insert(name.clone());
                    }
                    if let TokenTree::Group(body) = body {
                        self.read(Module { names, ..module }, body.stream());
                    }
                    rest = after;
                }
                ("use", _) if module.names.is_empty() => self.export(after),
                ("crate", _) => self.path(module, after),
                ("super", _) => {
                    let mut supers = 1;
                    while let [_, _, TokenTree::Ident(next), after @ ..] = rest
                        && next == "super"
                    {
                        (supers, rest) = (supers + 1, after);
                    }
                    if supers == module.names.len() {
                        self.path(module, rest);
                    }
                }
                _ => {
                    if let TokenTree::Group(group) = token {
                        self.read(module, group.stream());
                    }
                }
            }
        }
    }

    /// Notes what follows `use` in lib.rs.
    fn export(&mut self, after: &[TokenTree]) {
        let item = after
            .iter()
            .take_while(|token| !ends_item(token) || is_list(token));
        let item: TokenStream = item.cloned().collect();
        let item = item.to_string();
        let mut names = item
            .split(|char: char| !(char.is_alphanumeric() || char == '_'))
            .filter(|name| !["", "crate", "self"].contains(name));
        if let Some(module) = names.next() {
            self.exports
                .extend(names.map(|name| (name.to_owned(), module.to_owned())));
        }
    }

    /// Notes the path whose first part is the crate's root, or the paths if it is a list of `use`.
    fn path(&mut self, module: Module<'_>, after: &[TokenTree]) {
        let [TokenTree::Punct(colon), _, first, ..] = after else {
            return;
        };
        let (Some(top), ':', Spacing::Joint) =
            (module.names.first(), colon.as_char(), colon.spacing())
        else {
            return;
        };
        let list: Vec<TokenTree> = match first {
            TokenTree::Group(list) => list.stream().into_iter().collect(),
            first => vec![first.clone()],
        };
        let is_comma =
            |token: &TokenTree| matches!(token, TokenTree::Punct(mark) if mark.as_char() == ',');
        for name in list.split(is_comma).filter_map(<[_]>::first) {
            let line = name.span().start().line;
            let place = format!("{}:{line}", module.file);
            self.paths.push((top.clone(), name.to_string(), place));
        }
    }

    /// The graph of the modules that lib.rs declares.
    fn graph(self) -> Graph {
        let mut graph = Graph::new();
        for (user, name, place) in self.paths {
            let used = match self.exports.get(&name) {
                Some(module) if !self.modules.contains(&name) => module,
                _ => &name,
            };
            if *used != user && self.modules.contains(used) {
                let of_user = graph.entry(user).or_default();
                let places = of_user.entry(used.clone()).or_default();
                if places.last() != Some(&place) {
                    places.push(place);
                }
            }
        }
        graph
    }
}

/// Whether an item ends here: with a semicolon or its body.
fn ends_item(token: &TokenTree) -> bool {
    is_list(token) || matches!(token, TokenTree::Punct(mark) if mark.as_char() == ';')
}

fn is_list(token: &TokenTree) -> bool {
    matches!(token, TokenTree::Group(group) if group.delimiter() == Delimiter::Brace)
}

/// The shortest way from a module back to itself.
fn cycle<'a>(graph: &'a Graph, start: &'a str) -> Option<Vec<&'a str>> {
    let mut seen = BTreeSet::new();
    let mut ways = VecDeque::from([vec![start]]);
    while let Some(way) = ways.pop_front() {
        for next in graph.get(*way.last()?).into_iter().flat_map(BTreeMap::keys) {
            let longer = [way.as_slice(), &[next]].concat();
            if next == start {
                return Some(longer);
            }
            if seen.insert(next) {
                ways.push_back(longer);
            }
        }
    }
    None
}

/// The cycles of a graph as text, each with the files and lines of its uses; empty if it has none.
fn report(graph: &Graph) -> String {
    let mut text = String::new();
    let mut reported = BTreeSet::new();
    for cycle in graph.keys().filter_map(|start| cycle(graph, start)) {
        if !reported.insert(BTreeSet::from_iter(cycle.clone())) {
            continue;
        }
        writeln!(text, "{}", cycle.join(" -> ")).unwrap();
        for uses in cycle.windows(2) {
            let places = graph[uses[0]][uses[1]].join(", ");
            writeln!(text, "  {} -> {}: {places}", uses[0], uses[1]).unwrap();
        }
    }
    text
}

#[test]
fn no_crate_has_a_cycle_of_modules() {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates");
    let mut cycles = String::new();
    for entry in fs::read_dir(crates).unwrap() {
        let directory = entry.unwrap().path();
        let mut graph = Sources::of(&directory.join("src")).graph();
        let name = directory.file_name().unwrap().to_str().unwrap();
        for (_, [one, other]) in ALLOWED.iter().filter(|(allowed, _)| *allowed == name) {
            for (user, used) in [(one, other), (other, one)] {
                let uses = graph.get_mut(*user).and_then(|uses| uses.remove(*used));
                assert!(uses.is_some(), "{name}: {user} no longer uses {used}");
            }
        }
        let found = report(&graph);
        if !found.is_empty() {
            writeln!(cycles, "{name}:\n{found}").unwrap();
        }
    }
    assert!(cycles.is_empty(), "cycles of modules\n{cycles}");
}

/// The report on a crate with these files.
fn report_of(files: &[(&str, &str)]) -> String {
    let source = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let file = source.path().join(name);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, text).unwrap();
    }
    report(&Sources::of(source.path()).graph())
}

#[test]
fn a_cycle_is_shown_with_its_lines() {
    let files = [
        ("lib.rs", "mod a;\nmod b;\nmod c;\npub use c::{C, D as E};"),
        ("a.rs", "use crate::{\n    b::{self, X},\n    other,\n};"),
        ("b/mod.rs", "mod deep;"),
        (
            "b/deep.rs",
            "use super::super::E;\nfn f() { vec![crate::E] }",
        ),
        ("c.rs", "use std::fmt;\nuse super::a;"),
    ];
    let expected = "a -> b -> c -> a\n  a -> b: a.rs:2\n  b -> c: b/deep.rs:1, b/deep.rs:2\n  \
                    c -> a: c.rs:2\n";
    assert_eq!(report_of(&files), expected);
}

#[test]
fn tests_comments_and_paths_inside_a_module_make_no_cycle() {
    let files = [
        ("lib.rs", "mod a;\nmod b;\n#[cfg(test)]\nmod t;"),
        (
            "a.rs",
            "use crate::b;\n#[cfg(test)]\nmod tests;\nuse crate::a::X;",
        ),
        (
            "b.rs",
            "//! [`crate::a`]\n// crate::a\npub(crate) const B: &str = \"crate::a\";\n\
             #[cfg(test)]\nuse crate::a::{X, Y};\n#[cfg(test)]\nmod tests { use crate::a; }\n\
             mod inner { use super::a; }\nmod a {}",
        ),
    ];
    assert_eq!(report_of(&files), "");
}
