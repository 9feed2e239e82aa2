//! The planted defects, as `defects/*.toml` describe them.
//!
//! Each file has a `tree`, which is right, and defects. A defect changes the tree: `also` makes the
//! twin of it, what `planted` says on top of that is the defect.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;
use tests_packages::{Error, Result};

/// The files of a store path, by their path in it.
pub type Tree = BTreeMap<String, Node>;

/// A file, directory or link of a tree, with placeholders for store paths.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Node {
    /// What it is.
    pub content: Content,
    /// Its mode, if it is not the usual one.
    pub mode: Option<u32>,
}

/// What a [`Node`] is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Content {
    /// A text; executable if it begins with `#!`.
    Text(String),
    /// A program that depends on nothing.
    Program,
    /// What the compiler makes of a source with these flags, separated by blanks.
    C {
        /// The source.
        source: String,
        /// The flags.
        flags: String,
    },
    /// A symbolic link.
    Link(String),
    /// A directory with nothing in it.
    Directory,
}

/// A planted defect.
#[derive(Debug)]
pub struct Defect {
    /// The file of `defects/` it is from, without its suffix.
    pub group: String,
    /// Its name.
    pub name: String,
    /// One sentence that says what is wrong.
    pub shows: String,
    /// The rule of lint-store-path that is to find it.
    pub rule: String,
    /// The files in which it may be reported: each but the first is as good a place.
    pub at: Vec<String>,
    /// The start of the line that has to be marked, if that is not the line that was changed.
    pub line: Option<String>,
    /// Whether it is one in a store only: a package of another layout may well be like this.
    pub only_in_store: bool,
    /// Parts of messages that a peer says because of the change, and not of the defect: what it
    /// would say of a right tree with the same files, too.
    pub beside_the_point: Vec<String>,
    /// The store path without the defect.
    pub twin: Tree,
    /// The store path with it.
    pub planted: Tree,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenFile {
    tree: BTreeMap<String, WrittenNode>,
    defect: Vec<WrittenDefect>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenDefect {
    name: String,
    shows: String,
    rule: String,
    at: String,
    or_at: Option<String>,
    line: Option<String>,
    #[serde(default)]
    only_in_store: bool,
    #[serde(default)]
    beside_the_point: Vec<String>,
    #[serde(default)]
    also: BTreeMap<String, WrittenNode>,
    planted: BTreeMap<String, WrittenNode>,
}

#[derive(Clone, Deserialize)]
#[serde(untagged)]
enum WrittenNode {
    Text(String),
    Other(Other),
}

/// All that a file can be, and all that can be done to one that is there.
#[derive(Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Other {
    program: bool,
    directory: bool,
    removed: bool,
    link: Option<String>,
    c: Option<String>,
    flags: Vec<String>,
    mode: Option<String>,
    from: Option<String>,
    to: Option<String>,
}

/// Reads all defects of a directory, in the order of the files' names.
pub fn read(directory: &Path) -> Result<Vec<Defect>> {
    let doing = format!("read the defects of {}", directory.display());
    let mut files: Vec<_> = std::fs::read_dir(directory)
        .map_err(|error| Error::new(&doing, error))?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|suffix| suffix == "toml"))
        .collect();
    files.sort();
    let mut defects = Vec::new();
    for file in files {
        let wrong = |why: String| Error::new(format!("read {}", file.display()), why);
        let text = std::fs::read_to_string(&file).map_err(|error| wrong(error.to_string()))?;
        let group = file
            .file_stem()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        defects.extend(parse(&group, &text).map_err(wrong)?);
    }
    Ok(defects)
}

fn parse(group: &str, text: &str) -> std::result::Result<Vec<Defect>, String> {
    let written: WrittenFile = toml::from_str(text).map_err(|error| error.to_string())?;
    let mut base = Tree::new();
    apply(&mut base, &written.tree)?;
    let defects = written.defect.into_iter().map(|defect| {
        let mut twin = base.clone();
        let of = |error| format!("{}: {error}", defect.name);
        apply(&mut twin, &defect.also).map_err(of)?;
        let mut planted = twin.clone();
        apply(&mut planted, &defect.planted).map_err(of)?;
        if planted == twin {
            return Err(of("it plants nothing".into()));
        }
        // Binary files have no lines.
        let has_lines = planted
            .get(&defect.at)
            .is_some_and(|node| matches!(node.content, Content::Text(_)));
        let line = defect
            .line
            .or_else(|| changed_line(&defect.planted, &defect.at))
            .filter(|_| has_lines);
        Ok(Defect {
            group: group.to_owned(),
            shows: defect.shows,
            rule: defect.rule,
            at: std::iter::once(defect.at).chain(defect.or_at).collect(),
            line,
            only_in_store: defect.only_in_store,
            beside_the_point: defect.beside_the_point,
            twin,
            planted,
            name: defect.name,
        })
    });
    defects.collect()
}

/// What a replacement in a file puts into a line of its own.
fn changed_line(planted: &BTreeMap<String, WrittenNode>, at: &str) -> Option<String> {
    match planted.get(at)? {
        WrittenNode::Other(Other {
            from: Some(from),
            to: Some(to),
            ..
        }) if !to.is_empty() => {
            // The line that is new: what both have in front of it says nothing.
            let new = to.lines().find(|line| !from.contains(line))?;
            Some(new.to_owned())
        }
        _ => None,
    }
}

fn apply(
    tree: &mut Tree,
    nodes: &BTreeMap<String, WrittenNode>,
) -> std::result::Result<(), String> {
    for (path, node) in nodes {
        let of = |why: &str| format!("{path}: {why}");
        let other = match node {
            WrittenNode::Text(text) => {
                let content = Content::Text(text.clone());
                tree.insert(
                    path.clone(),
                    Node {
                        content,
                        mode: None,
                    },
                );
                continue;
            }
            WrittenNode::Other(other) => other.clone(),
        };
        if other.removed {
            tree.remove(path).ok_or_else(|| of("it is not there"))?;
            continue;
        }
        let content = if other.program {
            Content::Program
        } else if other.directory {
            Content::Directory
        } else if let Some(link) = other.link {
            Content::Link(link)
        } else if let Some(source) = other.c {
            let flags = other.flags.join(" ");
            Content::C { source, flags }
        } else {
            let before = tree.get(path).ok_or_else(|| of("it is not there"))?;
            match (other.from, other.to) {
                (Some(from), Some(to)) => replaced(&before.content, &from, &to)
                    .ok_or_else(|| of(&format!("it does not have {from:?} exactly once")))?,
                _ => before.content.clone(),
            }
        };
        let mode = match other.mode {
            None => None,
            Some(mode) => {
                Some(u32::from_str_radix(&mode, 8).map_err(|_| of("its mode is not octal"))?)
            }
        };
        tree.insert(path.clone(), Node { content, mode });
    }
    Ok(())
}

fn replaced(content: &Content, from: &str, to: &str) -> Option<Content> {
    let in_text = |text: &str| (text.matches(from).count() == 1).then(|| text.replace(from, to));
    match content {
        Content::Text(text) => in_text(text).map(Content::Text),
        Content::C { source, flags } => {
            let (new_source, new_flags) = (in_text(source), in_text(flags));
            if new_source.is_some() == new_flags.is_some() {
                return None;
            }
            Some(Content::C {
                source: new_source.unwrap_or_else(|| source.clone()),
                flags: new_flags.unwrap_or_else(|| flags.clone()),
            })
        }
        Content::Program | Content::Link(_) | Content::Directory => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = r#"
        [tree]
        "bin/x" = { program = true }
        "a.service" = "[Service]\nExecStart=@out@/bin/x\n"

        [[defect]]
        name = "d"
        shows = "s"
        rule = "r"
        at = "a.service"
        planted."a.service" = { from = "[Service]\nExecStart=@out@/bin/x", to = "[Service]\nExecStart=@out@/bin/y" }
    "#;

    #[test]
    fn a_defect_changes_the_tree_and_not_its_twin() {
        let defect = &parse("g", FILE).expect("it is right")[0];
        let text = |tree: &Tree| match &tree["a.service"].content {
            Content::Text(text) => text.clone(),
            other => panic!("{other:?}"),
        };
        assert_eq!(text(&defect.twin), "[Service]\nExecStart=@out@/bin/x\n");
        assert_eq!(text(&defect.planted), "[Service]\nExecStart=@out@/bin/y\n");
        assert_eq!(defect.line.as_deref(), Some("ExecStart=@out@/bin/y"));
    }

    #[test]
    fn what_cannot_be_planted_is_an_error() {
        for (from, to, error) in [
            ("bin/y\"", "bin/x\"", "plants nothing"),
            ("from = \"[Service]", "from = \"[Servic]", "exactly once"),
            ("planted.\"a.", "planted.\"b.", "not there"),
        ] {
            let text = FILE.replace(from, to);
            let said = parse("g", &text).expect_err("it is wrong");
            assert!(said.contains(error), "{said}");
        }
    }
}
