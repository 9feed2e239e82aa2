//! What is to be done to a tree, as data: nothing here writes to the disk.

use std::path::{Path, PathBuf};

use bstr::BString;
use hermetic_out_formats::Span;
use thiserror::Error;

/// Replaces some bytes of a file: a span and a text, nothing more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    /// The bytes replaced, in the file as it is; an empty span inserts.
    pub span: Span,
    /// What stands there afterwards.
    pub text: Vec<u8>,
}

/// All edits of one file.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct FileEdits {
    /// The file, by its store path, where it is before the plan's moves.
    pub path: PathBuf,
    /// Its content, as it was when the plan was made.
    pub before: BString,
    /// Its content afterwards.
    pub after: BString,
}

impl FileEdits {
    /// The edits `edits`, in the order of the plan, on the content `before`. An edit that stands
    /// twice counts once; fails if two overlap, or one lies outside the file.
    pub fn new(path: PathBuf, before: Vec<u8>, edits: &[Edit]) -> Result<Self, PlanError> {
        let mut sorted: Vec<&Edit> = edits.iter().collect();
        // Stable: insertions at one offset keep the plan's order, before a replacement there.
        sorted.sort_by_key(|edit| (edit.span.start, edit.span.end));
        sorted.dedup_by(|one, other| one == other && !one.span.is_empty());
        let mut after = Vec::with_capacity(before.len() + 64 * sorted.len());
        let mut at = 0;
        for edit in sorted {
            let Span { start, end } = edit.span;
            if start < at || end < start || end > before.len() {
                return Err(PlanError::Overlap {
                    path,
                    offset: start,
                });
            }
            after.extend_from_slice(&before[at..start]);
            after.extend_from_slice(&edit.text);
            at = end;
        }
        after.extend_from_slice(&before[at..]);
        Ok(Self {
            path,
            before: before.into(),
            after: after.into(),
        })
    }
}

/// One step of a plan.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Change {
    /// A file gets other content.
    Edit(FileEdits),
    /// A file or symlink goes to another place; directories are made as needed.
    Move {
        /// Where it is, by its store path.
        from: PathBuf,
        /// Where it is to be.
        to: PathBuf,
    },
    /// A file comes into being.
    Create {
        /// Where, by its store path.
        path: PathBuf,
        /// What it holds.
        content: BString,
        /// Its permission bits.
        mode: u32,
    },
    /// A file or symlink goes to another place, and where it was a symlink to it stays. If what is to
    /// come to the new place is there already, only the symlink is made.
    MoveLeavingLink {
        /// Where it is, by its store path.
        from: PathBuf,
        /// Where it is to be.
        to: PathBuf,
        /// What the symlink says.
        target: PathBuf,
    },
    /// A symlink comes into being, or gets another target; directories are made as needed.
    Link {
        /// The symlink, by its store path.
        path: PathBuf,
        /// What it is to say.
        target: PathBuf,
    },
    /// A file, symlink or empty directory goes.
    Remove {
        /// Which, by its store path.
        path: PathBuf,
    },
}

/// What is to be done to a tree, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Plan {
    /// The steps.
    pub changes: Vec<Change>,
}

impl Change {
    /// The file that it is about, by its store path: before the change, if it moves.
    #[must_use]
    pub fn file(&self) -> &Path {
        match self {
            Self::Edit(edits) => &edits.path,
            Self::Move { from, .. } | Self::MoveLeavingLink { from, .. } => from,
            Self::Create { path, .. } | Self::Link { path, .. } | Self::Remove { path } => path,
        }
    }

    /// All the places in which it changes something, by their store paths.
    pub fn paths(&self) -> impl Iterator<Item = &Path> {
        let to = match self {
            Self::Move { to, .. } | Self::MoveLeavingLink { to, .. } => Some(to.as_path()),
            _ => None,
        };
        std::iter::once(self.file()).chain(to)
    }
}

impl From<Vec<Change>> for Plan {
    fn from(changes: Vec<Change>) -> Self {
        Self { changes }
    }
}

impl Plan {
    /// Whether nothing is to be done.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }

    /// The files whose content changes, in the plan's order.
    pub fn edits(&self) -> impl Iterator<Item = &FileEdits> {
        self.changes.iter().filter_map(|change| match change {
            Change::Edit(edits) => Some(edits),
            _ => None,
        })
    }

    /// How many files are changed: one that is edited and moved counts once.
    #[must_use]
    pub fn files_changed(&self) -> usize {
        let mut files: Vec<&Path> = self.changes.iter().map(Change::file).collect();
        files.sort_unstable();
        files.dedup();
        files.len()
    }
}

/// A plan contradicts itself: a mistake of the tool that made it.
#[derive(Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum PlanError {
    /// Two edits of one file overlap, or one lies outside the file.
    #[error(
        "planning the edits of {path}: two of them claim byte {offset}; please report this file"
    )]
    Overlap {
        /// The file, by its store path.
        path: PathBuf,
        /// Where, in bytes from its start.
        offset: usize,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edit(start: usize, end: usize, text: &str) -> Edit {
        Edit {
            span: Span::new(start, end),
            text: text.into(),
        }
    }

    fn apply(edits: &[Edit]) -> Result<BString, PlanError> {
        FileEdits::new("f".into(), b"0123456789".to_vec(), edits).map(|file| file.after)
    }

    #[test]
    fn edits_apply_in_the_order_of_the_file() {
        assert_eq!(
            apply(&[edit(8, 9, "B"), edit(1, 3, "A")]).unwrap(),
            "0A34567B9"
        );
    }

    #[test]
    fn insertions_at_one_offset_keep_the_order_of_the_plan() {
        let edits = [
            edit(2, 2, "x"),
            edit(2, 3, "R"),
            edit(2, 2, "y"),
            edit(2, 2, "x"),
        ];
        assert_eq!(apply(&edits).unwrap(), "01xyxR3456789");
    }

    #[test]
    fn an_identical_repeat_is_nothing() {
        assert_eq!(
            apply(&[edit(2, 4, "x"), edit(2, 4, "x")]).unwrap(),
            "01x456789"
        );
    }

    #[test]
    fn overlap_is_an_error() {
        for edits in [
            [edit(2, 5, "x"), edit(4, 6, "y")],
            [edit(2, 5, "x"), edit(2, 5, "y")],
            [edit(2, 5, "x"), edit(9, 11, "y")],
        ] {
            assert!(
                matches!(apply(&edits), Err(PlanError::Overlap { .. })),
                "{edits:?}"
            );
        }
    }
}
