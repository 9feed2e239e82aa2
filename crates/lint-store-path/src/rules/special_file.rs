//! A store path contains a device, socket or FIFO.

use hermetic_out::{FindingKind, Group, Severity};

use crate::rule::{Check, FileSubject, Rule};
use crate::reporter::Reporter;
use crate::facts::Node;

pub(super) static RULE: Rule = Rule {
    kind: &FindingKind {
        id: "special-file",
        aliases: &[],
        severity: Severity::Error,
        group: Group::Tree,
        summary: "A store path contains a device, socket or FIFO",
        explanation: "Nix stores regular files, directories and symbolic links only. A store path with any \
            other file cannot be copied, and Nix refuses to register it. A program that ran during the \
            build created the file.",
        example: "$out/run/x.sock",
        remedy: "do not install the file; create it at run time",
    },
    check: Check::File(check),
};

fn check(subject: &FileSubject<'_>, reporter: &mut Reporter) {
    if matches!(subject.file.node, Node::Special) {
        subject.report(reporter, "", "the file is neither a regular file, a directory nor a symbolic link");
    }
}
