//! What names a path below /etc, and what is done with it there.
//!
//! A package that ships configuration is full of such paths: in its scripts, in its units, in
//! configuration that names other configuration, in the constant data of its programs. [`Format::of`]
//! says which files can name one and how each is read, [`of()`] finds what a text names, and [`in_data`]
//! judges a string of a program. relocate-etc-to-out derives from it what it rewrites or links, the lint
//! what it reports.

mod commands;
mod configuration;
#[cfg(feature = "elf")]
mod data;
mod format;
mod other_script;
mod output;
mod prose;
mod python;
mod roles;
mod shell;
mod text;
mod unit;
mod uses;
mod variables;

#[cfg(feature = "elf")]
pub use data::{DataMention, in_data};
pub use format::{Format, is_documentation_directory};
pub use text::{of, of_scan};

use std::collections::BTreeSet;

use crate::mapped_text::{MappedText, Span};
use crate::paths::{PathInText, normalize, paths};

/// What is done with a path where it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub enum Verdict {
    /// A program reads what is there.
    Read,
    /// A program gets it that the text names. One of the package itself reads it; what others do is not known.
    Given,
    /// It is taken in if it is there, and may be missing: the place is the administrator's.
    Optional,
    /// It, or what lies below it, is written to: what is there is the machine's.
    Written,
    /// It is a place rather than a content: it is watched, or seen by a service under the same name. Who
    /// reads what is there, or below it, reads it under that name.
    Watched,
    /// A line of tmpfiles.d makes it, as a link or as a copy.
    Provided,
    /// Nothing opens it: a text for people, a permission, a condition that it is missing.
    Documentation,
    /// A command shows it to a person, in a text.
    Shown,
    /// It is named where nothing opens it: in a text, or as a directory that is made. Who uses the name is not
    /// known.
    Named,
    /// What is done with it is not known: it may be written.
    Unknown,
}

/// Who reads a path, where the package's own file can be read in front of the administrator's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reader {
    /// Any other program, or none.
    Other,
    /// A unit reads variables from it: where its assignment begins, and whether it may be missing.
    EnvironmentFile {
        /// Where the line begins.
        assignment: usize,
        /// Whether the file may be missing.
        optional: bool,
    },
    /// A shell reads commands from it: the command, which another one can replace.
    Shell(Span),
}

/// An absolute path that a text names.
#[derive(Clone, Debug)]
pub struct Mention {
    /// The path as it is written, as far as it is; of several slashes at its beginning, the last. What
    /// begins with no slash means a path in another way.
    pub text: MappedText,
    /// What it names.
    path: EtcPath,
    /// What is done with it.
    pub verdict: Verdict,
    /// Why: where it stands, as in "it stands in a here-document".
    pub reason: &'static str,
    /// Who reads it.
    pub reader: Reader,
    /// The programs one of which gets it, if it is given to one: as the text names them, by their paths or by
    /// their names.
    pub programs: Vec<Vec<u8>>,
    /// Whether all that lies below it is written, if it is.
    below: bool,
}

/// A path that is written.
#[derive(Clone, Debug)]
pub struct Written {
    /// The path; of one that is not known to its end, the directory.
    pub path: EtcPath,
    /// Where that is said.
    pub place: Span,
    /// Whether all that lies below it is written; else, of a directory, something in it is.
    pub below: bool,
}

/// What a text names.
#[derive(Clone, Debug, Default)]
pub struct Mentions {
    /// All absolute paths, in their order.
    pub list: Vec<Mention>,
    /// What is written under names that are put together.
    also_written: Vec<Written>,
    /// The files that it reads variables or commands from.
    pub layers: Vec<Vec<u8>>,
    /// The directories below /etc that services get as `$CONFIGURATION_DIRECTORY`, relative to it.
    pub configuration_directories: Vec<Vec<u8>>,
    /// Whether it is a program that writes files whose names it does not have itself.
    pub writes_parameters: bool,
    /// Where it cannot be understood.
    pub problem: Option<Span>,
}

/// A path, as far as it is written out.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct EtcPath {
    /// The path, normal and without a slash at its end.
    pub path: Vec<u8>,
    /// Whether it is only the directory in which a variable or a glob chooses.
    pub goes_on: bool,
}

/// Paths relative to /etc about which something holds, and what lies below them.
#[derive(Clone, Debug, Default)]
pub struct EtcPaths(BTreeSet<Vec<u8>>);

impl EtcPaths {
    /// Adds a path relative to /etc; whether it is new.
    pub fn insert(&mut self, path: &[u8]) -> bool {
        self.0.insert(path.to_vec())
    }

    /// Whether a path relative to /etc is one of them or lies below one, or whether one of them names
    /// something in the file at that path (augtool(1) has its lines so).
    #[must_use]
    pub fn cover(&self, path: &[u8]) -> bool {
        let slashes = memchr::memchr_iter(b'/', path).map(|slash| &path[..slash]);
        let mut above = slashes.chain([path]);
        let inside = [path, b"/"].concat();
        above.any(|above| self.0.contains(above))
            || self
                .0
                .range(inside.clone()..)
                .next()
                .is_some_and(|next| next.starts_with(&inside))
    }
}

/// What stands for the directory below /etc that a service gets as `$CONFIGURATION_DIRECTORY`, in a path that is
/// written: systemd.exec(5). Which one it is, a unit says.
const CONFIGURATION_DIRECTORY: &[u8] = b"$CONFIGURATION_DIRECTORY";

impl Written {
    /// The same in each of the directories that `$CONFIGURATION_DIRECTORY` can be, if it is written there.
    #[must_use]
    pub fn in_configuration_directories(self, directories: &[Vec<u8>]) -> Vec<Self> {
        let Some(rest) = in_etc(&self.path.path)
            .and_then(|path| path.strip_prefix(CONFIGURATION_DIRECTORY))
            .map(<[u8]>::to_vec)
        else {
            return vec![self];
        };
        let each = directories.iter().map(|directory| Self {
            path: EtcPath {
                path: [b"/etc/", &directory[..], &rest].concat(),
                ..self.path.clone()
            },
            ..self.clone()
        });
        each.collect()
    }
}

impl Mentions {
    /// What is written: all paths.
    pub fn written(&self) -> impl Iterator<Item = Written> {
        let written = |mention: &&Mention| mention.verdict == Verdict::Written;
        let of_list = self.list.iter().filter(written).map(|mention| Written {
            path: mention.path(),
            place: mention.text.covering_span().unwrap_or(Span::new(0, 0)),
            below: mention.below,
        });
        of_list.chain(self.also_written.iter().cloned())
    }

    /// All paths of some texts, with one verdict.
    fn all_of(texts: &[MappedText], verdict: Verdict, reason: &'static str) -> Self {
        let paths = texts.iter().flat_map(paths);
        Self {
            list: paths
                .map(|path| Mention::new(&path, verdict, reason))
                .collect(),
            ..Self::default()
        }
    }
}

impl Mention {
    fn new(path: &PathInText, verdict: Verdict, reason: &'static str) -> Self {
        // `file:///etc/x` names `/etc/x`.
        let bytes = path.text.bytes();
        let slashes = bytes.iter().take_while(|byte| **byte == b'/').count();
        let text = path.text.slice(slashes.saturating_sub(1)..path.text.len());
        let known = text.literal_prefix();
        let end = known.iter().position(|byte| DYNAMIC.contains(byte));
        let end = end.unwrap_or(known.len());
        let named = EtcPath::of(&known[..end], path.goes_on || end < text.len());
        Self::of(text, named, verdict, reason)
    }

    /// A text that means a path, however it is written.
    fn of(text: MappedText, path: EtcPath, verdict: Verdict, reason: &'static str) -> Self {
        Self {
            text,
            path,
            verdict,
            reason,
            reader: Reader::Other,
            programs: Vec::new(),
            below: false,
        }
    }

    /// The path that it names.
    #[must_use]
    pub fn path(&self) -> EtcPath {
        self.path.clone()
    }
}

/// What ends the part of a path that is known.
const DYNAMIC: &[u8] = b"*?[{%$~`\\";

impl EtcPath {
    /// The path that `known` is, or that it is the beginning of.
    fn of(known: &[u8], goes_on: bool) -> Self {
        let slash = memchr::memrchr(b'/', known).filter(|_| goes_on);
        let known = &known[..slash.map_or(known.len(), |slash| slash + 1)];
        let mut path = normalize(known).unwrap_or_default();
        if path.ends_with(b"/") {
            path.pop();
        }
        Self { path, goes_on }
    }

    /// It relative to /etc; `None` for /etc itself and what is elsewhere.
    #[must_use]
    pub fn in_etc(&self) -> Option<&[u8]> {
        in_etc(&self.path)
    }
}

/// A path relative to /etc; `None` for /etc itself and what is elsewhere.
#[must_use]
pub fn in_etc(path: &[u8]) -> Option<&[u8]> {
    path.strip_prefix(b"/etc/")
        .filter(|sub_path| !sub_path.is_empty())
}
