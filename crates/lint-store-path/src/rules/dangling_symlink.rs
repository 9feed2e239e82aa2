//! A link leads nowhere.

use bstr::ByteSlice;
use hermetic_out::{FindingKind, Group, Severity};

use crate::rule::{Check, FileSubject, Rule};
use crate::reporter::Reporter;
use crate::facts::Node;
use crate::links::{LinkTarget, goal};

pub(super) static RULE: Rule = Rule {
    kind: &FindingKind {
        id: "dangling-symlink",
        aliases: &[],
        severity: Severity::Warning,
        group: Group::Tree,
        summary: "A link leads nowhere",
        explanation: "Nothing is at the place in the store that the link names: it was removed after \
            the link was made, it is in an output that does not have it, or the link leads \
            in a circle. What opens it gets an error.",
        example: "lib/libx.so -> libx.so.1.2 (removed)",
        remedy: "let the link name what exists, or remove it",
    },
    check: Check::File(check),
};

fn check(subject: &FileSubject<'_>, reporter: &mut Reporter) {
    let Node::Link { target } = &subject.file.node else {
        return;
    };
    let closure = subject.inside.closure;
    let path = subject.path();
    if goal(closure.known.store(), &path, target) == LinkTarget::Store && closure.tree.look_up(&path).is_none() {
        // It may go on to something outside the store: that link has its own report.
        if !crate::links::leaves_store(closure.tree, closure.known.store(), &path) {
            let message = format!("it leads to {}, where nothing is", target.as_bstr());
            subject.report(reporter, target.clone(), message);
        }
    }
}
