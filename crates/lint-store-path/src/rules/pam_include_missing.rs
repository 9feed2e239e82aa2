//! A PAM service includes another one that nothing in the closure has.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use bstr::ByteSlice;
use hermetic_out::{FindingKind, Group, Severity};
use hermetic_out_formats::{FileKind, Role};

use crate::rule::{Check, ClosureSubject, Rule};
use crate::reporter::Reporter;
use crate::resolved_reference::of_kind;

pub(super) static RULE: Rule = Rule {
    kind: &FindingKind {
        id: "pam-include-missing",
        aliases: &[],
        severity: Severity::Warning,
        group: Group::Authentication,
        summary: "A PAM service includes another one that nothing in the closure has",
        explanation: "`include`, `substack` and `@include` take in the lines of another service of \
            `etc/pam.d`. Without it, libpam refuses the service that includes it. Services \
            such as `common-auth` and `system-auth` are the distribution's: on NixOS, \
            `security.pam.services` makes the files, and there are no such names.",
        example: "auth include common-auth",
        remedy: "write the lines themselves, or ship the service",
    },
    check: Check::Closure(check),
};

fn check(subject: &ClosureSubject<'_>, reporter: &mut Reporter) {
    let mut services: BTreeSet<&[u8]> = BTreeSet::new();
    for file in subject.known.paths().iter().flat_map(|path| &path.files) {
        let mut parts = file.sub_path.rsplit(|byte| *byte == b'/');
        if let (Some(name), Some(b"pam.d")) = (parts.next(), parts.next()) {
            services.insert(name);
        }
    }
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
                let message = format!("nothing has the service {}", service.as_bstr());
                let found = reporter.report(scanned.file.path_in(&store_path), service, message);
                found.span = reference.text.covering_span();
            }
        }
    }
}
