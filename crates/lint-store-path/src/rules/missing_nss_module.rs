//! nsswitch.conf names a service whose library nothing in the closure has.

use std::collections::BTreeSet;

use bstr::ByteSlice;
use hermetic_out::kinds;
use hermetic_out_formats::FileKind;
use hermetic_out_formats::name_services::library_of;

use crate::rule::{Check, ClosureSubject, Rule};
use crate::reporter::Reporter;
use crate::resolved_reference::of_kind;

pub(super) static RULE: Rule = Rule {
    kind: &kinds::MISSING_NSS_MODULE,
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
                let message = format!("no package has the NSS module {}", library.as_bstr());
                let found = reporter.report(scanned.file.path_in(&store_path), service, message);
                found.span = reference.text.covering_span();
            }
        }
    }
}
