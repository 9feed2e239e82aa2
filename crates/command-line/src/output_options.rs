//! What is shown of a tool's work, and how.

use clap::{Args, ValueEnum};

use crate::options::CHANGES;

const SHOWN: &str = "What is shown";

/// How a report is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people: findings with the source line marked.
    #[default]
    Human,
    /// One JSON document; its schema has a version of its own.
    Json,
    /// SARIF 2.1.0, for code scanning services and editors.
    Sarif,
}

/// When to use colours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Color {
    /// On a terminal, unless `NO_COLOR` is set.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// How the findings of a tool that changes nothing are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum FindingsFormat {
    /// For people: findings with the source line marked, and how many each rule has.
    #[default]
    Human,
    /// One JSON document; its schema has a version of its own.
    Json,
    /// SARIF 2.1.0, for code scanning services and editors.
    Sarif,
    /// A page that can be filtered, with what each finding means.
    Html,
}

/// How much is said, and in which colours.
#[derive(Args, Clone, Debug, Default)]
pub struct VerbosityOptions {
    /// When to use colours
    #[arg(long, value_enum, default_value_t, value_name = "WHEN", help_heading = SHOWN)]
    pub color: Color,

    /// Say nothing but errors
    ///
    /// For the human format: findings below the severity "error" and the summary are left out.
    #[arg(long, short, conflicts_with = "verbose", help_heading = SHOWN)]
    pub quiet: bool,

    /// Say more than most want to know
    #[arg(long, short, help_heading = SHOWN)]
    pub verbose: bool,

    /// Say what a finding means, and what to do about it
    #[arg(long, value_name = "FINDING", help_heading = SHOWN)]
    pub explain: Option<String>,
}

/// The options about what is shown: all that a tool shares with others that is not about a package's
/// outputs.
#[derive(Args, Clone, Debug, Default)]
pub struct OutputOptions {
    /// Change nothing; say what would be changed
    #[arg(long, help_heading = CHANGES)]
    pub dry_run: bool,

    /// Show every change as a unified diff
    ///
    /// It goes to standard output, or into the JSON document.
    #[arg(long, help_heading = SHOWN)]
    pub diff: bool,

    /// How findings and the summary are written
    #[arg(long, value_enum, default_value_t, help_heading = SHOWN)]
    pub format: Format,

    /// How much is said.
    #[command(flatten)]
    pub verbosity: VerbosityOptions,
}

/// The options about what is shown of findings, for a tool that changes nothing.
#[derive(Args, Clone, Debug, Default)]
pub struct FindingsOptions {
    /// How findings are written
    #[arg(long, value_enum, default_value_t, help_heading = SHOWN)]
    pub format: FindingsFormat,

    /// How much is said.
    #[command(flatten)]
    pub verbosity: VerbosityOptions,
}
