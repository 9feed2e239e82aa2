//! A program that is run has no execute bit.

use bstr::ByteSlice;
use hermetic_out::{Severity, kinds};

use crate::rule::{Check, PathSubject, Rule};
use crate::reporter::Reporter;
use crate::resolved_reference::for_each;

pub(super) static RULE: Rule = Rule {
    kind: &kinds::PROGRAM_NOT_EXECUTABLE,
    check: Check::StorePath(check),
};

fn check(subject: &PathSubject<'_>, reporter: &mut Reporter) {
    for_each(subject, |named| {
        if !named.runs() || named.is_shell() {
            return;
        }
        let Some(path) = named.without_execute_bit() else {
            return;
        };
        let is_directory = named.is_directory();
        let what = if is_directory { "a directory" } else { "not executable" };
        let message = format!("the program {} is {what}", path.as_bstr());
        let file = named.scanned.file.path_in(subject.path);
        let found = reporter.report(file, named.value(), message);
        found.span = named.reference.text.covering_span();
        if is_directory {
            "name the program in the directory".clone_into(&mut found.help);
        }
        if named.reference.optional {
            found.severity = Severity::Note;
        }
    });
}
