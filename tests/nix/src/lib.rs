//! Nix builds of small packages that use the setup hooks, and of real ones.
//!
//! [`nix`] runs Nix with a store of its own and without a network; [`tree`] reads what was built, with
//! store paths that are the same in every run; [`case`] compares it with what a case directory
//! expects. [`packages`] are those of nixpkgs that patch units themselves, and [`nixpkgs_check`] builds them
//! without that.

use std::path::PathBuf;

pub mod case;
pub mod nix;
pub mod nixpkgs_check;
pub mod packages;
pub mod tree;

/// What could not be done, or is not as expected.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A program cannot be started.
    #[error(
        "cannot start {program}: {source}; on Debian, install it with `apt-get install {package}`"
    )]
    Start {
        /// The program.
        program: String,
        /// The package that has it.
        package: &'static str,
        /// The system's reason.
        source: std::io::Error,
    },
    /// A program has failed.
    #[error("{command} ended with {status}\n{stderr}")]
    Failed {
        /// The command line.
        command: String,
        /// How it ended.
        status: std::process::ExitStatus,
        /// What it said.
        stderr: String,
    },
    /// A file or directory cannot be read or written.
    #[error("cannot access {path}: {source}")]
    Access {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
    /// What was built is not what was expected.
    #[error("{0}")]
    Unexpected(String),
}

/// A result whose error says what could not be done.
pub type Result<T> = std::result::Result<T, Error>;

/// The directory of these tests.
#[must_use]
pub fn directory() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}
