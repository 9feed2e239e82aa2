//! A unit or a file beside it names a store path at which nothing is.

use bstr::ByteSlice;
use hermetic_out::resolve::UnresolvedReason;
use hermetic_out::{Decision, FindingKind, Group, Severity};
use hermetic_out_formats::{FileKind, Role};

use crate::rule::{Check, PathSubject, Rule};
use crate::reporter::Reporter;
use crate::resolved_reference::for_each;

pub(super) static RULE: Rule = Rule {
    kind: &FindingKind {
        id: "store-file-missing",
        aliases: &[],
        severity: Severity::Warning,
        group: Group::Units,
        summary: "A unit or a file beside it names a store path at which nothing is",
        explanation: "The path is one of the store, where nothing can come into being later. A unit \
            whose `EnvironmentFile=`, `WorkingDirectory=` or `LoadCredential=` is missing \
            fails before its program is started. Programs, conditions and the sources of \
            tmpfiles.d lines have rules of their own.",
        example: "EnvironmentFile=/nix/store/…-x/etc/default/x   # which does not exist",
        remedy: "ship the file, or correct its name",
    },
    check: Check::StorePath(check),
};

fn check(subject: &PathSubject<'_>, reporter: &mut Reporter) {
    for_each(subject, |named| {
        let is_read = matches!(
            named.reference.role,
            Role::Argument | Role::File | Role::Directory | Role::Documentation
        );
        let has_own_rule = named.scanned.kind == FileKind::Tmpfiles;
        let is_missing = || matches!(named.decision(), Decision::Unresolved(UnresolvedReason::NotInStore));
        if !is_read || has_own_rule || !named.reference.text.is_literal() || !is_missing() {
            return;
        }
        let message = format!("{} does not exist", named.value().as_bstr());
        let file = named.scanned.file.path_in(subject.path);
        let found = reporter.report(file, named.value(), message);
        found.span = named.reference.text.covering_span();
        if named.reference.optional || named.reference.role == Role::Documentation {
            found.severity = Severity::Note;
        }
    });
}
