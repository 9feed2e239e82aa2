//! A PAM service names a module that nothing in the closure has.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use bstr::ByteSlice;
use hermetic_out::kinds;
use hermetic_out_formats::pam::is_common_module;
use hermetic_out_formats::{FileKind, Role};

use crate::rule::{Check, ClosureSubject, Rule};
use crate::reporter::Reporter;
use crate::resolved_reference::of_kind;

pub(super) static RULE: Rule = Rule {
    kind: &kinds::MISSING_PAM_MODULE,
    check: Check::Closure(check),
};

fn check(subject: &ClosureSubject<'_>, reporter: &mut Reporter) {
    let files = subject.known.in_directories(b"security");
    let modules: BTreeSet<&[u8]> = files.map(|(_, file)| file.file_name()).collect();
    for (store_path, scanned) in of_kind(subject.known, FileKind::Pam) {
        for reference in &scanned.scan.references {
            let module = reference.text.bytes();
            if reference.role != Role::PamModule || reference.optional {
                continue;
            }
            let exists = if module.starts_with(b"/") {
                subject
                    .tree
                    .look_up(Path::new(OsStr::from_bytes(module)))
                    .is_some()
            } else {
                modules.contains(module) || is_common_module(module)
            };
            if !exists {
                let message = format!("no package has the PAM module {}", module.as_bstr());
                let found = reporter.report(scanned.file.path_in(&store_path), module, message);
                found.span = reference.text.covering_span();
            }
        }
    }
}
