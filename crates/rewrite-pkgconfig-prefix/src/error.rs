//! Why `.pc` files could not be looked at, or not be written.

use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use hermetic_out::PlanError;
use hermetic_out::resolve::PatternError;
use hermetic_out_formats::Encoding;
use thiserror::Error;

/// The files cannot be looked at, or the options make no sense.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Error {
    /// A directory cannot be read.
    #[error("looking for .pc files in {path}")]
    Walk {
        /// The directory, or the entry of it.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// A file cannot be read.
    #[error("reading {path}")]
    Read {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// A pattern of `--keep` is no glob.
    #[error(transparent)]
    Pattern(#[from] PatternError),
    /// `--install-variable` is not of its form.
    #[error(
        "reading --install-variable {value}: it is not of the form MODULE=VARIABLE[,VARIABLE…], where \
         MODULE is the name of a .pc file without its ending"
    )]
    InstallVariable {
        /// What was given.
        value: String,
    },
    /// A path that is written into a `.pc` file has a byte that these files cannot hold.
    #[error(
        "writing {path} into a .pc file: it has a blank, a quote or a backslash, which pkg-config \
         does not take; use a directory without them"
    )]
    Unwritable {
        /// The path.
        path: PathBuf,
    },
    /// The plan contradicts itself.
    #[error(transparent)]
    Plan(#[from] PlanError),
}

/// Fails if `path` cannot stand in the value of a variable.
pub(crate) fn check_can_be_written(path: &Path) -> Result<(), Error> {
    let bytes = path.as_os_str().as_bytes();
    if bytes.contains(&b'$') || Encoding::PkgConfigValue.encode(bytes).is_err() {
        return Err(Error::Unwritable {
            path: path.to_owned(),
        });
    }
    Ok(())
}
