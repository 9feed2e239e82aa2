//! The options about output that all tools share.

use clap::Args;

use crate::exit_status::Streams;
use crate::report::{Format, OUTPUT, Report, Style};

/// How a tool reports.
#[derive(Args, Clone, Debug, Default)]
pub struct OutputOptions {
    /// Output format
    #[arg(long, value_enum, default_value_t, help_heading = OUTPUT)]
    pub format: Format,

    /// How much the human format says.
    #[command(flatten)]
    pub style: Style,

    /// Explain a finding and its remedy, and exit
    #[arg(long, value_name = "FINDING", help_heading = OUTPUT)]
    pub explain: Option<String>,
}

impl OutputOptions {
    /// Writes `report` in the chosen format; fails if a stream cannot be written.
    pub fn write(&self, report: &Report, streams: &mut Streams<'_>) -> anyhow::Result<()> {
        self.format.write(report, self.style, streams)
    }
}
