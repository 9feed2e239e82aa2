//! A program that is run has no execute bit.

use bstr::ByteSlice;
use hermetic_out::{FindingKind, Group, Severity};

use crate::rule::{Check, PathSubject, Rule};
use crate::reporter::Reporter;
use crate::resolved_reference::for_each;

pub(super) static RULE: Rule = Rule {
    kind: &FindingKind {
        id: "program-without-execute-bit",
        aliases: &[],
        severity: Severity::Error,
        group: Group::Units,
        summary: "A program that is run has no execute bit",
        explanation: "The file is there, but nobody may execute it: systemd fails with `203/EXEC`, \
            others with \"Permission denied\". The mode was lost when the file was copied, or \
            the file was never meant to be run by itself.",
        example: "ExecStart=/nix/store/…-x/libexec/x.sh   # mode 0644",
        remedy: "set the execute bit in the build: `chmod +x`",
    },
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
        let message = format!("{} is {what}", path.as_bstr());
        let file = named.scanned.file.path_in(subject.path);
        let found = reporter.report(file, named.value(), message);
        found.span = named.reference.text.covering_span();
        if is_directory {
            "name the program in it".clone_into(&mut found.help);
        }
        if named.reference.optional {
            found.severity = Severity::Note;
        }
    });
}
