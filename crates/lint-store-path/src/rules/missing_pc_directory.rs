//! A .pc file names a directory below /usr, or one of the store that does not exist.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use bstr::ByteSlice;
use hermetic_out::{Severity, kinds};
use hermetic_out_formats::Declaration;

use crate::rule::{Check, FileSubject, Rule};
use crate::reporter::Reporter;
use crate::pkg_config::{own_directory, pc_file};

pub(super) static RULE: Rule = Rule {
    kind: &kinds::MISSING_PC_DIRECTORY,
    check: Check::File(check),
};

fn check(subject: &FileSubject<'_>, reporter: &mut Reporter) {
    let Some(scan) = pc_file(subject.file) else {
        return;
    };
    let closure = subject.inside.closure;
    let mut seen = BTreeSet::new();
    for fact in &scan.declarations {
        let Declaration::PkgConfigPath {
            name,
            path,
            text,
            in_search_path,
        } = fact
        else {
            continue;
        };
        let place = Path::new(OsStr::from_bytes(path));
        let in_store = closure.known.store().store_path_of(place).is_some();
        let is_gone = in_store && closure.tree.look_up(place).is_none() && name != b"prefix";
        let top = path.split(|byte| *byte == b'/').nth(1).unwrap_or_default();
        let of_hierarchy = matches!(top, b"usr" | b"lib" | b"lib64" | b"opt" | b"bin" | b"sbin");
        // What a program searches on the machine.
        let is_of_machine = *in_search_path && text.bytes().starts_with(b"/");
        if !is_gone && (!of_hierarchy || is_of_machine) || !seen.insert(path) {
            continue;
        }
        let message = if is_gone {
            format!("the directory {} does not exist", path.as_bstr())
        } else {
            format!("the directory {} is not in the store", path.as_bstr())
        };
        let found = subject.report(reporter, path.clone(), message);
        found.span = text.covering_span();
        if let Some(own) = own_directory(subject.inside, path).filter(|_| !is_gone) {
            found.help = format!("write {}, as rewrite-pkgconfig-prefix does", own.display());
        }
        if is_gone {
            // Others may put files there; nothing is found there now.
            found.severity = Severity::Note;
        }
    }
}
