//! From real packages to a system that one can log in to.
//!
//! [`tool_root`] has the tools, [`staging`] the packages.

pub mod kernel;
pub mod tool_root;
