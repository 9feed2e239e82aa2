//! From real packages to a system that one can log in to.
//!
//! [`tool_root`] has the tools, [`kernel`] a kernel, [`staging`] the packages as store paths.

pub mod configuration;
pub mod console;
pub mod elf;
pub mod kernel;
pub mod libraries;
pub mod machine;
pub mod session;
pub mod staging;
pub mod tool_root;
