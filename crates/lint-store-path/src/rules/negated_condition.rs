//! A condition asks that a file of a package does not exist.

use bstr::ByteSlice;
use hermetic_out::Decision;
use hermetic_out::kinds;
use hermetic_out::resolve::Kept;
use hermetic_out_formats::Meaning;

use crate::rule::{Check, PathSubject, Rule};
use crate::reporter::Reporter;
use crate::resolved_reference::for_each;

pub(super) static RULE: Rule = Rule {
    kind: &kinds::NEGATED_CONDITION,
    check: Check::StorePath(check),
};

fn check(subject: &PathSubject<'_>, reporter: &mut Reporter) {
    for_each(subject, |named| {
        let is_known = named.reference.meaning == Meaning::NoFile && named.reference.text.is_literal();
        let value = named.value().as_bstr();
        let message = match named.decision() {
            _ if !is_known => return,
            Decision::Keep(Kept::InStore) => {
                format!("the condition never holds, as {value} always exists")
            }
            Decision::Keep(Kept::Negated(_)) => {
                format!("the condition always holds, as no package puts a file at {value}")
            }
            _ => return,
        };
        let file = named.scanned.file.path_in(subject.path);
        let found = reporter.report(file, named.value(), message);
        found.span = named.reference.text.covering_span();
    });
}
