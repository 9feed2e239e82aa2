//! Why an image could not be assembled.

use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

/// The image could not be assembled: what was being done (`action`), to what, and why it failed.
#[derive(Debug, Error)]
pub(crate) enum Error {
    /// A file or directory could not be read or written.
    #[error("{action} {path}")]
    Io {
        action: &'static str,
        path: PathBuf,
        source: io::Error,
    },
    /// An option's value makes no sense, or a file that an option names does not.
    #[error("reading {option} {value}: {reason}")]
    Option {
        option: &'static str,
        value: String,
        /// What is wrong, and what to do.
        reason: String,
    },
    /// An option is missing.
    #[error("{option} is missing: {reason}")]
    MissingOption {
        option: &'static str,
        /// What it is needed for.
        reason: &'static str,
    },
    /// A file of the closure that no image can hold.
    #[error("{path} is neither a file, a directory nor a link; a store path holds nothing else")]
    SpecialFile { path: PathBuf },
    /// A store path that is a link to what is in none.
    #[error("the store path {path} is a link to {target}, which is not in a store path of {store}")]
    LinkOutOfStore {
        path: PathBuf,
        target: PathBuf,
        store: PathBuf,
    },
    /// A tool is not on the search path.
    #[error("{tool} is not on PATH; install {needed} or newer")]
    MissingTool {
        tool: &'static str,
        /// The package that has it, and its oldest version that will do.
        needed: String,
    },
    /// A tool is too old, or known to be broken.
    #[error("{tool} is version {found}, {reason}; install {needed} or newer")]
    UnfitTool {
        tool: &'static str,
        needed: String,
        found: String,
        reason: &'static str,
    },
    /// A tool could not be started.
    #[error("{action}: cannot start {tool}")]
    Start {
        action: &'static str,
        tool: &'static str,
        source: io::Error,
    },
    /// A tool failed.
    #[error("{action}: {command} ended with {status}: {stderr}")]
    Tool {
        action: &'static str,
        command: String,
        status: String,
        /// The end of what it wrote to standard error.
        stderr: String,
    },
    /// There is no room left for what a tool writes.
    #[error(
        "{action}: no space is left where {directory} is; make room there, or choose an --output \
         elsewhere ({tool} said: {stderr})"
    )]
    DiskFull {
        action: &'static str,
        directory: PathBuf,
        tool: &'static str,
        /// The end of what it wrote to standard error.
        stderr: String,
    },
    /// A tool succeeded, but what it made is not what it should be.
    #[error("{action}: {reason}")]
    Unexpected {
        action: &'static str,
        /// What is wrong.
        reason: String,
    },
    /// What is needed is in no package.
    #[error("{action}: {what} is in none of the packages; {help}")]
    NotInPackages {
        action: &'static str,
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
        file: String,
        /// The first byte that differs.
        offset: u64,
    },
}

/// The error of a walk, with what was being done; `top` is where the walk began.
pub(crate) fn walk_error(action: &'static str, top: &Path) -> impl Fn(walkdir::Error) -> Error {
    let top = top.to_owned();
    move |error| {
        let path = error.path().unwrap_or(&top).to_owned();
        let source = error
            .into_io_error()
            .unwrap_or_else(|| io::Error::other("a link leads back to a directory above it"));
        Error::Io {
            action,
            path,
            source,
        }
    }
}

/// An I/O error with what was being done to which path.
pub(crate) fn io_error(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Error {
    let path = path.to_owned();
    move |source| Error::Io {
        action,
        path,
        source,
    }
}
