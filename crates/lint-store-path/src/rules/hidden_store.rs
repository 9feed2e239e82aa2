//! A unit hides the store from its programs.

use std::os::unix::ffi::OsStrExt;

use bstr::ByteSlice;
use hermetic_out::{Severity, kinds};

use crate::rule::{Check, PathSubject, Rule};
use crate::reporter::Reporter;
use crate::resolved_reference::for_each_file;

pub(super) static RULE: Rule = Rule {
    kind: &kinds::HIDDEN_STORE,
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
    for_each_file(subject, |scanned, settings| {
        if let Some((field, place)) = settings.hiding(scanned.scan, store) {
            let file = scanned.file.path_in(subject.path);
            let path = place.bytes();
            let message = format!(
                "{field}={} hides the programs and libraries of the store",
                path.as_bstr()
            );
            let found = reporter.report(file, path, message);
            found.span = place.covering_span();
            // The other root may have a store of its own.
            if field.starts_with("Root") {
                found.severity = Severity::Warning;
            }
        }
    });
}
