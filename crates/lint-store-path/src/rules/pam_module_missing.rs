//! A PAM service names a module that nothing in the closure has.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use bstr::ByteSlice;
use hermetic_out::{FindingKind, Group, Severity};
use hermetic_out_formats::pam::is_common_module;
use hermetic_out_formats::{FileKind, Role};

use crate::rule::{Check, ClosureSubject, Rule};
use crate::reporter::Reporter;
use crate::resolved_reference::of_kind;

pub(super) static RULE: Rule = Rule {
    kind: &FindingKind {
        id: "pam-module-missing",
        aliases: &[],
        severity: Severity::Error,
        group: Group::Authentication,
        summary: "A PAM service names a module that nothing in the closure has",
        explanation: "libpam refuses the service if a module cannot be loaded: nobody authenticates \
            through it (pam.d(5)). Modules of Linux-PAM itself and of systemd are known, \
            whether they are in the closure or not; lines that begin with `-` may lack theirs.",
        example: "auth required pam_gone.so",
        remedy: "add the package that has the module, or remove the line",
    },
    check: Check::Closure(check),
};

fn check(subject: &ClosureSubject<'_>, reporter: &mut Reporter) {
    let mut modules: BTreeSet<&[u8]> = BTreeSet::new();
    for file in subject.known.paths().iter().flat_map(|path| &path.files) {
        let mut parts = file.sub_path.rsplit(|byte| *byte == b'/');
        if let (Some(name), Some(b"security")) = (parts.next(), parts.next()) {
            modules.insert(name);
        }
    }
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
                let message = format!("nothing has the module {}", module.as_bstr());
                let found = reporter.report(scanned.file.path_in(&store_path), module, message);
                found.span = reference.text.covering_span();
            }
        }
    }
}
