//! A file names the directory in which it was built.

use bstr::ByteSlice;
use hermetic_out::{FindingKind, Group, Severity};
use hermetic_out_formats::Span;

use crate::rule::{Check, FileSubject, Rule};
use crate::reporter::Reporter;
use crate::facts::MentionedPlace;

pub(super) static RULE: Rule = Rule {
    kind: &FindingKind {
        id: "build-directory",
        aliases: &[],
        severity: Severity::Warning,
        group: Group::Tree,
        summary: "A file names the directory in which it was built",
        explanation: "Nix builds packages in `/build` in its sandbox, and in `/tmp/nix-build-…` without \
            one. After the build, the directory does not exist. Below `/tmp`, every user can create it and \
            put files there.",
        example: "bin/x-config: echo --includes=/build/source/include",
        remedy: "make the build write the path of the installed file, or remove the line",
    },
    check: Check::File(check),
};

fn check(subject: &FileSubject<'_>, reporter: &mut Reporter) {
    let Some(content) = subject.file.content() else {
        return;
    };
    let mut mentions = content.mentions.iter();
    // One says enough: there may be thousands.
    if let Some(mention) = mentions.find(|mention| mention.place == MentionedPlace::BuildDirectory) {
        let message = format!("the file names the build directory {}", mention.path.as_bstr());
        let found = subject.report(reporter, mention.path.clone(), message);
        found.span = usize::try_from(mention.offset)
            .ok()
            .map(|start| Span::new(start, start + mention.path.len()));
    }
}
