//! A script or a file in etc names a file in /etc that the package has in its own etc.

use std::collections::BTreeSet;

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
        summary: "A script or configuration file names a file of /etc that the package ships in its own \
            etc",
        explanation: "The text names a path in `/etc`, and the store path has that file in its `etc`, \
            where nothing reads it. Unless something links it to `/etc`, the named file does not exist. If a \
            file of the store path writes something in a directory above, it is not known which file that is: \
            then it has to be linked.",
        example: "bin/x: . /etc/x/functions, and etc/x/functions exists",
        remedy: "run relocate-etc-to-out over the package, or write the store path",
    },
    check: Check::StorePath(check),
};

fn check(subject: &PathSubject<'_>, reporter: &mut Reporter) {
    let mut told = BTreeSet::new();
    for mentioned in etc_mentions::mentioned(subject) {
        // A file that says its own name, as comments do, opens nothing by it.
        let is_itself = mentioned.own == mentioned.file.sub_path;
        let path = &mentioned.mention.path;
        if mentioned.content.elf.is_none()
            && !is_itself
            && told.insert((&mentioned.file.sub_path, path))
        {
            let written = if mentioned.may_be_written {
                "; the package writes in that directory"
            } else {
                ""
            };
            let message = format!(
                "the text names {}, and the package ships {}{written}",
                path.as_bstr(),
                mentioned.own.as_bstr()
            );
            let file = mentioned.file.path_in(subject.path);
            let found = reporter.report(file, path.clone(), message);
            if mentioned.may_be_written {
                "link the file to /etc (relocate-etc-to-out does so); nothing can be written in the store"
                    .clone_into(&mut found.help);
            }
            let start = usize::try_from(mentioned.mention.offset).ok();
            found.span = start.map(|start| Span::new(start, start + path.len()));
        }
    }
}
