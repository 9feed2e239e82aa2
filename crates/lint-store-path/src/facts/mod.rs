//! What is known of a store path once its files were read: all that rules look at.
//!
//! Store paths never change, so neither do their facts: they are kept in a cache, and can be written to
//! a file by one process and joined by another. They hold positions in files, not lines; a file is
//! read again when a finding in it is shown.

pub mod fact_set;
pub mod file;
mod read;
pub mod written;

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use hermetic_out::store::name_without_hash;
use hermetic_out_formats::elf::Elf;
use hermetic_out_formats::etc_mentions::Verdict;
use hermetic_out_formats::{FileKind, Scan};
use serde::{Deserialize, Serialize};

pub use fact_set::FactSet;
pub use read::read;

/// Rises when facts get another meaning or form. Facts of another schema are never read.
pub const SCHEMA: u32 = 7;

/// The facts of one store path.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct PathFacts {
    /// Its name, below the store directory.
    #[serde(with = "serde_bytes")]
    pub name: Vec<u8>,
    /// All that is in it, itself included, sorted by path.
    pub files: Vec<FileFacts>,
    /// The names of the store paths that its files and links refer to, sorted; without its own. They
    /// need not exist.
    pub references: Vec<Name>,
    /// Where in `files` those of a known format are: few of all, which many rules look for.
    #[serde(skip)]
    of_known_format: OnceLock<Vec<usize>>,
}

/// The name of a store path.
pub type Name = serde_bytes::ByteBuf;

/// A file, directory or link of a store path.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct FileFacts {
    /// Its path below the store path; empty for the store path itself.
    #[serde(with = "serde_bytes")]
    pub sub_path: Vec<u8>,
    /// Its permission bits, with setuid, setgid and sticky.
    pub mode: u16,
    /// What it is.
    pub node: Node,
}

/// What a path is.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Node {
    /// A regular file.
    File {
        /// How many bytes it has.
        size: u64,
        /// What it says, unless that is nothing.
        content: Option<Box<Content>>,
    },
    /// A directory.
    Directory,
    /// A symlink.
    Link {
        /// Its target, as it stands.
        #[serde(with = "serde_bytes")]
        target: Vec<u8>,
    },
    /// A device, socket or FIFO.
    Special,
    /// It could not be read.
    Unreadable {
        /// The system's reason.
        reason: String,
    },
}

/// What a regular file says.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Content {
    /// What it names, if it is ELF.
    pub elf: Option<Elf>,
    /// The program that runs it, if it is a script.
    pub shebang: Option<Shebang>,
    /// Its format, if that is told by its place.
    pub kind: Option<FileKind>,
    /// What it names and declares, if its format is known.
    pub scan: Option<Scan>,
    /// Paths that stand in it: see [`Mention`].
    pub mentions: Vec<Mention>,
    /// The words that stand in it, if it is a generator: it may make units of these names.
    pub generator_words: Vec<Name>,
    /// What kept it from being understood.
    pub problem: Option<FileProblem>,
}

/// The first line of a script: `#!`, the interpreter's path, at most one argument (execve(2)).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shebang {
    /// The interpreter, as it stands.
    #[serde(with = "serde_bytes")]
    pub interpreter: Vec<u8>,
    /// Where that stands in the file.
    pub start: u32,
    /// What follows it, without blanks at its ends; empty if there is nothing.
    #[serde(with = "serde_bytes")]
    pub argument: Vec<u8>,
}

/// A path outside the store that stands in a file; the first place of each path is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mention {
    /// What path it is.
    pub place: MentionedPlace,
    /// Where it stands in the file.
    pub offset: u64,
    /// The path.
    #[serde(with = "serde_bytes")]
    pub path: Vec<u8>,
}

/// Where a mentioned path leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum MentionedPlace {
    /// The hierarchy of a system that is no store: `/usr`, `/bin` … Kept of constant data of ELF files, of
    /// scripts, and of files in `etc`, but not of comments.
    Hierarchy,
    /// A file below `/etc`, and what is done with it. Kept of all files that can name one:
    /// [`hermetic_out_formats::etc_mentions`].
    Etc(Verdict),
    /// A directory below `/etc` in which something is written; which file is not known. Kept of the same texts.
    WrittenDirectory,
    /// A file in the `etc` of the store path itself, without that: `/etc/x`. Kept of the same texts.
    OwnEtc,
    /// A directory in which Nix builds. Kept of all text.
    BuildDirectory,
    /// `/run/current-system` and `/run/booted-system`, which only NixOS has. Kept of all text, and of
    /// constant data of ELF files.
    RunningSystem,
}

/// Why a file was not understood.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum FileProblem {
    /// It has a format of text and more bytes than any reader takes.
    TooLarge,
    /// It could not be read.
    Unreadable {
        /// The system's reason.
        reason: String,
    },
    /// It mentions more paths than are kept.
    TooManyMentions,
}

impl PathFacts {
    /// The facts of the store path `name`: `files` and `references` are sorted.
    #[must_use]
    pub fn new(name: Vec<u8>, files: Vec<FileFacts>, references: Vec<Name>) -> Self {
        Self {
            name,
            files,
            references,
            of_known_format: OnceLock::new(),
        }
    }

    /// The files whose format is told by their place, in order.
    pub fn of_known_format(&self) -> impl Iterator<Item = &FileFacts> {
        let places = self.of_known_format.get_or_init(|| {
            let is_known =
                |file: &FileFacts| file.content().is_some_and(|content| content.kind.is_some());
            let files = self.files.iter().enumerate();
            files
                .filter(|(_, file)| is_known(file))
                .map(|(place, _)| place)
                .collect()
        });
        places.iter().filter_map(|place| self.files.get(*place))
    }

    /// Whether it is an output that people and debuggers read, and no program: what nixpkgs' multiple-outputs
    /// hook and `separateDebugInfo` put there. A store path is named by its output: `hello-1.0-doc`.
    #[must_use]
    pub fn is_for_readers(&self) -> bool {
        const OUTPUTS: &[&[u8]] = &[b"debug", b"devdoc", b"devman", b"doc", b"info", b"man"];
        let name = name_without_hash(Path::new(OsStr::from_bytes(&self.name)));
        let output = name.iter().rposition(|byte| *byte == b'-');
        output.is_some_and(|dash| OUTPUTS.contains(&&name[dash + 1..]))
    }

    /// The file, directory or link at `sub_path`, if there is one.
    #[must_use]
    pub fn file(&self, sub_path: &[u8]) -> Option<&FileFacts> {
        let index = self
            .files
            .binary_search_by(|file| file.sub_path.as_slice().cmp(sub_path));
        index.ok().and_then(|index| self.files.get(index))
    }

    /// Everything below the directory `sub_path`, at any depth.
    pub fn below(&self, sub_path: &[u8]) -> impl Iterator<Item = &FileFacts> {
        let mut start = sub_path.to_vec();
        if !start.is_empty() {
            start.push(b'/');
        }
        let first = self
            .files
            .partition_point(|file| file.sub_path.as_slice() < start.as_slice());
        let rest = self.files.get(first..).unwrap_or_default();
        let inside = rest
            .iter()
            .take_while(move |file| file.sub_path.starts_with(&start));
        inside.filter(|file| !file.sub_path.is_empty())
    }

    /// Whether all of it could be read.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.files.iter().all(|file| match &file.node {
            Node::Unreadable { .. } => false,
            _ => !matches!(
                file.content().and_then(|content| content.problem.as_ref()),
                Some(FileProblem::Unreadable { .. })
            ),
        })
    }
}

impl FileFacts {
    /// What it says, if it is a regular file that says something.
    #[must_use]
    pub fn content(&self) -> Option<&Content> {
        match &self.node {
            Node::File { content, .. } => content.as_deref(),
            _ => None,
        }
    }

    /// What it names, if it is ELF.
    #[must_use]
    pub fn elf(&self) -> Option<&Elf> {
        self.content()?.elf.as_ref()
    }

    /// Whether somebody may run it.
    #[must_use]
    pub fn is_executable(&self) -> bool {
        matches!(self.node, Node::File { .. }) && self.mode & 0o111 != 0
    }

    /// Its name: the last component of its path.
    #[must_use]
    pub fn file_name(&self) -> &[u8] {
        let mut parts = self.sub_path.rsplit(|byte| *byte == b'/');
        parts.next().unwrap_or_default()
    }

    /// Its path, in the store path `store_path`.
    #[must_use]
    pub fn path_in(&self, store_path: &Path) -> PathBuf {
        if self.sub_path.is_empty() {
            return store_path.to_owned();
        }
        store_path.join(OsStr::from_bytes(&self.sub_path))
    }
}
