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
        explanation: "`make install` created a directory such as `var/lib/x` or `run/x` for the state of \
            the program. A store is read-only, so the directory is useless. If the program was built to \
            write there, it fails when it starts.",
        example: "$out/var/lib/x (empty)",
        remedy: "build with `--localstatedir=/var`, create the directory at run time (`StateDirectory=`, \
            tmpfiles.d), and do not install it",
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
            reporter.report(path, "", "the directory is empty, and nothing can be written to it");
        }
    }
}
