//! A shell script in a unit or its like runs a command that is not on its search path.

use std::collections::BTreeSet;

use bstr::ByteSlice;
use hermetic_out::Decision;
use hermetic_out::kinds;
use hermetic_out_formats::Role;

use crate::rule::{Check, PathSubject, Rule};
use crate::reporter::Reporter;
use crate::resolved_reference::for_each;

pub(super) static RULE: Rule = Rule {
    kind: &kinds::MISSING_SHELL_COMMAND,
    check: Check::StorePath(check),
};

fn check(subject: &PathSubject<'_>, reporter: &mut Reporter) {
    let mut seen = BTreeSet::new();
    for_each(subject, |named| {
        let value = named.value();
        let is_bare = named.reference.role == Role::ShellCommand && !value.contains(&b'/');
        if !is_bare || named.has_own_search_path() {
            return;
        }
        let decision = named.decision();
        // One place of each command in a file says enough.
        let is_new = seen.insert((named.scanned.file.sub_path.clone(), value.to_vec()));
        if matches!(decision, Decision::Keep(_)) || !is_new {
            return;
        }
        let message = format!("the command {} is looked up on PATH", value.as_bstr());
        let file = named.scanned.file.path_in(subject.path);
        let found = reporter.report(file, value, message);
        found.span = named.reference.text.covering_span();
        if let Decision::Replace { path, .. } = decision {
            found.help = format!("write {}", path.as_bstr());
        }
    });
}
