//! A link leads nowhere.

use bstr::ByteSlice;
use hermetic_out::kinds;

use crate::rule::{Check, FileSubject, Rule};
use crate::reporter::Reporter;
use crate::facts::Node;
use crate::links::{LinkTarget, goal};

pub(super) static RULE: Rule = Rule {
    kind: &kinds::DANGLING_SYMLINK,
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
            let message = format!("the link leads to {}, which does not exist", target.as_bstr());
            subject.report(reporter, target.clone(), message);
        }
    }
}
