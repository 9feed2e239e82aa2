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
        explanation: "`/build` is where Nix builds packages in its sandbox, `/tmp/nix-build-…` where \
            it builds without one. After the build, nothing is there. Worse, in a directory \
            below `/tmp` anybody can put something.",
        example: "bin/x-config: echo --includes=/build/source/include",
        remedy: "make the build write where the file is installed, or remove the line",
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
        let message = format!("it names {}", mention.path.as_bstr());
        let found = subject.report(reporter, mention.path.clone(), message);
        found.span = usize::try_from(mention.offset)
            .ok()
            .map(|start| Span::new(start, start + mention.path.len()));
    }
}
