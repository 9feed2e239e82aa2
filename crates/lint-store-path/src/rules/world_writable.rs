//! Every user may write to a file or directory.

use hermetic_out::{FindingKind, Group, Severity};

use crate::rule::{Check, FileSubject, Rule};
use crate::reporter::Reporter;
use crate::facts::Node;

pub(super) static RULE: Rule = Rule {
    kind: &FindingKind {
        id: "world-writable",
        aliases: &[],
        severity: Severity::Error,
        group: Group::Tree,
        summary: "Every user may write to a file or directory",
        explanation: "Nix removes write permissions from every file that it adds to its store. In this \
            tree, every user can change the file. A program that writes to it, as to a directory for its \
            state, will fail in the store.",
        example: "share/x/scores with mode 0666",
        remedy: "install the file without write permission for others",
    },
    check: Check::File(check),
};

fn check(subject: &FileSubject<'_>, reporter: &mut Reporter) {
    let is_meant = matches!(subject.file.node, Node::File { .. } | Node::Directory);
    if is_meant && subject.file.mode & 0o002 != 0 {
        subject.report(reporter, "", format!("the mode {:04o} lets every user write", subject.file.mode));
    }
}
