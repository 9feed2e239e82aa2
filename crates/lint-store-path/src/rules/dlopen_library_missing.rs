//! A library that a program opens at run time cannot be found.

use bstr::ByteSlice;
use hermetic_out::{FindingKind, Group, Severity};
use hermetic_out_formats::elf::Priority;

use crate::rule::{Check, FileSubject, Rule};
use crate::reporter::Reporter;

pub(super) static RULE: Rule = Rule {
    kind: &FindingKind {
        id: "dlopen-library-missing",
        aliases: &[],
        severity: Severity::Warning,
        group: Group::Elf,
        summary: "A library that a program opens at run time cannot be found",
        explanation: "The file says itself, in its note `.note.dlopen`, which libraries it opens when \
            it needs them. They are looked for as those that it is linked to: in its RUNPATH \
            and beside the loader. If none of the names is found, a feature does not work, \
            and the error comes when somebody uses it. A library that is said to be required \
            is an error; one that is only suggested is not reported.",
        example: "lib/libsystemd.so.0 opens libzstd.so.1 (recommended)",
        remedy: "add the library's directory to the file's RUNPATH (patchelf --add-rpath, or autoPatchelfHook's runtimeDependencies)",
    },
    check: Check::File(check),
};

fn check(subject: &FileSubject<'_>, reporter: &mut Reporter) {
    let Some(elf) = subject.file.elf().filter(|elf| !elf.dlopen.is_empty()) else {
        return;
    };
    let path = subject.path();
    for entry in &elf.dlopen {
        let severity = match entry.priority {
            Priority::Required => Severity::Error,
            Priority::Recommended => Severity::Warning,
            _ => continue,
        };
        let libraries = subject.inside.closure.libraries;
        let mut names = entry.sonames.iter();
        let Some(first) = entry.sonames.first() else {
            continue;
        };
        if names.any(|name| libraries.find(&path, elf, name).is_some()) {
            continue;
        }
        let what = if entry.description.is_empty() {
            &entry.feature
        } else {
            &entry.description
        };
        let message = format!(
            "{} is in no directory of its RUNPATH; it is opened for: {what}",
            first.as_bstr()
        );
        subject.report(reporter, first.clone(), message).severity = severity;
    }
}
