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
    /// A file or directory cannot be read.
    #[error("reading {path}")]
    Read {
        /// The file or directory.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// A directory of units and integration files cannot be read.
    #[error(transparent)]
    Walk(#[from] WalkError),
    /// References between outputs cannot be looked for.
    #[error(transparent)]
    References(#[from] ReferencesError),
    /// A pattern of `--keep` is no glob.
    #[error(transparent)]
    Pattern(#[from] PatternError),
    /// A pattern of the policy is no glob.
    #[error(
        "reading the pattern {pattern} of the policy: {reason}; * stays within a component, ** does not"
    )]
    PolicyPattern {
        /// The pattern.
        pattern: String,
        /// What is wrong with it.
        reason: String,
    },
    /// `--prune` names a directory that is not within an output.
    #[error(
        "reading --prune {path}: it is not relative, or leads out of the output; give it as lib/rpm"
    )]
    PruneOutside {
        /// What is named.
        path: PathBuf,
    },
    /// `--link-base` or `--os-release` is not absolute.
    #[error(
        "reading {option} {path}: it is not absolute; give the path that it has on the running system"
    )]
    NotAbsolute {
        /// The option.
        option: &'static str,
        /// What is named.
        path: PathBuf,
    },
    /// The plan contradicts itself.
    #[error(transparent)]
    Plan(#[from] PlanError),
}
