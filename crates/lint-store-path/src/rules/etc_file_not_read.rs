//! A program reads a file from /etc that the package has in its own etc.

use bstr::ByteSlice;
use hermetic_out::{FindingKind, Severity};

use super::{Check, Group, PathSubject, Rule};
use crate::check::Findings;
use crate::facts::{MentionedPlace, Node};

pub(super) static RULE: Rule = Rule {
    kind: FindingKind {
        name: "etc-file-not-read",
        severity: Severity::Warning,
        summary: "A program reads a file from /etc that the package has in its own etc",
        explanation: "The constant data of a program or library name a path in `/etc`, and the store \
            path has just that file in its `etc`: nothing reads it there. Unless something \
            links it to its place, what the package ships as its configuration is not in \
            effect.",
    },
    group: Group::Etc,
    example: "bin/x holds \"/etc/x/x.conf\", and etc/x/x.conf exists",
    remedy: "run relocate-etc-to-out over the package, or link the file into /etc",
    check: Check::StorePath(check),
};

fn check(subject: &PathSubject<'_>, findings: &mut Findings) {
    for file in &subject.facts.files {
        let Some(content) = file.content().filter(|content| content.elf.is_some()) else {
            continue;
        };
        for mention in &content.mentions {
            let named = mention
                .path
                .strip_prefix(b"/")
                .filter(|path| path.starts_with(b"etc/"));
            let Some(named) = named.filter(|_| mention.place == MentionedPlace::Hierarchy) else {
                continue;
            };
            let named = named.strip_suffix(b"/").unwrap_or(named);
            let shipped = subject.facts.file(named);
            let is_file = shipped.is_some_and(|file| matches!(file.node, Node::File { .. }));
            if is_file {
                let message = format!(
                    "it reads {}, and the package has {}",
                    mention.path.as_bstr(),
                    named.as_bstr()
                );
                findings.report(file.path_in(subject.path), mention.path.clone(), message);
            }
        }
    }
}
