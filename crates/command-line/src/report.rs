//! What a tool found and did, and how that is shown.

mod excerpt;
mod findings_report;
pub mod fingerprint;
pub mod html;
mod human;
mod json;
mod sarif;

pub use findings_report::FindingsReport;

use std::io::{self, Write};
use std::path::PathBuf;

use anyhow::Context;
use hermetic_out::apply::apply;
use hermetic_out::{Finding, Outcome, Package, Plan, Severity};

use crate::exit_status::{ExitStatus, Streams, colour};
use crate::output_options::{Color, Format, OutputOptions};

/// What was done, in numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Files that were edited, moved, created or removed.
    pub files_changed: usize,
    /// References that got another value.
    pub references_replaced: usize,
    /// References that stayed as they are because they are right, or are to be kept.
    pub references_kept: usize,
    /// References for which nothing was found.
    pub unresolved: usize,
    /// By output: the store paths that it refers to now and did not before.
    pub new_references: Vec<(String, Vec<PathBuf>)>,
}

/// What a tool found and did. Everything is shown in the order it has here.
#[derive(Clone, Debug)]
pub struct Report {
    /// The name of the tool.
    pub tool: &'static str,
    /// Its version.
    pub tool_version: &'static str,
    /// The package: [`Request::name`](crate::Request::name).
    pub package: String,
    /// What is not right.
    pub findings: Vec<Finding>,
    /// What was done, or is to be done.
    pub plan: Plan,
    /// Whether nothing was done.
    pub dry_run: bool,
    /// The numbers.
    pub summary: Summary,
}

impl Report {
    /// What a fixup of `package` comes to, before anything is done.
    #[must_use]
    pub fn new(
        tool: &'static str,
        tool_version: &'static str,
        package: String,
        outcome: Outcome,
    ) -> Self {
        Self {
            tool,
            tool_version,
            package,
            summary: Summary {
                files_changed: outcome.plan.files_changed(),
                references_replaced: outcome.replaced,
                references_kept: outcome.kept,
                unresolved: outcome.unresolved,
                new_references: outcome.new_references,
            },
            findings: outcome.findings,
            plan: outcome.plan,
            dry_run: true,
        }
    }

    /// Does what the plan says, unless a finding is an error or the options forbid it, and shows it
    /// all. `doing` says for an error what is being done: "patching".
    pub fn apply_and_write(
        mut self,
        package: &Package,
        doing: &str,
        options: &OutputOptions,
        streams: &mut Streams<'_>,
    ) -> anyhow::Result<ExitStatus> {
        let status = self.exit_status(Severity::Error);
        self.dry_run = options.dry_run || status != ExitStatus::Clean;
        if !self.dry_run {
            apply(&self.plan, package).with_context(|| format!("{doing} {}", self.package))?;
        }
        self.write(options, streams)?;
        Ok(status)
    }

    /// Shows it as the options ask for.
    pub fn write(&self, options: &OutputOptions, streams: &mut Streams<'_>) -> anyhow::Result<()> {
        let colours = |terminal| colours(options.verbosity.color, terminal);
        match options.format {
            Format::Human => {
                if options.diff {
                    let colours = colours(streams.stdout_is_terminal);
                    human::write_changes(&self.plan, colours, streams.stdout)
                        .and_then(|()| streams.stdout.flush())
                        .context("writing to standard output")?;
                }
                let colours = colours(streams.stderr_is_terminal);
                let verbosity = human::Verbosity::of(&options.verbosity);
                human::write(self, verbosity, colours, streams.stderr)
                    .context("writing to standard error")
            }
            Format::Json => write_document(&json::document(self, options.diff), streams.stdout)
                .context("writing the JSON report to standard output"),
            Format::Sarif => write_document(
                &sarif::document(self.tool, self.tool_version, &self.findings, None),
                streams.stdout,
            )
            .context("writing the SARIF report to standard output"),
        }
    }

    /// The exit status that the findings ask for, if those at or above `failing` are to fail.
    #[must_use]
    pub fn exit_status(&self, failing: Severity) -> ExitStatus {
        ExitStatus::of(&self.findings, failing)
    }
}

/// Shows the findings of at least a severity on standard error, for tools whose work is no plan of
/// changes.
pub fn write_findings(
    findings: &[Finding],
    least: Severity,
    streams: &mut Streams<'_>,
) -> anyhow::Result<()> {
    let colours = colours(Color::Auto, streams.stderr_is_terminal);
    let text = human::findings(findings, least, colours);
    streams
        .stderr
        .write_all(text.as_bytes())
        .context("writing to standard error")
}

fn colours(color: Color, terminal: bool) -> bool {
    colour(color, terminal, std::env::var_os("NO_COLOR").as_deref())
}

fn write_document(document: &impl serde::Serialize, stdout: &mut dyn Write) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *stdout, document)?;
    writeln!(stdout)
}

#[cfg(test)]
mod tests {
    use bstr::BString;
    use clap::Parser;
    use hermetic_out::{Change, Edit, FileEdits, FindingKind, Group};
    use hermetic_out_formats::Span;

    use super::*;
    use crate::exit_status::tests::run_captured;

    static UNRESOLVED: FindingKind = FindingKind {
        id: "unresolved-program",
        aliases: &["program-not-found"],
        severity: Severity::Warning,
        group: Group::Units,
        summary: "A program is not found",
        explanation: "It will not start.",
        example: "ExecStart=/usr/bin/x",
        remedy: "add its package",
    };
    static OTHER: FindingKind = FindingKind {
        id: "an-output",
        aliases: &[],
        severity: Severity::Note,
        group: Group::Outputs,
        summary: "Something about an output",
        explanation: "It is so.",
        example: "x",
        remedy: "leave it",
    };

    pub(super) const UNIT: &[u8] = b"[Service]\nExecStart=/usr/bin/x -\xc3\xa9\xff\nUser=y\n";

    /// A report in which everything occurs.
    pub(super) fn report() -> Report {
        let unit = PathBuf::from("/nix/store/a-x/lib/systemd/system/x.service");
        let edit = Edit {
            span: Span::new(20, 30),
            text: b"/nix/store/b-y/bin/x".to_vec(),
        };
        let edits = FileEdits::new(unit.clone(), UNIT.to_vec(), &[edit]).unwrap();
        let strange = {
            use std::os::unix::ffi::OsStrExt;
            PathBuf::from(std::ffi::OsStr::from_bytes(b"/nix/store/a-x/\xff"))
        };
        Report {
            tool: "tool",
            tool_version: "1.2.3",
            package: "x-1.0".into(),
            findings: vec![
                Finding::new(&UNRESOLVED, unit, "/usr/bin/x is not found")
                    .at(UNIT, Span::new(20, 30))
                    .with_severity(Severity::Error)
                    .with_subject("/usr/bin/x")
                    .with_help("add y to buildInputs"),
                Finding::new(&OTHER, strange.clone(), "it is so\x1b")
                    .with_subject(b"\xfe")
                    .with_help(""),
            ],
            plan: vec![
                Change::Edit(edits),
                Change::Move {
                    from: "/nix/store/a-x/a".into(),
                    to: strange,
                },
                Change::Create {
                    path: "/nix/store/a-x/c".into(),
                    content: BString::from("new\nlast"),
                    mode: 0o644,
                },
                Change::Remove {
                    path: "/nix/store/a-x/d".into(),
                },
            ]
            .into(),
            dry_run: false,
            summary: Summary {
                files_changed: 4,
                references_replaced: 1,
                references_kept: 2,
                unresolved: 1,
                new_references: vec![("out".into(), vec!["/nix/store/b-y".into()])],
            },
        }
    }

    #[derive(Parser)]
    struct Tool {
        #[command(flatten)]
        shown: OutputOptions,
    }

    fn shown(arguments: &[&str]) -> (u8, String, String) {
        let arguments = std::iter::once(&"tool").chain(arguments);
        let options = Tool::try_parse_from(arguments).unwrap().shown;
        run_captured(|streams| {
            let report = report();
            report.write(&options, streams)?;
            Ok(report.exit_status(Severity::Error))
        })
    }

    #[test]
    fn each_format_has_its_stream() {
        let (status, stdout, stderr) = shown(&[]);
        assert_eq!((status, stdout.as_str()), (1, ""));
        assert!(stderr.contains("error[unresolved-program]"), "{stderr}");
        for format in ["json", "sarif"] {
            let (status, stdout, stderr) = shown(&["--format", format, "--diff"]);
            assert_eq!((status, stderr.as_str()), (1, ""));
            assert!(serde_json::from_str::<serde_json::Value>(&stdout).is_ok());
        }
    }

    #[test]
    fn the_failing_severity_decides() {
        let mut report = report();
        assert_eq!(report.exit_status(Severity::Error), ExitStatus::Findings);
        report.findings.remove(0);
        assert_eq!(report.exit_status(Severity::Error), ExitStatus::Clean);
        assert_eq!(report.exit_status(Severity::Note), ExitStatus::Findings);
    }
}
