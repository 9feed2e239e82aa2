//! Every user can put a library where a program looks for one.

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
        summary: "Every user can put a library where a program looks for one",
        explanation: "A directory of the RUNPATH is writable for every user (`/tmp`, `/var/tmp`, `/build` \
            on a machine without a sandbox), or it is not absolute, so that it depends on the working \
            directory. A library that somebody puts there runs with the permissions of others. An empty \
            entry, between two colons, means the working directory, too.",
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
            "the RUNPATH has an empty entry, which means the working directory".to_owned()
        } else if WRITABLE.iter().any(|directory| is_below(directory)) {
            format!("the RUNPATH has {}, where every user can put files", entry.as_bstr())
        } else if !entry.starts_with(b"/") && !entry.starts_with(b"$") {
            format!("the RUNPATH has {}, which depends on the working directory", entry.as_bstr())
        } else {
            continue;
        };
        subject.report(reporter, entry.clone(), message);
    }
}
