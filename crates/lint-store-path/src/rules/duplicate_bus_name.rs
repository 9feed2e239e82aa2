//! Two activation files answer the same D-Bus name.

use bstr::ByteSlice;
use hermetic_out::{FindingKind, Severity};

use super::{Check, ClosureSubject, Group, Rule};
use crate::check::Findings;
use crate::systemd::bus_names;

pub(super) static RULE: Rule = Rule {
    kind: FindingKind {
        name: "duplicate-bus-name",
        severity: Severity::Warning,
        summary: "Two activation files answer the same D-Bus name",
        explanation: "dbus-daemon takes the first activation file that it finds for a name and ignores \
            the others, with a line in its log; which one is first depends on the order of its \
            directories. Files for the system's bus and for users' count apart.",
    },
    group: Group::Companions,
    example: "a/share/dbus-1/services/org.x.service, b/share/dbus-1/services/org.x.service",
    remedy: "leave one of the packages out, or remove one of the files",
    check: Check::Closure(check),
};

fn check(subject: &ClosureSubject<'_>, findings: &mut Findings) {
    for ((_, name), files) in bus_names(subject.known) {
        for file in files.iter().skip(1) {
            let first = files.first().map(|first| first.display().to_string());
            let first = first.unwrap_or_default();
            let message = format!("{} is answered by {first}, too", name.as_bstr());
            findings.report(file, name.clone(), message);
        }
    }
}
