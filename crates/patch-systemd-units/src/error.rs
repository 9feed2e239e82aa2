//! Why a package could not be looked at.

use std::io;
use std::path::PathBuf;

use hermetic_out::PlanError;
use hermetic_out::output_references::ReferencesError;
use hermetic_out::resolve::PatternError;
use hermetic_out::walk::WalkError;
use thiserror::Error;

/// The package cannot be looked at, or the options make no sense.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Error {
    /// A directory cannot be read.
    #[error(transparent)]
    Walk(#[from] WalkError),
    /// A file cannot be read.
    #[error("reading {path}")]
    Read {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// References between outputs cannot be looked for.
    #[error(transparent)]
    References(#[from] ReferencesError),
    /// A pattern of `--keep` is no glob.
    #[error(transparent)]
    Pattern(#[from] PatternError),
    /// `--unit-output` names an output that is not given.
    #[error(
        "choosing where units go: there is no output {name}; give it with --output {name}=PATH, or \
         choose another with --unit-output"
    )]
    UnknownOutput {
        /// The name.
        name: String,
    },
    /// `--forbid-reference` names something that nothing can refer to.
    #[error(
        "forbidding references to {path}: it is not in the store directory {store_dir}; give a store \
         path"
    )]
    NotInStore {
        /// What is named.
        path: PathBuf,
        /// The store directory.
        store_dir: PathBuf,
    },
    /// The plan contradicts itself.
    #[error(transparent)]
    Plan(#[from] PlanError),
}
