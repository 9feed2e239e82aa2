//! nsswitch.conf names a service whose library nothing in the closure has.

use std::collections::BTreeSet;

use bstr::ByteSlice;
use hermetic_out::{FindingKind, Group, Severity};
use hermetic_out_formats::FileKind;
use hermetic_out_formats::name_services::library_of;

use crate::rule::{Check, ClosureSubject, Rule};
use crate::reporter::Reporter;
use crate::resolved_reference::of_kind;

pub(super) static RULE: Rule = Rule {
    kind: &FindingKind {
        id: "name-service-missing",
        aliases: &[],
        severity: Severity::Warning,
        group: Group::Authentication,
        summary: "nsswitch.conf names a service whose library nothing in the closure has",
        explanation: "glibc loads `libnss_NAME.so.2` for each service that a line names; one that it \
            cannot load counts as unavailable, and the users, groups or hosts that it knows do \
            not exist. `files` and `dns` are part of glibc.",
        example: "passwd: files winbind",
        remedy: "add the package that has the library, or remove the service from the line",
    },
    check: Check::Closure(check),
};

fn check(subject: &ClosureSubject<'_>, reporter: &mut Reporter) {
    let mut libraries: BTreeSet<&[u8]> = BTreeSet::new();
    for file in subject.known.paths().iter().flat_map(|path| &path.files) {
        let name = file.sub_path.rsplit(|byte| *byte == b'/').next();
        libraries.extend(name.filter(|name| name.starts_with(b"libnss_")));
    }
    for (store_path, scanned) in of_kind(subject.known, FileKind::NameServices) {
        let mut seen = BTreeSet::new();
        for reference in &scanned.scan.references {
            let service = reference.text.bytes();
            let Some(library) = library_of(service) else {
                continue;
            };
            if !libraries.contains(&*library) && seen.insert(service) {
                let message = format!("nothing has {}", library.as_bstr());
                let found = reporter.report(scanned.file.path_in(&store_path), service, message);
                found.span = reference.text.covering_span();
            }
        }
    }
}
