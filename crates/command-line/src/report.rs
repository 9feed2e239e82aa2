//! What a tool found and did, and the formats in which that is written.

mod alike;
mod content;
mod counts;
mod diff;
mod excerpt;
#[cfg(feature = "html")]
mod html;
mod human;
mod json;
mod sarif;
mod style;

use clap::ValueEnum;

pub use content::{Changes, Report, ToolVersion};
pub(crate) use style::OUTPUT;
pub use style::{Color, Style};

use crate::exit_status::{Streams, flush};

/// How a report is written. To add a format, add a line here, one in `Format::announce`, and its
/// module.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people: findings with the source line marked.
    #[default]
    Human,
    /// One JSON document; its schema has a version of its own.
    Json,
    /// SARIF 2.1.0, for code scanning services and editors.
    Sarif,
    /// A page that can be filtered and explains each finding.
    #[cfg(feature = "html")]
    Html,
}

impl Format {
    /// Writes `report`: for people to both streams, else one document to standard output.
    pub(crate) fn write(
        self,
        report: &Report,
        style: Style,
        streams: &mut Streams<'_>,
    ) -> anyhow::Result<()> {
        self.announce(report, style, streams)?;
        self.conclude(report, style, streams)
    }

    /// Writes all of `report` that is known before anything is changed: all but the summary for people.
    pub(crate) fn announce(
        self,
        report: &Report,
        style: Style,
        streams: &mut Streams<'_>,
    ) -> anyhow::Result<()> {
        match self {
            Self::Human => human::announce(report, style, streams),
            Self::Json => json::write(report, streams.stdout),
            Self::Sarif => sarif::write(report, streams.stdout),
            #[cfg(feature = "html")]
            Self::Html => html::write(report, streams.stdout),
        }?;
        flush(streams)
    }

    /// Writes what is left of `report` once everything is changed.
    pub(crate) fn conclude(
        self,
        report: &Report,
        style: Style,
        streams: &mut Streams<'_>,
    ) -> anyhow::Result<()> {
        match self {
            Self::Human => human::conclude(report, style, streams),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use std::path::{Path, PathBuf};

    use bstr::BString;
    use hermetic_out::configuration::{ConfigurationFile, ConfigurationReader, Override, ReadFrom};
    use hermetic_out::{
        Change, Edit, FileEdits, Finding, FindingKind, Group, Outcome, Plan, Severity, SourceText,
    };
    use hermetic_out_formats::Span;

    use super::*;
    use crate::exit_status::ExitStatus;
    use crate::exit_status::tests::run_captured;

    static UNRESOLVED: FindingKind = FindingKind {
        id: "unresolved-program",
        aliases: &["missing-program"],
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
    pub(crate) fn report() -> Report {
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
        let findings = vec![
            Finding::new(&UNRESOLVED, unit, "/usr/bin/x is not found")
                .at(&SourceText::new(UNIT), Span::new(20, 30))
                .with_severity(Severity::Error)
                .with_subject("/usr/bin/x")
                .with_help("add y to buildInputs"),
            Finding::new(&OTHER, strange.clone(), "it is so\x1b")
                .with_subject(b"\xfe")
                .with_help(""),
        ];
        let plan = Plan::from(vec![
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
        ]);
        let mut outcome = Outcome::default();
        outcome.plan = plan;
        (outcome.replaced, outcome.kept, outcome.unresolved) = (1, 2, 1);
        outcome.new_references = vec![("out".into(), vec!["/nix/store/b-y".into()])];
        let reader = |file: &str, overridden| ConfigurationReader {
            file: file.into(),
            reads: ReadFrom::Output,
            overridden,
        };
        let drop_in = Override::UnitDropIn("/etc/systemd/system/x.service.d".into());
        let shipped = |name: &str, readers| ConfigurationFile {
            path: Path::new("/etc").join(name),
            file: Path::new("/nix/store/a-x/etc").join(name),
            readers,
            overrides: Vec::new(),
        };
        outcome.configuration = vec![
            shipped(
                "a",
                vec![reader(
                    "/nix/store/a-x/lib/systemd/system/x.service",
                    Some(drop_in),
                )],
            ),
            shipped("b\x1b", vec![reader("/nix/store/a-x/bin/x", None)]),
            shipped("c", Vec::new()),
        ];
        Report {
            changes: Some(Changes {
                outcome,
                dry_run: false,
                with_diff: true,
            }),
            ..Report::new(TOOL, "x-1.0".into(), "/nix/store".into(), findings)
        }
    }

    /// The same findings, of a tool that changes nothing.
    pub(super) fn findings_report() -> Report {
        Report {
            changes: None,
            allowed: 2,
            ..report()
        }
    }

    const TOOL: ToolVersion = ToolVersion {
        name: "tool",
        version: "1.2.3",
    };

    #[test]
    fn each_format_has_its_stream() {
        let mut without_diff = report();
        without_diff.changes.as_mut().unwrap().with_diff = false;
        let mut of_lint = findings_report();
        of_lint.findings_on_stdout = true;
        for report in [without_diff, findings_report(), of_lint] {
            for format in Format::value_variants() {
                let (status, stdout, stderr) = run_captured(|streams| {
                    format.write(&report, Style::default(), streams)?;
                    Ok(report.exit_status(Severity::Error))
                });
                let is_human = *format == Format::Human;
                assert_eq!(status, 1);
                assert_eq!(stdout.is_empty(), is_human && !report.findings_on_stdout);
                assert_eq!(stderr.is_empty(), !is_human);
            }
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
