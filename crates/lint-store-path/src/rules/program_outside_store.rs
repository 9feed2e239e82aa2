//! A program that is run is named by a path outside the store.

use std::os::unix::ffi::OsStrExt;

use bstr::ByteSlice;
use hermetic_out::Decision;
use hermetic_out::{FindingKind, Group, Severity};

use crate::rule::{Check, PathSubject, Rule};
use crate::reporter::Reporter;
use crate::resolved_reference::for_each;

pub(super) static RULE: Rule = Rule {
    kind: &FindingKind {
        id: "program-outside-store",
        aliases: &[],
        severity: Severity::Error,
        group: Group::Units,
        summary: "A program that is run is named by a path outside the store",
        explanation: "The path lies in `/usr`, `/bin` or another directory that a system with a store \
            does not fill, although the store path itself, or something that it refers to, has \
            the program. Where the line is run, it fails.",
        example: "ExecStart=/usr/sbin/chronyd",
        remedy: "run patch-systemd-units over the package, or write the store path",
    },
    check: Check::StorePath(check),
};

fn check(subject: &PathSubject<'_>, reporter: &mut Reporter) {
    let store = subject.closure.known.store();
    for_each(subject, |named| {
        let value = named.value();
        let path = std::path::Path::new(std::ffi::OsStr::from_bytes(value));
        let is_outside = value.starts_with(b"/") && store.store_path_of(path).is_none();
        if !named.runs() || named.is_shell() || !is_outside {
            return;
        }
        let Decision::Replace { path, .. } = named.decision() else {
            return;
        };
        let message = format!("the program {} is not in the store", value.as_bstr());
        let file = named.scanned.file.path_in(subject.path);
        let found = reporter.report(file, value, message);
        found.span = named.reference.text.covering_span();
        found.help = format!("write {}: patch-systemd-units does so", path.as_bstr());
        if named.reference.optional {
            found.severity = Severity::Warning;
        }
    });
}
