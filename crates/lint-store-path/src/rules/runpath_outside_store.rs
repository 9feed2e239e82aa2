//! A program looks for libraries outside the store.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use bstr::ByteSlice;
use hermetic_out::{FindingKind, Group, Severity};
use hermetic_out::package::normalize;
use hermetic_out_formats::elf::expand_origin;

use crate::rule::{Check, FileSubject, Rule};
use crate::reporter::Reporter;

pub(super) static RULE: Rule = Rule {
    kind: &FindingKind {
        id: "runpath-outside-store",
        aliases: &[],
        severity: Severity::Warning,
        group: Group::Elf,
        summary: "A program looks for libraries outside the store",
        explanation: "A directory of the RUNPATH is not in the store. What is there depends on the \
            machine: on most of them nothing, on others a library of another version, which \
            may crash the program. `/run/opengl-driver`, where NixOS has the drivers of the \
            machine's graphics card, is not reported.",
        example: "RUNPATH /usr/lib/x86_64-linux-gnu",
        remedy: "remove the entry (patchelf --shrink-rpath), and add the directory of the package that has the library",
    },
    check: Check::File(check),
};

/// Where a machine has what belongs to its hardware, and what everybody can write to, which is worse and
/// has a rule of its own.
const OTHERS: &[&str] = &["/build", "/dev/shm", "/run/opengl-driver", "/tmp", "/var/tmp"];

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
        let store = subject.inside.closure.known.store();
        let is_other = OTHERS.iter().any(|other| directory.starts_with(other));
        if !is_other && store.store_path_of(directory).is_none() {
            let message = format!("its RUNPATH has {}, which is not in the store", entry.as_bstr());
            subject.report(reporter, entry.clone(), message);
        }
    }
}
