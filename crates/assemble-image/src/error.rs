//! Why an image could not be assembled.

use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

/// The image could not be assembled: what was being done, to what, and why it failed.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Error {
    /// A file or directory could not be read or written.
    #[error("{doing} {path}")]
    Io {
        /// What was being done, as "reading".
        doing: &'static str,
        /// The path.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// An option's value makes no sense, or a file that an option names does not.
    #[error("reading {option} {value}: {reason}")]
    Option {
        /// The option.
        option: &'static str,
        /// What was given.
        value: String,
        /// What is wrong, and what to do.
        reason: String,
    },
    /// An option is missing.
    #[error("{option} is missing: {reason}")]
    MissingOption {
        /// The option.
        option: &'static str,
        /// What it is needed for.
        reason: &'static str,
    },
    /// A file of the closure that no image can hold.
    #[error("{path} is neither a file, a directory nor a link; a store path holds nothing else")]
    SpecialFile {
        /// The path.
        path: PathBuf,
    },
    /// A tool is not on the search path.
    #[error("{tool} is not on PATH; install {package} {minimum} or newer")]
    MissingTool {
        /// The tool.
        tool: &'static str,
        /// What has it.
        package: &'static str,
        /// The oldest version that will do.
        minimum: &'static str,
    },
    /// A tool is too old, or known to be broken.
    #[error("{tool} is version {found}, {reason}; install {package} {minimum} or newer")]
    UnfitTool {
        /// The tool.
        tool: &'static str,
        /// Its version.
        found: String,
        /// Why it will not do.
        reason: &'static str,
        /// What has it.
        package: &'static str,
        /// The oldest version that will do.
        minimum: &'static str,
    },
    /// A tool could not be started.
    #[error("{doing}: cannot start {tool}")]
    Start {
        /// What was being done.
        doing: &'static str,
        /// The tool.
        tool: &'static str,
        /// The system's reason.
        source: io::Error,
    },
    /// A tool failed.
    #[error("{doing}: {command} ended with {status}: {said}")]
    Tool {
        /// What was being done.
        doing: &'static str,
        /// The command line.
        command: String,
        /// Its exit status.
        status: String,
        /// The end of what it said.
        said: String,
    },
    /// There is no room left for what a tool writes.
    #[error(
        "{doing}: no space is left where {directory} is; make room there, or choose an --output \
         elsewhere ({tool} said: {said})"
    )]
    DiskFull {
        /// What was being done.
        doing: &'static str,
        /// The directory that is written to.
        directory: PathBuf,
        /// The tool.
        tool: &'static str,
        /// The end of what it said.
        said: String,
    },
    /// A tool succeeded, but what it made is not what it should be.
    #[error("{doing}: {reason}")]
    Unexpected {
        /// What was being done.
        doing: &'static str,
        /// What is wrong.
        reason: String,
    },
    /// What is needed is in no package.
    #[error("{doing}: {what} is in none of the packages; {help}")]
    NotInPackages {
        /// What was being done.
        doing: &'static str,
        /// The path in the image, or the name.
        what: String,
        /// What to do.
        help: String,
    },
    /// The lint could not be done.
    #[error("looking at what the closure gets wrong; --no-lint goes on without")]
    Lint(#[from] lint_store_path::Error),
    /// Two builds of the same input differ.
    #[error("building a second time: {file} differs from the first build at byte {offset}")]
    NotReproducible {
        /// The file.
        file: String,
        /// The first byte that differs.
        offset: u64,
    },
}

/// The error of a walk, with what was being done; `top` is where the walk began.
pub(crate) fn walk_error(doing: &'static str, top: &Path) -> impl Fn(walkdir::Error) -> Error {
    let top = top.to_owned();
    move |error| {
        let path = error.path().unwrap_or(&top).to_owned();
        let source = error
            .into_io_error()
            .unwrap_or_else(|| io::Error::other("a link leads back to a directory above it"));
        Error::Io {
            doing,
            path,
            source,
        }
    }
}

/// An I/O error with what was being done to which path.
pub(crate) fn io_error(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Error {
    let path = path.to_owned();
    move |source| Error::Io {
        doing,
        path,
        source,
    }
}
