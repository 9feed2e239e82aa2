//! Anybody can put a library where a program looks for one.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use bstr::ByteSlice;
use hermetic_out::{FindingKind, Group, Severity};

use crate::rule::{Check, FileSubject, Rule};
use crate::reporter::Reporter;

pub(super) static RULE: Rule = Rule {
    kind: &FindingKind {
        id: "runpath-insecure",
        aliases: &[],
        severity: Severity::Error,
        group: Group::Elf,
        summary: "Anybody can put a library where a program looks for one",
        explanation: "A directory of the RUNPATH is one in which every user can make files (`/tmp`, \
            `/var/tmp`, `/build` on a machine without a sandbox), or it is not absolute, so \
            that it means the directory the program is started in. Whoever puts a library \
            there has it run by others. An empty entry, as two colons in a row leave it, \
            means the working directory, too.",
        example: "RUNPATH /tmp/nix-build-x/lib:/nix/store/…/lib",
        remedy: "remove the entry (patchelf --shrink-rpath, or fix the link flags)",
    },
    check: Check::File(check),
};

/// Directories in which anybody can make others.
const WRITABLE: &[&str] = &["/build", "/dev/shm", "/tmp", "/var/tmp"];

fn check(subject: &FileSubject<'_>, reporter: &mut Reporter) {
    let Some(elf) = subject.file.elf() else {
        return;
    };
    let store = subject.inside.closure.known.store();
    for entry in elf.search_path() {
        // A store may lie anywhere, and nobody writes to it.
        if store.store_path_of(Path::new(OsStr::from_bytes(entry))).is_some() {
            continue;
        }
        let is_below = |directory: &str| {
            let rest = entry.strip_prefix(directory.as_bytes());
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(b"/"))
        };
        let message = if entry.is_empty() {
            "its RUNPATH has an empty entry, which means the working directory".to_owned()
        } else if WRITABLE.iter().any(|directory| is_below(directory)) {
            format!("its RUNPATH has {}, where anybody can put files", entry.as_bstr())
        } else if !entry.starts_with(b"/") && !entry.starts_with(b"$") {
            format!("its RUNPATH has {}, which depends on the working directory", entry.as_bstr())
        } else {
            continue;
        };
        subject.report(reporter, entry.clone(), message);
    }
}
