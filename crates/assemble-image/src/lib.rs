//! Assembles store paths into an image that is verified block by block and boots.
//!
//! It plans, calls the tools that systemd and erofs already have, and checks; it reimplements none
//! of them. The plan reads the closure and makes the image's tree as a list; the steps of a layout
//! write it. The closure itself is never copied: it goes from where it lies into the file system.

mod accounts;
mod architecture;
mod archive;
mod assemble;
mod check;
pub mod cli;
mod closure;
mod command;
mod disk;
mod dry_run;
mod error;
mod esp;
mod etc;
mod farm;
pub mod findings;
mod image_seed;
mod initrd;
mod interrupt;
pub mod launch;
mod layout;
mod lint;
mod manifest;
mod options;
mod output;
mod plan;
mod rebuild_check;
mod root_fs;
mod root_hash;
mod root_tree;
mod setuid;
pub mod size_page;
pub mod sizes;
mod skeleton;
mod steps;
mod tools;
mod uki;
mod users;
mod verity;

#[cfg(test)]
mod test_support;

use hermetic_out_command_line::progress;
