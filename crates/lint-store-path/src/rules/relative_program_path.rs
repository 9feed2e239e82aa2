//! A program is named by a relative path.

use bstr::ByteSlice;
use hermetic_out::Decision;
use hermetic_out::resolve::UnresolvedReason;
use hermetic_out::{FindingKind, Group, Severity};
use hermetic_out_formats::FileKind;

use crate::rule::{Check, PathSubject, Rule};
use crate::reporter::Reporter;
use crate::resolved_reference::for_each;

pub(super) static RULE: Rule = Rule {
    kind: &FindingKind {
        id: "relative-program-path",
        aliases: &[],
        severity: Severity::Error,
        group: Group::Units,
        summary: "A program is named by a relative path",
        explanation: "systemd takes an absolute path or a name without a slash; it refuses the whole \
            line for anything else (\"Neither a valid executable name nor an absolute path\"), \
            and a service without a command does not load.",
        example: "ExecStart=bin/x",
        remedy: "write the store path of the program",
    },
    check: Check::StorePath(check),
};

fn check(subject: &PathSubject<'_>, reporter: &mut Reporter) {
    for_each(subject, |named| {
        let value = named.value();
        let is_refused = matches!(named.decision(), Decision::Unresolved(UnresolvedReason::NotAPath));
        let is_path = value.contains(&b'/') && !value.starts_with(b"/");
        if named.reference.role != hermetic_out_formats::Role::Program || !is_refused || !is_path {
            return;
        }
        let message = format!("{} is no absolute path", value.as_bstr());
        let file = named.scanned.file.path_in(subject.path);
        let found = reporter.report(file, value, message);
        found.span = named.reference.text.covering_span();
        if named.scanned.kind != FileKind::Unit {
            found.severity = Severity::Warning;
        }
    });
}
