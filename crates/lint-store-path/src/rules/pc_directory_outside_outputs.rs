//! A .pc file names a directory below /usr, or one of the store that does not exist.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use bstr::ByteSlice;
use hermetic_out::{FindingKind, Group, Severity};
use hermetic_out_formats::Declaration;

use crate::rule::{Check, FileSubject, Rule};
use crate::reporter::Reporter;
use crate::pkg_config::pc_file;

pub(super) static RULE: Rule = Rule {
    kind: &FindingKind {
        id: "pc-directory-outside-outputs",
        aliases: &[],
        severity: Severity::Warning,
        group: Group::PkgConfig,
        summary: "A .pc file names a directory below /usr, or one of the store that does not exist",
        explanation: "Compilers and builds that use the module are told to look there: below `/usr`, \
            `/lib` or `/opt` there is nothing of this package on a system with a store, and \
            what is there by chance is another version. `/etc`, `/var` and `/run` are places \
            of the running system, and no mistake.",
        example: "includedir=/usr/include",
        remedy: "write the directory of the output that has the files: rewrite-pkgconfig-prefix does so",
    },
    check: Check::File(check),
};

fn check(subject: &FileSubject<'_>, reporter: &mut Reporter) {
    let Some(scan) = pc_file(subject.file) else {
        return;
    };
    let closure = subject.inside.closure;
    let mut seen = BTreeSet::new();
    for fact in &scan.declarations {
        let Declaration::PkgConfigPath { name, path, text } = fact else {
            continue;
        };
        let place = Path::new(OsStr::from_bytes(path));
        let in_store = closure.known.store().store_path_of(place).is_some();
        let is_gone = in_store && closure.tree.look_up(place).is_none() && name != b"prefix";
        let top = path.split(|byte| *byte == b'/').nth(1).unwrap_or_default();
        let of_hierarchy = matches!(top, b"usr" | b"lib" | b"lib64" | b"opt" | b"bin" | b"sbin");
        if !is_gone && !of_hierarchy || !seen.insert(path) {
            continue;
        }
        let message = if is_gone {
            format!("{} does not exist", path.as_bstr())
        } else {
            format!("{} is not in the store", path.as_bstr())
        };
        let found = subject.report(reporter, path.clone(), message);
        found.span = text.covering_span();
        if is_gone {
            // Others may put files there; nothing is found there now.
            found.severity = Severity::Note;
        }
    }
}
