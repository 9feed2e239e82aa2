//! A store path has credentials that everybody can read.

use hermetic_out::kinds;

use crate::rule::{Check, FileSubject, Rule};
use crate::reporter::Reporter;
use crate::facts::Node;

pub(super) static RULE: Rule = Rule {
    kind: &kinds::CREDENTIAL_IN_STORE,
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
        subject.report(reporter, "", "everybody can read this credential");
    }
}
