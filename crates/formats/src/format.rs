//! What the module of a kind of files says of it.

use crate::reference::Scan;

/// What a module says of its kind of files.
pub(crate) struct Format {
    /// The directories that hold them, below each base directory.
    pub(crate) directories: &'static [&'static str],
    /// Which files are of the kind.
    pub(crate) files: Files,
    /// Finds what a file names and declares, and what is wrong with it.
    pub(crate) scan: fn(&[u8]) -> Scan,
    /// What becomes of the paths that they name.
    pub(crate) paths: Paths,
    /// Beginnings and ends of their lines, of which tests and fuzz targets make files. The first begins a
    /// file.
    pub(crate) pieces: &'static [&'static [u8]],
}

/// What becomes of the paths that files of a kind name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Paths {
    /// All of them are given as references, which may be replaced.
    All,
    /// Some of them are given as references, which may be replaced: the files are programs, in part at least.
    Some,
    /// As [`Paths::Some`], of those files that are scripts; the others are ELF.
    OfScripts,
    /// What is given as references is only reported.
    Reported,
}

/// Which files are of a kind.
pub(crate) enum Files {
    /// Those directly in its directories but hidden ones.
    All,
    /// Those directly in its directories whose names end in one of these ways.
    Ending(&'static [&'static str]),
    /// Those whose paths in an output are such.
    Matching {
        is: fn(&[u8]) -> bool,
        examples: &'static [&'static str],
    },
}
