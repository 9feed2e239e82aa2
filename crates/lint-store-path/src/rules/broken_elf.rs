//! An ELF file makes no sense.

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
        summary: "An ELF file makes no sense",
        explanation: "Its headers, its dynamic section, a string or a note lead out of the file, or \
            contradict each other. A program or library like that does not start, or was cut \
            off when it was copied; nothing that it needs can be checked.",
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
            ElfProblem::BadHeader => "its header is cut off, or of no known class",
            ElfProblem::BadProgramHeaders => "its program headers lie outside the file",
            ElfProblem::BadDynamicSection => "its dynamic section has no end, or no strings",
            ElfProblem::BadString => "a string that it names lies outside the file",
            ElfProblem::BadNote => "one of its notes is not what its lengths say",
            _ => "it makes no sense",
        };
        subject.report(reporter, "", message);
    }
}
