//! A store path holds a store of its own.

use std::os::unix::ffi::OsStrExt;

use hermetic_out::kinds;

use crate::rule::{Check, PathSubject, Rule};
use crate::reporter::Reporter;

pub(super) static RULE: Rule = Rule {
    kind: &kinds::DESTDIR_NEST,
    check: Check::StorePath(check),
};

fn check(subject: &PathSubject<'_>, reporter: &mut Reporter) {
    let store = subject.closure.known.store().directory.as_os_str().as_bytes();
    let inside = store.strip_prefix(b"/").unwrap_or(store);
    if inside.is_empty() {
        return;
    }
    if let Some(nest) = subject.facts.file(inside)
        && subject.facts.below(inside).next().is_some()
    {
        let path = nest.path_in(subject.path);
        reporter.report(path, "", "the store directory in this store path contains files that belong in the store path itself");
    }
}
