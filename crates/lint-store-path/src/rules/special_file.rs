//! A store path holds a device, socket or FIFO.

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
        summary: "A store path holds a device, socket or FIFO",
        explanation: "Nix packs regular files, directories and links only: a store path with anything \
            else cannot be copied, and Nix refuses to register it. It was made by a program \
            that ran during the build.",
        example: "$out/run/x.sock",
        remedy: "do not install it: it is made at run time",
    },
    check: Check::File(check),
};

fn check(subject: &FileSubject<'_>, reporter: &mut Reporter) {
    if matches!(subject.file.node, Node::Special) {
        subject.report(reporter, "", "it is neither a regular file, a directory nor a link");
    }
}
