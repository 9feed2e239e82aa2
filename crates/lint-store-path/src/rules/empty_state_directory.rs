//! A store path has an empty directory for state.

use hermetic_out::{FindingKind, Group, Severity};

use crate::rule::{Check, PathSubject, Rule};
use crate::reporter::Reporter;
use crate::facts::Node;

pub(super) static RULE: Rule = Rule {
    kind: &FindingKind {
        id: "empty-state-directory",
        aliases: &[],
        severity: Severity::Note,
        group: Group::Tree,
        summary: "A store path has an empty directory for state",
        explanation: "`make install` made a directory such as `var/lib/x` or `run/x` for what the \
            program will write. In a store nothing can be written, so the directory is of no \
            use; and if the program was built to write there, it fails when it starts.",
        example: "$out/var/lib/x (empty)",
        remedy: "build with --localstatedir=/var and create the directory at run time (StateDirectory=, tmpfiles.d); do not install it",
    },
    check: Check::StorePath(check),
};

/// The directories of the hierarchy that hold state.
const TOPS: &[&str] = &["var", "run", "srv"];

fn check(subject: &PathSubject<'_>, reporter: &mut Reporter) {
    for top in TOPS {
        let Some(directory) = subject.facts.file(top.as_bytes()) else {
            continue;
        };
        let is_directory = matches!(directory.node, Node::Directory);
        let mut inside = subject.facts.below(top.as_bytes());
        if is_directory && inside.all(|file| matches!(file.node, Node::Directory)) {
            let path = directory.path_in(subject.path);
            reporter.report(path, "", "nothing is in it, and nothing can be written to it");
        }
    }
}
