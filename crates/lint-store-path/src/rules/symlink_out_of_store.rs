//! A symbolic link leads out of the store.

use bstr::ByteSlice;
use hermetic_out::{FindingKind, Group, Severity};
use hermetic_out::resolve::is_place_of_packages;

use crate::rule::{Check, FileSubject, Rule};
use crate::reporter::Reporter;
use crate::facts::Node;
use crate::links::{LinkTarget, goal};

pub(super) static RULE: Rule = Rule {
    kind: &FindingKind {
        id: "symlink-out-of-store",
        aliases: &[],
        severity: Severity::Warning,
        group: Group::Tree,
        summary: "A symbolic link leads out of the store",
        explanation: "The link names a path of the machine, as `/usr/share/x`: its target is not part of \
            the package, and most machines do not have it. Links to files that a machine creates at run \
            time (`/dev`, `/proc`, `/run`, `/var` …) are not reported; links to its configuration in \
            `/etc` are a note.",
        example: "share/x -> /usr/share/x",
        remedy: "link to the store path of the package that has the file",
    },
    check: Check::File(check),
};

fn check(subject: &FileSubject<'_>, reporter: &mut Reporter) {
    let Node::Link { target } = &subject.file.node else {
        return;
    };
    let store = subject.inside.closure.known.store();
    let LinkTarget::Machine(place) = goal(store, &subject.path(), target) else {
        return;
    };
    if !is_place_of_packages(&place) {
        return;
    }
    let message = format!("the link leads to {}, which is not in the store", place.as_bstr());
    let found = subject.report(reporter, target.clone(), message);
    if place.starts_with(b"/etc/") || place == b"/etc" {
        found.severity = Severity::Note;
    }
}
