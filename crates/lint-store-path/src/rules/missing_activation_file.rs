//! No D-Bus activation file starts a service that has a bus name.

use std::collections::BTreeSet;

use bstr::ByteSlice;
use hermetic_out::{FindingKind, Group, Severity};
use hermetic_out_formats::Declaration;
use hermetic_out_formats::FileKind;

use crate::rule::{Check, PathSubject, Rule};
use crate::reporter::Reporter;
use crate::directives::directives;
use crate::resolved_reference::scanned;

pub(super) static RULE: Rule = Rule {
    kind: &FindingKind {
        id: "missing-activation-file",
        aliases: &["bus-name-not-activatable"],
        severity: Severity::Note,
        group: Group::Units,
        summary: "No D-Bus activation file starts a service that has a bus name",
        explanation: "`BusName=` says that the service is ready once it has that name on the bus. The \
            store path has no activation file for the name, so a client that uses the name does not start \
            the service. That is right for a service that always runs, and an omission for one that is to \
            run on demand.",
        example: "[Service]\nType=dbus\nBusName=org.x",
        remedy: "ship `share/dbus-1/system-services/NAME.service` with `SystemdService=`, or ignore the \
            finding if the service always runs",
    },
    check: Check::StorePath(check),
};

fn check(subject: &PathSubject<'_>, reporter: &mut Reporter) {
    let activation = scanned(subject.facts).filter(|file| file.kind == FileKind::BusService);
    let facts = activation.flat_map(|file| &file.scan.declarations);
    let activated: BTreeSet<&[u8]> = facts
        .filter_map(|fact| match fact {
            Declaration::BusName(name) => Some(name.bytes()),
            _ => None,
        })
        .collect();
    for file in &subject.facts.files {
        for directive in directives(file) {
            let name = directive.value;
            let names_it = directive.key.bytes() == b"BusName" && directive.section == b"Service";
            if names_it
                && !name.is_empty()
                && !name.bytes().contains(&b'%')
                && !activated.contains(name.bytes())
            {
                let message = format!("no activation file has the bus name {}", name.bytes().as_bstr());
                let found = reporter.report(file.path_in(subject.path), name.bytes(), message);
                found.span = name.covering_span();
            }
        }
    }
}
