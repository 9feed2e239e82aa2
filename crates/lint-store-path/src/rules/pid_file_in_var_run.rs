//! The PID file of a service is named below /var/run.

use bstr::ByteSlice;
use hermetic_out::{FindingKind, Group, Severity};

use crate::rule::{Check, FileSubject, Rule};
use crate::reporter::Reporter;
use crate::directives::directives;

pub(super) static RULE: Rule = Rule {
    kind: &FindingKind {
        id: "pid-file-in-var-run",
        aliases: &[],
        severity: Severity::Note,
        group: Group::Units,
        summary: "The PID file of a service is named below /var/run",
        explanation: "`/var/run` is a link to `/run` that only old systems fill. systemd reads the path \
            as one below `/run`, and says so in its log every time.",
        example: "PIDFile=/var/run/x.pid",
        remedy: "write `/run` in place of `/var/run`",
    },
    check: Check::File(check),
};

fn check(subject: &FileSubject<'_>, reporter: &mut Reporter) {
    for directive in directives(subject.file) {
        let value = directive.value.bytes();
        if directive.key.bytes() == b"PIDFile" && value.starts_with(b"/var/run/") {
            let message = format!("{} is below /var/run", value.as_bstr());
            let found = subject.report(reporter, value, message);
            found.span = directive.value.covering_span();
        }
    }
}
