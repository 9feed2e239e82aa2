//! A program looks for libraries in a directory that does not exist.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use bstr::ByteSlice;
use hermetic_out::{FindingKind, Group, Severity};
use hermetic_out::package::normalize;
use hermetic_out::tree::Node;
use hermetic_out_formats::elf::expand_origin;

use crate::rule::{Check, FileSubject, Rule};
use crate::reporter::Reporter;

pub(super) static RULE: Rule = Rule {
    kind: &FindingKind {
        id: "runpath-missing",
        aliases: &[],
        severity: Severity::Note,
        group: Group::Elf,
        summary: "A program looks for libraries in a directory that does not exist",
        explanation: "A directory of the RUNPATH is in the store, but not there. Each library is \
            looked for in it all the same, whenever the program starts. Often it is the \
            `lib` of an output whose libraries were moved to another one.",
        example: "RUNPATH /nix/store/…-x-1.0/lib64",
        remedy: "remove the entry (patchelf --shrink-rpath)",
    },
    check: Check::File(check),
};

fn check(subject: &FileSubject<'_>, reporter: &mut Reporter) {
    let Some(elf) = subject.file.elf() else {
        return;
    };
    for entry in elf.search_path() {
        let path = subject.path();
        let origin = path.parent().unwrap_or(&path).as_os_str().as_bytes();
        let Some(directory) = normalize(&expand_origin(entry, origin)) else {
            continue;
        };
        let directory = Path::new(OsStr::from_bytes(&directory));
        let closure = subject.inside.closure;
        let is_in_store = closure.known.store().store_path_of(directory).is_some();
        if is_in_store && closure.tree.look_up(directory) != Some(Node::Directory) {
            let message = format!("its RUNPATH has {}, which does not exist", entry.as_bstr());
            subject.report(reporter, entry.clone(), message);
        }
    }
}
