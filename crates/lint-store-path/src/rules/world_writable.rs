//! Everybody may write to a file or directory.

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
        summary: "Everybody may write to a file or directory",
        explanation: "Nix takes the write permissions from everything that it puts into its store. In \
            this tree, anybody can change the file; and a program that relies on it, as on a \
            directory for its state, will fail in the store.",
        example: "share/x/scores with mode 0666",
        remedy: "install it without write permission for others",
    },
    check: Check::File(check),
};

fn check(subject: &FileSubject<'_>, reporter: &mut Reporter) {
    let is_meant = matches!(subject.file.node, Node::File { .. } | Node::Directory);
    if is_meant && subject.file.mode & 0o002 != 0 {
        subject.report(reporter, "", format!("its mode is {:04o}", subject.file.mode));
    }
}
