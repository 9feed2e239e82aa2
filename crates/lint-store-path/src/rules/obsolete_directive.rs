//! A unit has a directive that is no longer what to write.

use bstr::ByteSlice;
use hermetic_out::{FindingKind, Group, Severity};
use hermetic_out_formats::unit::directives::Standing;

use crate::rule::{Check, FileSubject, Rule};
use crate::reporter::Reporter;
use crate::directives::{Directive, directives};

pub(super) static RULE: Rule = Rule {
    kind: &FindingKind {
        id: "obsolete-directive",
        aliases: &[],
        severity: Severity::Note,
        group: Group::Units,
        summary: "A unit has a directive that is no longer what to write",
        explanation: "systemd still reads the directive under its old name, or has stopped to: then the \
            line does nothing, which for a limit on memory or processors is a warning. Some \
            values are old as well: output goes to the journal whatever `syslog` says, and \
            `KillMode=none` leaves processes behind.",
        example: "[Service]\nMemoryLimit=1G",
        remedy: "write what is meant today",
    },
    check: Check::File(check),
};

fn check(subject: &FileSubject<'_>, reporter: &mut Reporter) {
    for directive in directives(subject.file) {
        let name = directive.key.bytes();
        let (message, help, severity) = match directive.standing() {
            Standing::Old(today) => (
                format!("{}= is an old name", name.as_bstr()),
                format!("write {today}"),
                Severity::Note,
            ),
            Standing::Ignored("") => (
                format!("systemd ignores {}=", name.as_bstr()),
                "remove it".to_owned(),
                Severity::Note,
            ),
            Standing::Ignored(today) => (
                format!("systemd ignores {}=", name.as_bstr()),
                format!("write {today}"),
                Severity::Warning,
            ),
            _ => match old_value(&directive) {
                Some(help) => (
                    format!(
                        "{}={} is an old value",
                        name.as_bstr(),
                        directive.value.bytes().as_bstr()
                    ),
                    help.to_owned(),
                    Severity::Note,
                ),
                None => continue,
            },
        };
        let found = subject.report(reporter, name, message);
        found.span = directive.key.covering_span();
        found.help = help;
        found.severity = severity;
    }
}

/// What to do about a value that systemd warns of (`load-fragment.c`).
fn old_value(directive: &Directive<'_>) -> Option<&'static str> {
    match (directive.key.bytes(), directive.value.bytes()) {
        (
            b"StandardOutput" | b"StandardError",
            b"syslog" | b"syslog+console" | b"kmsg" | b"kmsg+console",
        ) => Some("write journal, or remove the line"),
        (b"KillMode", b"none") => Some("write KillMode=process, or remove the line"),
        _ => None,
    }
}
