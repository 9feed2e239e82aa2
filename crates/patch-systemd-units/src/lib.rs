//! Rewrites program and file paths in systemd units, D-Bus services, udev rules and similar files to absolute
//! store paths.
//!
//! [`plan()`] reads the outputs and says what to do; nothing is written. `hermetic_out::apply` does it.

pub mod cli;
mod decide;
mod error;
pub mod findings;
mod login;
mod options;
mod outcome;
mod outputs;
mod plan;
mod search_path;
mod unit;

pub use error::Error;
pub use options::Options;
pub use plan::plan;
