//! The options of a fixup: the package, and what is changed in it.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::Args;

use crate::fixup::{CHANGES, ChangeOptions};
use crate::output_options::OutputOptions;

const PACKAGE: &str = "Package";

/// The options that all fixups share.
#[derive(Args, Clone, Debug)]
pub struct CommonOptions {
    /// An output of the package, such as out=/nix/store/… (repeatable)
    ///
    /// PATH must exist, directly below the store directory.
    #[arg(long, value_name = "NAME=PATH", help_heading = PACKAGE)]
    pub output: Vec<OsString>,

    /// Directories with the programs of dependencies (repeatable)
    ///
    /// They are separated by colons and searched in this order. The parent of each directory also counts
    /// as a dependency, for its lib, libexec and share.
    #[arg(long, value_name = "DIR[:DIR…]", help_heading = PACKAGE)]
    pub search_path: Vec<OsString>,

    /// Search path for the files of one output, instead of --search-path (repeatable)
    ///
    /// For an output whose files are used while other packages are built, such as dev.
    #[arg(long, value_name = "NAME=DIR[:DIR…]", help_heading = PACKAGE)]
    pub output_search_path: Vec<OsString>,

    /// A dependency without a directory of programs (repeatable)
    #[arg(long, value_name = "PATH", help_heading = PACKAGE)]
    pub dependency: Vec<OsString>,

    /// The store directory
    #[arg(long, value_name = "DIR", default_value = "/nix/store", help_heading = PACKAGE)]
    pub store_dir: PathBuf,

    /// Read and write all of these paths below DIR instead of /
    #[arg(long, value_name = "DIR", help_heading = PACKAGE)]
    pub root: Option<PathBuf>,

    /// Leave references that match GLOB unchanged (repeatable)
    #[arg(long, value_name = "GLOB", help_heading = CHANGES)]
    pub keep: Vec<OsString>,

    /// Replace the reference FROM by TO, before anything else is tried (repeatable)
    ///
    /// FROM ends at the first =.
    #[arg(long, value_name = "FROM=TO", help_heading = CHANGES)]
    pub replace: Vec<OsString>,

    /// Replace the reference FROM by TO if neither an output nor a dependency provides it (repeatable)
    #[arg(long, value_name = "FROM=TO", help_heading = CHANGES)]
    pub fallback: Vec<OsString>,

    /// What is done with the changes.
    #[command(flatten)]
    pub changes: ChangeOptions,

    /// How the tool reports.
    #[command(flatten)]
    pub output_options: OutputOptions,
}

#[cfg(test)]
pub(crate) mod tests {
    use std::ffi::OsStr;

    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Tool {
        #[command(flatten)]
        common: CommonOptions,
    }

    /// What a tool makes of `arguments`.
    pub(crate) fn options<S: AsRef<OsStr>>(arguments: &[S]) -> CommonOptions {
        let arguments = arguments.iter().map(AsRef::as_ref);
        let arguments = std::iter::once(OsStr::new("tool")).chain(arguments);
        Tool::try_parse_from(arguments).unwrap().common
    }
}
