//! What every format shows.

use std::path::PathBuf;

use hermetic_out::{Finding, Outcome, Package, Severity};
use serde::Serialize;

use crate::exit_status::ExitStatus;
use crate::size::Size;

/// A tool, as its reports name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct ToolVersion {
    /// Its name, that of its program.
    pub name: &'static str,
    /// Its version.
    pub version: &'static str,
}

/// What a tool found and did. Every format shows it in the order it has here.
#[derive(Clone, Debug)]
pub struct Report {
    /// The tool.
    pub tool: ToolVersion,
    /// What the tool looked at: the name of a package, or the number of store paths.
    pub subject: String,
    /// The store directory: a store path in it is a package.
    pub store_dir: PathBuf,
    /// The findings that count.
    pub findings: Vec<Finding>,
    /// Whether the findings go to standard output in the human format, as those of a lint do; else they go to
    /// standard error.
    pub findings_on_stdout: bool,
    /// The changes, if the tool is a fixup.
    pub changes: Option<Changes>,
    /// How many findings were allowed.
    pub allowed: usize,
    /// How many findings the baseline has.
    pub known: usize,
    /// How many findings of the baseline were not found any more.
    pub gone: usize,
    /// The sizes of the store paths, largest first, for the page; may be empty.
    pub sizes: Vec<Size>,
}

/// What a fixup did, or is to do.
#[derive(Clone, Debug)]
pub struct Changes {
    /// The plan and its numbers; its findings are those of the report.
    pub outcome: Outcome,
    /// Whether nothing was done.
    pub dry_run: bool,
    /// Whether the formats show the changes as diffs.
    pub with_diff: bool,
}

impl Report {
    /// A report of `findings` on `subject`, by a tool that changes nothing.
    #[must_use]
    pub fn new(
        tool: ToolVersion,
        subject: String,
        store_dir: PathBuf,
        findings: Vec<Finding>,
    ) -> Self {
        Self {
            tool,
            subject,
            store_dir,
            findings,
            findings_on_stdout: false,
            changes: None,
            allowed: 0,
            known: 0,
            gone: 0,
            sizes: Vec::new(),
        }
    }

    /// A report of a fixup of `package`, called `name`, before anything is changed.
    #[must_use]
    pub fn of_fixup(
        tool: ToolVersion,
        name: String,
        package: &Package,
        mut outcome: Outcome,
    ) -> Self {
        let findings = std::mem::take(&mut outcome.findings);
        Self {
            changes: Some(Changes {
                outcome,
                dry_run: true,
                with_diff: false,
            }),
            ..Self::new(tool, name, package.store.directory.clone(), findings)
        }
    }

    /// The exit status for these findings, if those at or above `failing` are to fail.
    #[must_use]
    pub fn exit_status(&self, failing: Severity) -> ExitStatus {
        ExitStatus::of(&self.findings, failing)
    }
}
