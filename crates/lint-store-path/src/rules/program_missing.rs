//! A program that is run does not exist.

use bstr::ByteSlice;
use hermetic_out::Decision;
use hermetic_out::resolve::UnresolvedReason;
use hermetic_out::{FindingKind, Group, Severity};

use crate::rule::{Check, PathSubject, Rule};
use crate::reporter::Reporter;
use crate::resolved_reference::for_each;

pub(super) static RULE: Rule = Rule {
    kind: &FindingKind {
        id: "program-missing",
        aliases: &[],
        severity: Severity::Error,
        group: Group::Units,
        summary: "A program that is run does not exist",
        explanation: "A unit, a D-Bus activation file, a udev rule, a polkit action or another file of \
            the kind names a program by an absolute path, and neither the store path itself \
            nor anything that it refers to has it. Where the line is run, it fails. If a \
            condition of the unit asks for the same file, or a `-` stands in front of the \
            program, the failure is one that somebody thought of, and only a note.",
        example: "ExecStart=/nix/store/…-x/bin/gone",
        remedy: "name a program that exists: add the package that has it to the inputs of the build, or remove the line",
    },
    check: Check::StorePath(check),
};

fn check(subject: &PathSubject<'_>, reporter: &mut Reporter) {
    for_each(subject, |named| {
        let value = named.value();
        if !named.runs() || named.is_shell() || !value.starts_with(b"/") {
            return;
        }
        let missing = match named.decision() {
            Decision::Unresolved(UnresolvedReason::NotFound | UnresolvedReason::NotInStore) => "does not exist",
            Decision::Unresolved(UnresolvedReason::OnlyInOutput(_)) => "is not there at run time",
            _ => return,
        };
        let is_asked_for = named.scanned.scan.references.iter().any(|other| {
            other.role == hermetic_out_formats::Role::Condition && other.text.bytes() == value
        });
        let message = format!("the program {} {missing}", value.as_bstr());
        let file = named.scanned.file.path_in(subject.path);
        let found = reporter.report(file, value, message);
        found.span = named.reference.text.covering_span();
        if named.reference.optional || is_asked_for {
            found.severity = Severity::Note;
        }
    });
}
