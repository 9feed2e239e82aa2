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
        explanation: "Nix takes these bits from everything that it puts into its store, since anybody \
            could otherwise keep an old program with a hole. So the bit is there in this \
            tree alone, and the program will run without it.",
        example: "bin/su with mode 4755",
        remedy: "install it without the bit; give it to a wrapper (security.wrappers on NixOS)",
    },
    check: Check::File(check),
};

fn check(subject: &FileSubject<'_>, reporter: &mut Reporter) {
    let is_file = matches!(subject.file.node, Node::File { .. });
    // On a directory, setgid says whose new files are: nothing that matters in a store.
    if is_file && subject.file.mode & 0o6000 != 0 {
        subject.report(reporter, "", format!("its mode is {:04o}", subject.file.mode));
    }
}
