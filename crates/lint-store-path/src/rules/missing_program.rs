//! A program that is run does not exist.

use bstr::ByteSlice;
use hermetic_out::Decision;
use hermetic_out::resolve::UnresolvedReason;
use hermetic_out::{Severity, kinds};

use crate::rule::{Check, PathSubject, Rule};
use crate::reporter::Reporter;
use crate::resolved_reference::for_each;

pub(super) static RULE: Rule = Rule {
    kind: &kinds::MISSING_PROGRAM,
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
            Decision::Unresolved(UnresolvedReason::OnlyInOutput(_)) => "is not available at run time",
            _ => return,
        };
        let message = format!("the program {} {missing}", value.as_bstr());
        let file = named.scanned.file.path_in(subject.path);
        let found = reporter.report(file, value, message);
        found.span = named.reference.text.covering_span();
        if named.reference.optional || named.is_asked_for() {
            found.severity = Severity::Note;
        }
    });
}
