//! An ELF file is malformed.

use hermetic_out::{FindingKind, Group, Severity};
use hermetic_out_formats::elf::ElfProblem;

use crate::rule::{Check, FileSubject, Rule};
use crate::reporter::Reporter;

pub(super) static RULE: Rule = Rule {
    kind: &FindingKind {
        id: "broken-elf",
        aliases: &[],
        severity: Severity::Warning,
        group: Group::Elf,
        summary: "An ELF file is malformed",
        explanation: "Its headers, its dynamic section, a string or a note point outside the file, or \
            contradict each other. Such a program or library does not start, or was truncated when it was \
            copied. Its dependencies cannot be checked.",
        example: "lib/libx.so: the first 40 bytes of a library",
        remedy: "build or copy the file again",
    },
    check: Check::File(check),
};

fn check(subject: &FileSubject<'_>, reporter: &mut Reporter) {
    let Some(elf) = subject.file.elf() else {
        return;
    };
    for problem in &elf.problems {
        let message = match problem {
            ElfProblem::BadHeader => "the ELF header is truncated or of an unknown class",
            ElfProblem::BadProgramHeaders => "the program headers of the ELF file lie outside it",
            ElfProblem::BadDynamicSection => "the dynamic section of the ELF file has no end or no strings",
            ElfProblem::BadString => "a string of the ELF file lies outside it",
            ElfProblem::LongSearchPath => "the search path of the ELF file has more directories than are read",
            ElfProblem::BadNote => "a note of the ELF file does not have the size that it declares",
            _ => "the ELF file is malformed",
        };
        subject.report(reporter, "", message);
    }
}
