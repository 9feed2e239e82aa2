//! A PAM service includes another one that nothing in the closure has.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use bstr::ByteSlice;
use hermetic_out::kinds;
use hermetic_out_formats::{FileKind, Role};

use crate::rule::{Check, ClosureSubject, Rule};
use crate::reporter::Reporter;
use crate::resolved_reference::of_kind;

pub(super) static RULE: Rule = Rule {
    kind: &kinds::MISSING_PAM_INCLUDE,
    check: Check::Closure(check),
};

fn check(subject: &ClosureSubject<'_>, reporter: &mut Reporter) {
    let files = subject.known.in_directories(b"pam.d");
    let services: BTreeSet<&[u8]> = files.map(|(_, file)| file.file_name()).collect();
    for (store_path, scanned) in of_kind(subject.known, FileKind::Pam) {
        let mut seen = BTreeSet::new();
        for reference in &scanned.scan.references {
            let service = reference.text.bytes();
            if reference.role != Role::PamService || reference.optional {
                continue;
            }
            let exists = if service.starts_with(b"/") {
                subject
                    .tree
                    .look_up(Path::new(OsStr::from_bytes(service)))
                    .is_some()
            } else {
                services.contains(service)
            };
            if !exists && seen.insert(service) {
                let message = format!("no package has the PAM service {}", service.as_bstr());
                let found = reporter.report(scanned.file.path_in(&store_path), service, message);
                found.span = reference.text.covering_span();
            }
        }
    }
}
