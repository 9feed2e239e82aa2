//! What all fixups do with their plan.

use anyhow::Context;
use clap::Args;
use hermetic_out::Severity;
use hermetic_out::apply::{LockedOutputs, apply};

use crate::exit_status::{ExitStatus, Streams};
use crate::output_options::OutputOptions;
use crate::report::{OUTPUT, Report};

/// The heading of the options about what is changed.
pub(crate) const CHANGES: &str = "Changes";

/// What a fixup does with its changes.
#[derive(Args, Clone, Debug, Default)]
pub struct ChangeOptions {
    /// Change nothing; report what would be changed
    #[arg(long, help_heading = CHANGES)]
    pub dry_run: bool,

    /// Print every change as a unified diff
    ///
    /// The diff goes to standard output, or into the JSON document.
    #[arg(long, help_heading = OUTPUT)]
    pub diff: bool,
}

impl Report {
    /// Applies the plan of a fixup, unless a finding is an error or the options forbid it, and
    /// writes the report. `action` names the work in an error: "patching".
    ///
    /// The report comes first: if it cannot be written, that is an error, and nothing is changed. Only the
    /// summary for people comes last, and whether it can be written changes nothing any more.
    pub fn apply_and_write(
        mut self,
        outputs: &LockedOutputs<'_>,
        action: &str,
        options: &ChangeOptions,
        output_options: &OutputOptions,
        streams: &mut Streams<'_>,
    ) -> anyhow::Result<ExitStatus> {
        let status = self.exit_status(Severity::Error);
        if let Some(changes) = &mut self.changes {
            changes.with_diff = options.diff;
            changes.dry_run = options.dry_run || status != ExitStatus::Clean;
        }
        let OutputOptions { format, style, .. } = output_options;
        format.announce(&self, *style, streams)?;
        let to_apply = self.changes.as_ref().filter(|changes| !changes.dry_run);
        let is_applied = to_apply.is_some();
        if let Some(changes) = to_apply {
            apply(&changes.outcome.plan, outputs)
                .with_context(|| format!("{action} {}", self.subject))?;
        }
        let concluded = format.conclude(&self, *style, streams);
        if !is_applied {
            concluded?;
        }
        Ok(status)
    }
}
