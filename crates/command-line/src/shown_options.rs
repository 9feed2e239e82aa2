//! The options of a tool that is not about a package's outputs: what is shown, and how.

use std::path::PathBuf;

use clap::Args;

use crate::options::{Color, CommonOptions, Format};

const SHOWN: &str = "What is shown";

/// The options about what is shown, for a tool that has no use for the others of [`CommonOptions`].
#[derive(Args, Clone, Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub struct ShownOptions {
    /// Change nothing; say what would be changed
    #[arg(long)]
    pub dry_run: bool,

    /// Show every change as a unified diff
    ///
    /// It goes to standard output, or into the JSON document.
    #[arg(long, help_heading = SHOWN)]
    pub diff: bool,

    /// How findings and the summary are written
    #[arg(long, value_enum, default_value_t, help_heading = SHOWN)]
    pub format: Format,

    /// When to use colours
    #[arg(long, value_enum, default_value_t, value_name = "WHEN", help_heading = SHOWN)]
    pub color: Color,

    /// Say nothing but errors
    ///
    /// For the human format: findings below the severity "error" and the summary are left out.
    #[arg(long, short, conflicts_with = "verbose", help_heading = SHOWN)]
    pub quiet: bool,

    /// Say more
    #[arg(long, short, help_heading = SHOWN)]
    pub verbose: bool,

    /// Say what a finding means, and what to do about it
    #[arg(long, value_name = "FINDING", help_heading = SHOWN)]
    pub explain: Option<String>,
}

impl ShownOptions {
    /// The same as options of a report.
    #[must_use]
    pub fn for_report(&self) -> CommonOptions {
        CommonOptions {
            output: Vec::new(),
            search_path: Vec::new(),
            output_search_path: Vec::new(),
            dependency: Vec::new(),
            store_dir: PathBuf::from("/nix/store"),
            root: None,
            keep: Vec::new(),
            replace: Vec::new(),
            fallback: Vec::new(),
            dry_run: self.dry_run,
            diff: self.diff,
            format: self.format,
            color: self.color,
            quiet: self.quiet,
            verbose: self.verbose,
            explain: self.explain.clone(),
        }
    }
}
