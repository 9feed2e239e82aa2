//! A store path holds a store of its own.

use std::os::unix::ffi::OsStrExt;

use hermetic_out::{FindingKind, Group, Severity};

use crate::rule::{Check, PathSubject, Rule};
use crate::reporter::Reporter;

pub(super) static RULE: Rule = Rule {
    kind: &FindingKind {
        id: "destdir-nest",
        aliases: &[],
        severity: Severity::Warning,
        group: Group::Tree,
        summary: "A store path holds a store of its own",
        explanation: "The files were installed with DESTDIR, or a prefix was put in front of a path \
            that was whole already, and they were not moved to where they belong: what \
            should be in `$out/bin` is in `$out/nix/store/…/bin`, where nobody looks.",
        example: "$out/nix/store/…-x-1.0/bin/x",
        remedy: "install without DESTDIR, or move the files up after the installation",
    },
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
        reporter.report(path, "", "it holds what belongs in the store path itself");
    }
}
