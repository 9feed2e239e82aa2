//! A link leads out of the store.

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
        summary: "A link leads out of the store",
        explanation: "The link names a place of the machine, as `/usr/share/x`: what is there is not \
            part of the package, and on most machines nothing is. Links to what a machine \
            makes at run time (`/dev`, `/proc`, `/run`, `/var` …) are not reported; those to \
            its configuration in `/etc` are a note.",
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
    let message = format!("it leads to {}, which is not in the store", place.as_bstr());
    let found = subject.report(reporter, target.clone(), message);
    if place.starts_with(b"/etc/") || place == b"/etc" {
        found.severity = Severity::Note;
    }
}
