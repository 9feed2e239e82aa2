//! A script or a file in etc names a file in /etc that the package has in its own etc.

use bstr::ByteSlice;
use hermetic_out::{FindingKind, Group, Severity};
use hermetic_out_formats::Span;

use crate::rule::{Check, PathSubject, Rule};
use crate::reporter::Reporter;
use crate::etc_mentions;

pub(super) static RULE: Rule = Rule {
    kind: &FindingKind {
        id: "etc-path-in-text",
        aliases: &[],
        severity: Severity::Note,
        group: Group::Etc,
        summary: "A script or a file in etc names a file in /etc that the package has in its own etc",
        explanation: "The text names a path in `/etc`, and the store path has a file of that name in its \
            `etc`, which nothing reads there. Unless something links it to its place, the text \
            means a file that is not there.",
        example: "bin/x: . /etc/x/functions, and etc/x/functions exists",
        remedy: "run relocate-etc-to-out over the package, or write the store path",
    },
    check: Check::StorePath(check),
};

fn check(subject: &PathSubject<'_>, reporter: &mut Reporter) {
    for mentioned in etc_mentions::mentioned(subject) {
        // A file that says its own name, as comments do, opens nothing by it.
        let is_itself = mentioned.own == mentioned.file.sub_path;
        if mentioned.content.elf.is_none() && !is_itself {
            let path = &mentioned.mention.path;
            let message = format!(
                "it names {}, and the package has {}",
                path.as_bstr(),
                mentioned.own.as_bstr()
            );
            let file = mentioned.file.path_in(subject.path);
            let found = reporter.report(file, path.clone(), message);
            let start = usize::try_from(mentioned.mention.offset).ok();
            found.span = start.map(|start| Span::new(start, start + path.len()));
        }
    }
}
