//! A program reads a file from /etc that the package has in its own etc.

use bstr::ByteSlice;
use hermetic_out::{FindingKind, Group, Severity};

use crate::rule::{Check, PathSubject, Rule};
use crate::reporter::Reporter;
use crate::etc_mentions;

pub(super) static RULE: Rule = Rule {
    kind: &FindingKind {
        id: "etc-file-not-read",
        aliases: &[],
        severity: Severity::Warning,
        group: Group::Etc,
        summary: "A program reads a file from /etc that the package has in its own etc",
        explanation: "The constant data of a program or library name a path in `/etc`, and the store \
            path has just that file in its `etc`: nothing reads it there. Unless something \
            links it to its place, what the package ships as its configuration is not in \
            effect.",
        example: "bin/x holds \"/etc/x/x.conf\", and etc/x/x.conf exists",
        remedy: "run relocate-etc-to-out over the package, or link the file into /etc",
    },
    check: Check::StorePath(check),
};

fn check(subject: &PathSubject<'_>, reporter: &mut Reporter) {
    for mentioned in etc_mentions::mentioned(subject) {
        if mentioned.content.elf.is_some() {
            let path = &mentioned.mention.path;
            let message = format!(
                "it reads {}, and the package has {}",
                path.as_bstr(),
                mentioned.own.as_bstr()
            );
            reporter.report(
                mentioned.file.path_in(subject.path),
                path.clone(),
                message,
            );
        }
    }
}
