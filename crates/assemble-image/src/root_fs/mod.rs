//! The root file system: one of several read-only file systems, made from a tar stream.

mod erofs;

use std::path::Path;

use clap::ValueEnum;
use serde::Serialize;

use crate::command::{Command, Tool};
use crate::image_seed::Uuid;

/// How files are compressed. The comments of the values are what `--help` says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Compression {
    /// Fast
    #[default]
    Lz4,
    /// Smaller; needs Linux 6.10
    Zstd,
    /// Not at all
    None,
}

/// A read-only file system.
#[derive(Debug)]
pub(crate) struct RootFs {
    /// Its name for the kernel, and that of its module.
    pub(crate) name: &'static str,
    /// What `--help` says of it.
    pub(crate) summary: &'static str,
    /// The tool that makes it.
    pub(crate) make_tool: &'static Tool,
    /// The command that makes it in a file; it reads a tar stream from its standard input.
    pub(crate) make: fn(&Path, Uuid, Compression) -> Command,
    /// The command that reads it again.
    pub(crate) check: fn(&Path) -> Command,
}

/// All file systems; the first is the default.
pub(crate) static ALL: &[&RootFs] = &[&erofs::ROOT_FS];
