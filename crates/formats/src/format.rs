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
    /// Whether what they name by a path is given as references, all of it.
    pub(crate) names_paths: bool,
    /// Beginnings and ends of their lines, of which tests and fuzz targets make files. The first begins a
    /// file.
    pub(crate) pieces: &'static [&'static [u8]],
}

/// Which files are of a kind.
pub(crate) enum Files {
    /// Those directly in its directories but hidden ones.
    All,
    /// Those directly in its directories whose names end so.
    Ending(&'static str),
    /// Those whose paths in an output are such.
    Matching {
        is: fn(&[u8]) -> bool,
        examples: &'static [&'static str],
    },
}
