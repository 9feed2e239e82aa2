//! One `.pc` file: which of its bytes become what.

use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use bstr::ByteSlice;
use hermetic_out::{Edit, Finding, SourceText};
use hermetic_out_formats::Span;
use hermetic_out_formats::pkg_config::{
    GIVEN_VARIABLES, MAX_VALUE, PREFIX, PkgConfig, Statement, StatementKind, Value, Variables, scan,
};

use super::faults::Faults;
use super::places::{Place, Places};
use super::roots::Roots;
use super::words::{Word, can_be_written, is_literal, same, words};
use crate::findings;

/// What a file is to become.
#[derive(Debug, Default)]
pub(crate) struct Rewritten {
    pub(crate) edits: Vec<Edit>,
    pub(crate) findings: Vec<Finding>,
    pub(crate) replaced: usize,
    pub(crate) kept: usize,
    pub(crate) unresolved: usize,
}

/// What becomes of `prefix`.
enum Prefix {
    /// It says what it says: something that this file's paths are not written through.
    Other,
    /// It names an own output and stays as it is.
    Stays(Vec<u8>),
    /// It is defined, and gets this value.
    Becomes(Vec<u8>),
    /// It is not defined, and gets this value.
    New(Vec<u8>),
}

/// Says what becomes of the file at `path`, which is in the output `from`.
pub(crate) fn rewrite(
    path: &Path,
    content: &SourceText,
    from: usize,
    places: &Places<'_>,
) -> Rewritten {
    let file = scan(content);
    let directory = path.parent().unwrap_or(path).as_os_str().as_bytes();
    let mut faults = Faults::new(path, content);
    let has_two_prefixes = faults.find(&file);
    faults.find_relative_prefix(&file, directory);
    let mut work = Work {
        content,
        file: &file,
        places,
        repeated: repeated(&file),
        faults,
        done: Rewritten::default(),
    };
    if !has_two_prefixes {
        work.statements(from, directory);
    }
    work.done.findings = work.faults.into_findings();
    work.done
}

struct Work<'a> {
    content: &'a [u8],
    file: &'a PkgConfig,
    places: &'a Places<'a>,
    /// The variables that are defined more than once.
    repeated: BTreeSet<&'a [u8]>,
    faults: Faults<'a>,
    done: Rewritten,
}

impl Work<'_> {
    /// The whole path that a place stands for; `None` if it is not known, or none of ours.
    fn target(&self, place: &Place, main: usize) -> Option<(usize, Vec<u8>)> {
        match place {
            Place::Own { output, sub_path } if sub_path.is_empty() => {
                Some((*output, self.places.output(*output).to_vec()))
            }
            Place::Own { output, sub_path } => {
                let path = [self.places.output(*output), b"/", sub_path].concat();
                Some((*output, path))
            }
            Place::Top => Some((main, self.places.output(main).to_vec())),
            _ => None,
        }
    }

    /// The output that most of the file's variables name; its flags, if it has no such variables.
    fn main_output(&self, words: &[Vec<Word>]) -> usize {
        let mut held: BTreeMap<usize, (usize, usize)> = BTreeMap::new();
        for (statement, words) in self.file.statements.iter().zip(words) {
            for word in words {
                if let Place::Own { output, .. } = word.place
                    && !statement.defines(PREFIX)
                {
                    let count = held.entry(output).or_default();
                    count.0 += usize::from(statement.kind == StatementKind::Variable);
                    count.1 += 1;
                }
            }
        }
        let outputs = &self.places.package().outputs;
        let rank = |index: usize| {
            let output = outputs.get(index);
            let is_runtime = output.is_some_and(hermetic_out::Output::is_runtime);
            let is_out = output.is_some_and(|output| output.name == "out");
            (is_runtime, is_out, usize::MAX - index)
        };
        let most = held.iter().max_by_key(|(index, (variables, all))| {
            let flags = if *variables == 0 { *all } else { 0 };
            (*variables, flags, rank(**index))
        });
        most.map_or_else(|| self.places.first(), |(index, _)| *index)
    }

    fn prefix(&self, at: Option<usize>, words: &[Vec<Word>], main: usize) -> Prefix {
        let path_of_main = || self.places.output(main).to_vec();
        let is_own = |word: &Word| matches!(word.place, Place::Own { .. } | Place::Top);
        let Some(index) = at else {
            return if words.iter().flatten().any(is_own) {
                Prefix::New(path_of_main())
            } else {
                Prefix::Other
            };
        };
        if self.file.statements[index].value.text.is_empty() {
            // `prefix=` and `${prefix}/usr/lib`: the same as no prefix.
            let uses = |statement: &Statement| statement.value.variables().any(|one| one == PREFIX);
            let mut both = self.file.statements.iter().zip(words);
            let is_used = both.any(|(one, words)| uses(one) && words.iter().any(is_own));
            return if is_used {
                Prefix::Becomes(path_of_main())
            } else {
                Prefix::Other
            };
        }
        let word = words[index]
            .iter()
            .find(|word| word.is_whole && !word.is_partial);
        let Some(word) = word else {
            return Prefix::Other;
        };
        match self.target(&word.place, main) {
            Some((_, target)) if same(&word.path, &target) => Prefix::Stays(target),
            Some((_, target)) => Prefix::Becomes(target),
            None => Prefix::Other,
        }
    }

    fn statements(&mut self, from: usize, directory: &[u8]) {
        let mut now = Variables::of_file_in(directory);
        let as_it_is = words(self.file, now.clone(), from, self.places);
        let Some(first) = self.file.statements.first() else {
            return;
        };
        let mut statements = self.file.statements.iter();
        let prefix_at = statements.position(|statement| statement.defines(PREFIX));
        let main = self.main_output(&as_it_is);
        let prefix = self.prefix(prefix_at, &as_it_is, main);
        // What it says in the file may have dots in it.
        let says = match (&prefix, prefix_at) {
            (Prefix::Stays(_), Some(at)) => as_it_is[at].first().map(|word| word.path.clone()),
            _ => None,
        };
        let own = match &prefix {
            Prefix::Stays(path) | Prefix::Becomes(path) | Prefix::New(path) => Some(path.clone()),
            Prefix::Other => None,
        };
        // What is in front of it and has to be written through it makes it come first.
        let comes_first = own.is_some()
            && prefix_at.is_none_or(|at| {
                let mut before = self.file.statements.iter().zip(&as_it_is).take(at);
                before.any(|(statement, words)| {
                    words.iter().any(|word| {
                        let target = self.target(&word.place, main);
                        let is_literal = is_literal(&statement.value, word);
                        target.is_some_and(|(_, target)| is_literal || !same(&word.path, &target))
                    })
                })
            });
        let mut roots = Roots::new(own.clone());
        // What names it before it is defined will mean something, if it comes first.
        let moved = prefix_at.filter(|_| comes_first && says.is_some());
        let moved = moved.map(|at| movable(&self.file.statements[at].value, self.content));
        let says = says
            .filter(|_| !matches!(moved, Some(None)))
            .or(own.clone());
        let to_be = if comes_first {
            now.set(PREFIX, says.clone());
            words(self.file, now.clone(), from, self.places)
        } else {
            as_it_is
        };
        for (index, (statement, words)) in self.file.statements.iter().zip(&to_be).enumerate() {
            if Some(index) == prefix_at && own.is_some() {
                self.prefix_line(statement, &prefix, comes_first);
                now.set(PREFIX, says.clone());
                continue;
            }
            let value = self.statement(statement, words, main, &mut roots, &mut now);
            if statement.kind == StatementKind::Variable {
                now.set(&statement.name, value);
            }
        }
        let line_end = line_end(first, self.content);
        let mut lines = Vec::new();
        let mut place = first.lines.start;
        if let Some(path) = own.filter(|_| comes_first) {
            let value = moved.flatten().unwrap_or(path);
            lines = [b"prefix=", &value[..], line_end].concat();
        } else if let Some(at) = prefix_at.filter(|_| !matches!(prefix, Prefix::Other)) {
            place = self.file.statements[at].lines.end;
        }
        lines.extend(roots.definitions(self.places, line_end));
        if !lines.is_empty() {
            let span = Span::new(place, place);
            self.done.edits.push(Edit { span, text: lines });
        }
    }

    /// The line that defines `prefix`, which names an own output.
    fn prefix_line(&mut self, statement: &Statement, prefix: &Prefix, comes_first: bool) {
        if comes_first {
            let (span, text) = (statement.lines, Vec::new());
            self.done.edits.push(Edit { span, text });
            self.done.replaced += 1;
            return;
        }
        let Prefix::Becomes(path) = prefix else {
            self.done.kept += 1;
            return;
        };
        let value = &statement.value.text;
        // An empty value has no place of its own: it follows the `=`.
        let after_operator = || {
            let line = statement.lines.of(self.content);
            let operator = line.find_byte(b'=')?;
            let at = statement.lines.start + operator + 1;
            Some(Span::new(at, at))
        };
        // All of it goes, in however many pieces it stands.
        let span = value.covering_span().or_else(after_operator);
        if let Some(span) = span {
            let text = path.clone();
            self.done.edits.push(Edit { span, text });
            self.done.replaced += 1;
        }
    }

    /// Rewrites the paths of a statement; its value afterwards, if that is known.
    fn statement(
        &mut self,
        statement: &Statement,
        words: &[Word],
        main: usize,
        roots: &mut Roots,
        now: &mut Variables,
    ) -> Option<Vec<u8>> {
        let value = &statement.value;
        let mut after = Some(Vec::new());
        let mut at = 0;
        for word in words {
            let between = value.expand_range(at..word.range.start, |name| now.get(name));
            append(&mut after, between);
            at = word.range.end;
            let automatic = value.expand_range(word.range.clone(), |name| now.get(name));
            let written = self.word(statement, word, main, automatic.as_deref(), roots, now);
            append(&mut after, written.or(automatic));
        }
        let rest = value.expand_range(at..value.text.len(), |name| now.get(name));
        append(&mut after, rest);
        after
    }

    /// Rewrites a path; the new one, if it changes what is said.
    fn word(
        &mut self,
        statement: &Statement,
        word: &Word,
        main: usize,
        automatic: Option<&[u8]>,
        roots: &mut Roots,
        now: &mut Variables,
    ) -> Option<Vec<u8>> {
        let value = &statement.value;
        let raw = value.bytes(word.range.clone());
        let is_literal = is_literal(value, word);
        let shown = word.path.as_bstr();
        let help = "install the directory, or keep the path with --keep (in nixpkgs: rewritePkgConfigPrefixKeep)";
        let (path, output) = match (&word.place, self.target(&word.place, main)) {
            (_, Some((output, mut path))) => {
                let is_right = automatic.is_some_and(|automatic| same(automatic, &path));
                if is_right && !is_literal {
                    self.done.kept += 1;
                    return None;
                }
                let names_output = path == self.places.output(output) && raw == path;
                // Another definition further down would take what was written through it along.
                let is_constant = !self.repeated.contains(&*statement.name);
                if names_output && word.is_whole && is_constant && !roots.has(output, &path) {
                    roots.add(output, &statement.name);
                    self.done.kept += 1;
                    return None;
                }
                if word.path.ends_with(b"/") {
                    path.push(b'/');
                }
                (path, Some(output))
            }
            (Place::Given(path), None) => {
                if automatic == Some(path) {
                    return None;
                }
                (path.clone(), None)
            }
            (Place::Missing, None) => {
                // Through a variable that names an output now, it is at least in that one.
                let is_own = automatic.is_some_and(|path| self.places.own(path).is_some());
                if is_literal && !is_own {
                    let message = format!("no output has the directory {shown}");
                    self.faults.report(
                        &findings::MISSING_PC_DIRECTORY,
                        value,
                        &word.range,
                        message,
                        help,
                    );
                }
                self.done.unresolved += usize::from(is_literal && !is_own);
                return None;
            }
            (Place::OnlyIn { output }, None) => {
                let message = format!(
                    "only the output {} has the directory {shown}",
                    self.places.name(*output)
                );
                let help = "move the .pc file to the output dev";
                self.faults
                    .report(&findings::OUTPUT_CYCLE, value, &word.range, message, help);
                self.done.unresolved += 1;
                return None;
            }
            _ => return None,
        };
        if !can_be_written(value, word, &path) {
            let new = path.as_bstr();
            let message = format!("{shown} cannot be replaced by {new} here");
            let help = findings::UNWRITABLE_PLACE.remedy;
            let kind = &findings::UNWRITABLE_PLACE;
            self.faults.report(kind, value, &word.range, message, help);
            self.done.unresolved += 1;
            return None;
        }
        let text = match output {
            Some(output) => roots.write(output, &path, self.file, self.places, now),
            None => path.clone(),
        };
        if word.is_of_machine {
            return self.add_to_search_path(value, word, &text, &path);
        }
        let place = value.text.slice(word.range.clone());
        let edit = place.editable_span().zip(place.encode(&text).ok());
        let (span, text) = edit?;
        self.done.edits.push(Edit { span, text });
        self.done.replaced += 1;
        Some(path)
    }

    /// Adds the own directory `path`, written as `text`, to a search path, in front of `word`; what then
    /// stands there.
    fn add_to_search_path(
        &mut self,
        value: &Value,
        word: &Word,
        text: &[u8],
        path: &[u8],
    ) -> Option<Vec<u8>> {
        let before = value.bytes(0..word.range.start);
        let entry = before.rfind_byte(b':').map_or(0, |colon| colon + 1);
        // `${pc_sysrootdir}` stands in front of both.
        let root = value.bytes(entry..word.range.start);
        let place = value.text.slice(entry..word.range.end);
        let text = place.encode(&[root, text, b":"].concat()).ok()?;
        let start = place.editable_span()?.start;
        let span = Span::new(start, start);
        self.done.edits.push(Edit { span, text });
        self.done.replaced += 1;
        Some([path, b":", &word.path].concat())
    }
}

fn repeated(file: &PkgConfig) -> BTreeSet<&[u8]> {
    let mut defined = BTreeSet::new();
    let statements = file.statements.iter();
    statements
        .filter(|one| one.kind == StatementKind::Variable && !defined.insert(&*one.name))
        .map(|one| &*one.name)
        .collect()
}

/// Appends to a value; one that gets too long for any reader is not known.
fn append(to: &mut Option<Vec<u8>>, more: Option<Vec<u8>>) {
    match (to.as_mut(), more) {
        (Some(to), Some(more)) if to.len() + more.len() <= MAX_VALUE => to.extend(more),
        _ => *to = None,
    }
}

/// The bytes of a value that say the same wherever in the file they stand.
fn movable(value: &Value, content: &[u8]) -> Option<Vec<u8>> {
    let is_everywhere = value
        .variables()
        .all(|name| GIVEN_VARIABLES.contains(&name));
    let span = value.text.editable_span().filter(|_| is_everywhere)?;
    Some(span.of(content).to_vec())
}

/// How lines end in this file.
fn line_end<'a>(statement: &Statement, content: &'a [u8]) -> &'a [u8] {
    let bytes = statement.lines.of(content);
    let text = bytes.trim_end_with(|char| char == '\n' || char == '\r');
    match &bytes[text.len()..] {
        [] => b"\n",
        [b'\r', b'\n', ..] => b"\r\n",
        [end, ..] if *end == b'\r' => b"\r",
        _ => b"\n",
    }
}
