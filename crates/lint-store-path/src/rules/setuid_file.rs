//! A file has a setuid or setgid bit.

use hermetic_out::{FindingKind, Group, Severity};

use crate::rule::{Check, FileSubject, Rule};
use crate::reporter::Reporter;
use crate::facts::Node;

pub(super) static RULE: Rule = Rule {
    kind: &FindingKind {
        id: "setuid-file",
        aliases: &[],
        severity: Severity::Error,
        group: Group::Tree,
        summary: "A file has a setuid or setgid bit",
        explanation: "Nix removes these bits from every file that it adds to its store, since old programs \
            with a vulnerability would otherwise remain available. The program will run without the bit.",
        example: "bin/su with mode 4755",
        remedy: "install the file without the bit; give the bit to a wrapper (security.wrappers on NixOS)",
    },
    check: Check::File(check),
};

fn check(subject: &FileSubject<'_>, reporter: &mut Reporter) {
    let is_file = matches!(subject.file.node, Node::File { .. });
    // On a directory, setgid says whose new files are: nothing that matters in a store.
    if is_file && subject.file.mode & 0o6000 != 0 {
        subject.report(reporter, "", format!("the mode {:04o} of the file has a setuid or setgid bit", subject.file.mode));
    }
}
