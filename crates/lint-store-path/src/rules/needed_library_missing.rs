//! A library that a program or library is linked to cannot be found.

use bstr::ByteSlice;
use hermetic_out::{FindingKind, Group, Severity};

use crate::rule::{Check, FileSubject, Rule};
use crate::reporter::Reporter;
use crate::libraries::is_program;

pub(super) static RULE: Rule = Rule {
    kind: &FindingKind {
        id: "needed-library-missing",
        aliases: &[],
        severity: Severity::Error,
        group: Group::Elf,
        summary: "A library that a program or library is linked to cannot be found",
        explanation: "ld.so(8) looks for a needed library in the RPATH or RUNPATH of the file that \
            needs it, and beside the loader; in a store there is neither a cache of \
            libraries nor a `/lib`. A RUNPATH counts for the file that has it alone: what \
            its libraries need has to be in theirs. A program does not start without one of \
            its libraries. A library that finds another one only because of the program that \
            loads it is not reported if all known programs that load it do so, nor is a plugin \
            that needs what the programs of its package need themselves; else it is a warning.",
        example: "bin/x needs libssl.so.3, and its RUNPATH is empty",
        remedy: "link with the library's directory in RUNPATH, or use autoPatchelfHook with the library's package in buildInputs",
    },
    check: Check::File(check),
};

fn check(subject: &FileSubject<'_>, reporter: &mut Reporter) {
    let Some(elf) = subject.file.elf().filter(|elf| !elf.needed.is_empty()) else {
        return;
    };
    let path = subject.path();
    for name in subject.inside.closure.libraries.missing(&path, elf) {
        let place = if elf.search_path().is_empty() {
            "it has no RUNPATH"
        } else {
            "no directory of its RUNPATH has it"
        };
        let message = format!("it needs {}, and {place}", name.as_bstr());
        let found = subject.report(reporter, name, message);
        if !is_program(elf) || !subject.file.is_executable() {
            found.severity = Severity::Warning;
        }
    }
}
