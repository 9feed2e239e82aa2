//! A unit forbids to run anything from the store.

use std::os::unix::ffi::OsStrExt;

use hermetic_out::kinds;

use crate::rule::{Check, PathSubject, Rule};
use crate::reporter::Reporter;
use crate::resolved_reference::for_each;

pub(super) static RULE: Rule = Rule {
    kind: &kinds::EXEC_PATHS_EXCLUDE_STORE,
    check: Check::StorePath(check),
};

fn check(subject: &PathSubject<'_>, reporter: &mut Reporter) {
    let store = subject
        .closure
        .known
        .store()
        .directory
        .as_os_str()
        .as_bytes();
    for_each(subject, |named| {
        let forbids = named.reference.field == "NoExecPaths" && named.value() == b"/";
        if forbids && named.settings.forbids(store) {
            let file = named.scanned.file.path_in(subject.path);
            let found = reporter.report(file, b"/", "NoExecPaths=/ forbids the programs and libraries of the store");
            found.span = named.reference.text.covering_span();
        }
    });
}
