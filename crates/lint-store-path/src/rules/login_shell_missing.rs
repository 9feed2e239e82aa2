//! The login shell of a user does not exist.

use std::collections::BTreeSet;

use bstr::ByteSlice;
use hermetic_out::Decision;
use hermetic_out::{FindingKind, Group, Severity};
use hermetic_out_formats::Role;

use crate::rule::{Check, PathSubject, Rule};
use crate::reporter::Reporter;
use crate::resolved_reference::for_each;

pub(super) static RULE: Rule = Rule {
    kind: &FindingKind {
        id: "login-shell-missing",
        aliases: &[],
        severity: Severity::Warning,
        group: Group::IntegrationFiles,
        summary: "The login shell of a user does not exist",
        explanation: "A line of sysusers.d gives a user a shell below `/usr` or `/bin`, or a store path \
            at which nothing is: the user cannot log in. A `nologin` or `false` that does not \
            exist lets nobody in either, and is only a note; systemd-sysusers writes its own \
            `nologin` for users of the system if the line names none.",
        example: "u x - \"X\" /var/lib/x /usr/bin/zsh",
        remedy: "name a shell that exists, or leave the field empty",
    },
    check: Check::StorePath(check),
};

fn check(subject: &PathSubject<'_>, reporter: &mut Reporter) {
    let mut seen = BTreeSet::new();
    for_each(subject, |named| {
        let value = named.value();
        if !named.is_shell() || named.reference.role != Role::Program || value == b"/bin/sh" {
            return;
        }
        let decision = named.decision();
        // One place of each shell in a file says enough.
        let is_new = seen.insert((named.scanned.file.sub_path.clone(), value.to_vec()));
        if matches!(decision, Decision::Keep(_)) || !is_new {
            return;
        }
        let message = format!("the shell {} does not exist", value.as_bstr());
        let file = named.scanned.file.path_in(subject.path);
        let found = reporter.report(file, value, message);
        found.span = named.reference.text.covering_span();
        if value.ends_with(b"/nologin") || value.ends_with(b"/false") {
            found.severity = Severity::Note;
        }
        if let Decision::Replace { path, .. } = decision {
            found.help = format!("write {}", path.as_bstr());
        }
    });
}
