//! A library that a program loads at run time cannot be found.

use bstr::ByteSlice;
use hermetic_out::{FindingKind, Group, Severity};
use hermetic_out_formats::elf::Priority;

use crate::rule::{Check, FileSubject, Rule};
use crate::reporter::Reporter;

pub(super) static RULE: Rule = Rule {
    kind: &FindingKind {
        id: "missing-dlopen-library",
        aliases: &["dlopen-library-missing"],
        severity: Severity::Warning,
        group: Group::Elf,
        summary: "A library that a program loads at run time cannot be found",
        explanation: "The note `.note.dlopen` of the file lists the libraries that it loads with \
            dlopen(3). They are looked for in the same places as linked libraries: in the RUNPATH of the \
            file and beside the loader. If none of the names is found, a feature does not work, and the \
            error appears when it is used. A required library is an error; one that is only suggested is \
            not reported.",
        example: "lib/libsystemd.so.0 opens libzstd.so.1 (recommended)",
        remedy: "add the library's directory to the file's RUNPATH (patchelf --add-rpath, or autoPatchelfHook's runtimeDependencies)",
    },
    check: Check::File(check),
};

fn check(subject: &FileSubject<'_>, reporter: &mut Reporter) {
    let Some(elf) = subject.file.elf().filter(|elf| !elf.dlopen.is_empty()) else {
        return;
    };
    let libraries = subject.inside.closure.libraries;
    let directories = libraries.directories(&subject.path(), elf);
    for entry in &elf.dlopen {
        let severity = match entry.priority {
            Priority::Required => Severity::Error,
            Priority::Recommended => Severity::Warning,
            _ => continue,
        };
        let mut names = entry.sonames.iter();
        let Some(first) = entry.sonames.first() else {
            continue;
        };
        if names.any(|name| libraries.find(&directories, name).is_some()) {
            continue;
        }
        let what = if entry.description.is_empty() {
            &entry.feature
        } else {
            &entry.description
        };
        let message = format!(
            "no directory of the RUNPATH has {}, which is loaded for: {what}",
            first.as_bstr()
        );
        subject.report(reporter, first.clone(), message).severity = severity;
    }
}
