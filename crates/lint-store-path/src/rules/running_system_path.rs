//! A file names a path that exists only on NixOS.

use bstr::ByteSlice;
use hermetic_out::{FindingKind, Group, Severity};
use hermetic_out_formats::Span;

use crate::rule::{Check, FileSubject, Rule};
use crate::reporter::Reporter;
use crate::facts::MentionedPlace;

pub(super) static RULE: Rule = Rule {
    kind: &FindingKind {
        id: "running-system-path",
        aliases: &[],
        severity: Severity::Note,
        group: Group::Tree,
        summary: "A file names a path that exists only on NixOS",
        explanation: "NixOS creates the links `/run/current-system` and `/run/booted-system` when it \
            starts. An image of store paths has neither, nor has another distribution that runs Nix. If \
            the program also looks elsewhere, nothing breaks.",
        example: "bin/x: PATH=/run/current-system/sw/bin",
        remedy: "name a store path, or a place in /etc or /usr",
    },
    check: Check::File(check),
};

fn check(subject: &FileSubject<'_>, reporter: &mut Reporter) {
    let Some(content) = subject.file.content() else {
        return;
    };
    let mut mentions = content.mentions.iter();
    // Manuals say how it is on NixOS.
    let is_read_by_people = subject.inside.facts.is_for_readers()
        || subject.file.sub_path.starts_with(b"share/doc/")
        || subject.file.sub_path.starts_with(b"share/man/");
    let mention = mentions.find(|mention| mention.place == MentionedPlace::RunningSystem);
    if let Some(mention) = mention.filter(|_| !is_read_by_people) {
        let message = format!("the file names {}, which exists only on NixOS", mention.path.as_bstr());
        let found = subject.report(reporter, mention.path.clone(), message);
        if content.elf.is_none() {
            found.span = usize::try_from(mention.offset)
                .ok()
                .map(|start| Span::new(start, start + mention.path.len()));
        }
    }
}
