//! Assembles store paths into an image that is verified block by block and boots.
//!
//! It plans, calls the tools that systemd and erofs already have, and checks; it reimplements none
//! of them. [`plan::plan`] reads the closure and makes the image's tree as a list; [`assemble()`]
//! writes it. The closure itself is never copied: it goes from where it lies into the file system.

pub mod archive;
pub mod assemble;
pub mod check;
pub mod cli;
pub mod closure;
pub mod command;
pub mod disk;
pub mod dry_run;
pub mod erofs;
pub mod error;
pub mod esp;
pub mod etc;
pub mod farm;
pub mod findings;
pub mod image_seed;
pub mod initrd;
pub mod lint;
pub mod manifest;
pub mod options;
pub mod output;
pub mod plan;
pub mod progress;
mod rebuild_check;
pub mod root_tree;
pub mod setuid;
pub mod size_page;
pub mod sizes;
pub mod skeleton;
pub mod tools;
pub mod uki;
pub mod users;
pub mod verity;

#[cfg(test)]
mod test_support;

pub use assemble::{Outcome, assemble};
pub use error::Error;
pub use options::Options;
