//! A script or a file in etc names a file in /etc that the package has in its own etc.

use bstr::ByteSlice;
use hermetic_out::{FindingKind, Severity};
use hermetic_out_formats::Span;

use super::{Check, Group, PathSubject, Rule};
use crate::check::Findings;
use crate::facts::{MentionedPlace, Node};

pub(super) static RULE: Rule = Rule {
    kind: FindingKind {
        name: "etc-path-in-text",
        severity: Severity::Note,
        summary: "A script or a file in etc names a file in /etc that the package has in its own etc",
        explanation: "The text names a path in `/etc`, and the store path has a file of that name in its \
            `etc`, which nothing reads there. Unless something links it to its place, the text \
            means a file that is not there.",
    },
    group: Group::Etc,
    example: "bin/x: . /etc/x/functions, and etc/x/functions exists",
    remedy: "run relocate-etc-to-out over the package, or write the store path",
    check: Check::StorePath(check),
};

fn check(subject: &PathSubject<'_>, findings: &mut Findings) {
    for file in &subject.facts.files {
        let Some(content) = file.content().filter(|content| content.elf.is_none()) else {
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
            // A file that says its own name, as comments do, opens nothing by it.
            let is_itself = named == file.sub_path;
            if is_file && !is_itself {
                let message = format!(
                    "it names {}, and the package has {}",
                    mention.path.as_bstr(),
                    named.as_bstr()
                );
                let found =
                    findings.report(file.path_in(subject.path), mention.path.clone(), message);
                let start = usize::try_from(mention.offset).ok();
                found.span = start.map(|start| Span::new(start, start + mention.path.len()));
            }
        }
    }
}
