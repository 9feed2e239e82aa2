//! A unit uses a deprecated directive.

use bstr::ByteSlice;
use hermetic_out::{FindingKind, Group, Severity};
use hermetic_out_formats::unit::directives::Standing;

use crate::rule::{Check, FileSubject, Rule};
use crate::reporter::Reporter;
use crate::directives::{Directive, directives};

pub(super) static RULE: Rule = Rule {
    kind: &FindingKind {
        id: "deprecated-directive",
        aliases: &["obsolete-directive"],
        severity: Severity::Note,
        group: Group::Units,
        summary: "A unit uses a deprecated directive",
        explanation: "systemd accepts the directive under its old name, or ignores it. An ignored \
            directive has no effect; for a limit on memory or CPU time that is a warning. Some values are \
            deprecated as well: output goes to the journal whatever `syslog` says, and `KillMode=none` \
            leaves processes behind.",
        example: "[Service]\nMemoryLimit=1G",
        remedy: "use the directive that replaces it",
    },
    check: Check::File(check),
};

fn check(subject: &FileSubject<'_>, reporter: &mut Reporter) {
    for directive in directives(subject.file) {
        let name = directive.key.bytes();
        let (message, help, severity) = match directive.standing() {
            Standing::Old(today) => (
                format!("the directive {}= has an old name", name.as_bstr()),
                format!("write {today}"),
                Severity::Note,
            ),
            Standing::Ignored("") => (
                format!("systemd ignores the directive {}=", name.as_bstr()),
                "remove the line".to_owned(),
                Severity::Note,
            ),
            Standing::Ignored(today) => (
                format!("systemd ignores the directive {}=", name.as_bstr()),
                format!("write {today}"),
                Severity::Warning,
            ),
            _ => match old_value(&directive) {
                Some(help) => (
                    format!(
                        "{}={} is a deprecated value",
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
