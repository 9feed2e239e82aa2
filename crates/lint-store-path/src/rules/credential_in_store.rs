//! A store path has credentials that everybody can read.

use hermetic_out::{FindingKind, Group, Severity};

use crate::rule::{Check, FileSubject, Rule};
use crate::reporter::Reporter;
use crate::facts::Node;

pub(super) static RULE: Rule = Rule {
    kind: &FindingKind {
        id: "credential-in-store",
        aliases: &[],
        severity: Severity::Warning,
        group: Group::Tree,
        summary: "A store path has credentials that everybody can read",
        explanation: "systemd looks for encrypted and plain credentials in `lib/credstore` and \
            `lib/credstore.encrypted` (systemd.exec(5), `LoadCredential=`). Every user of \
            the machine can read all of the store, and so can whoever gets a copy of the \
            package from a binary cache.",
        example: "lib/credstore/x.password",
        remedy: "keep secrets out of packages: put them in /etc/credstore or /run/credstore of the machine",
    },
    check: Check::File(check),
};

/// Where credentials are looked for in the hierarchy of the vendor.
const DIRECTORIES: &[&str] = &["lib/credstore/", "lib/credstore.encrypted/"];

fn check(subject: &FileSubject<'_>, reporter: &mut Reporter) {
    if !matches!(subject.file.node, Node::File { .. }) {
        return;
    }
    let sub_path = subject.file.sub_path.as_slice();
    let is_credential = |directory: &str| sub_path.starts_with(directory.as_bytes());
    if DIRECTORIES.iter().any(|directory| is_credential(directory)) {
        subject.report(reporter, "", "it is a credential, and everybody can read it");
    }
}
