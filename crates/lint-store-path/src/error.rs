//! Why a lint could not be done.

use std::io;
use std::path::PathBuf;

use hermetic_out::StoreError;
use thiserror::Error;

/// The store paths cannot be looked at, or what is asked for makes no sense.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Error {
    /// The arguments are no store paths, or these are not there.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Something cannot be read or written.
    #[error("{doing} {path}")]
    Io {
        /// What was being done.
        doing: &'static str,
        /// To what.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// A file of facts that this version cannot use.
    #[error(
        "reading the facts in {path}: {reason}; write it anew with this version's --write-facts"
    )]
    Facts {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: &'static str,
    },
}

/// Makes an error of a system's reason.
pub(crate) fn io_error(
    doing: &'static str,
    path: impl Into<PathBuf>,
) -> impl FnOnce(io::Error) -> Error {
    let path = path.into();
    move |source| Error::Io {
        doing,
        path,
        source,
    }
}
