//! Makes a package read the configuration that it ships.
//!
//! [`plan()`] reads the outputs and says what to do; nothing is written. `hermetic_out::apply` does it.

mod binaries;
pub mod cli;
mod error;
pub mod findings;
mod layout;
mod link_file;
mod options;
mod overrides;
mod plan;
pub mod policy;
mod programs;
mod prune;
mod read;
mod rewrite;
mod tmpfiles_targets;

pub use error::Error;
pub use options::Options;
pub use plan::plan;
