//! How much a report for people says, and in which colors.

use std::ffi::OsStr;

use clap::{Args, ValueEnum};
use hermetic_out::Severity;

/// The heading of all options about output.
pub(crate) const OUTPUT: &str = "Output";

/// When to use colors.
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

/// How much a report for people says, and in which colors.
#[derive(Args, Clone, Copy, Debug, Default)]
pub struct Style {
    /// When to use colors
    #[arg(long, value_enum, default_value_t, value_name = "WHEN", help_heading = OUTPUT)]
    pub color: Color,

    /// Print errors only
    ///
    /// In the human format, findings below the severity "error" and the summary are omitted.
    #[arg(long, short, conflicts_with = "verbose", help_heading = OUTPUT)]
    pub quiet: bool,

    /// Print each finding, also where many say the same
    ///
    /// Otherwise findings about one file that differ only in their subject are printed once, and so are three or
    /// more of a store path that differ only in their place.
    #[arg(long, help_heading = OUTPUT)]
    pub all: bool,

    /// Print additional detail
    #[arg(long, short, help_heading = OUTPUT)]
    pub verbose: bool,
}

impl Style {
    /// The least severity of a finding that is shown.
    pub(super) fn least_severity(self) -> Severity {
        if self.quiet {
            Severity::Error
        } else {
            Severity::Note
        }
    }

    /// Whether to color what goes to a stream, by the rules of <https://no-color.org>.
    pub(super) fn has_colors(self, is_terminal: bool) -> bool {
        self.color
            .applies(is_terminal, std::env::var_os("NO_COLOR").as_deref())
    }
}

impl Color {
    fn applies(self, is_terminal: bool, no_color: Option<&OsStr>) -> bool {
        match self {
            Self::Always => true,
            Self::Never => false,
            Self::Auto => is_terminal && no_color.is_none_or(OsStr::is_empty),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colors_follow_the_terminal_and_no_color() {
        let set = Some(OsStr::new("1"));
        assert!(Color::Always.applies(false, set));
        assert!(!Color::Never.applies(true, None));
        assert!(Color::Auto.applies(true, None));
        assert!(Color::Auto.applies(true, Some(OsStr::new(""))));
        assert!(!Color::Auto.applies(true, set));
        assert!(!Color::Auto.applies(false, None));
    }
}
