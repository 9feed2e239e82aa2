//! A service waits for its D-Bus name, and no activation file starts it.

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
        id: "bus-name-not-activatable",
        aliases: &[],
        severity: Severity::Note,
        group: Group::Units,
        summary: "A service waits for its D-Bus name, and no activation file starts it",
        explanation: "`BusName=` says that the service is ready once it has that name on the bus. There \
            is no activation file of that name in the store path, so that nobody who talks to \
            the name starts the service: right for what always runs, and an omission for what \
            should run on demand.",
        example: "[Service]\nType=dbus\nBusName=org.x",
        remedy: "ship `share/dbus-1/system-services/NAME.service` with `SystemdService=`, or leave it if the service always runs",
    },
    check: Check::StorePath(check),
};

fn check(subject: &PathSubject<'_>, reporter: &mut Reporter) {
    let has_activation = |name: &[u8]| {
        let activation = scanned(subject.facts).filter(|file| file.kind == FileKind::BusService);
        let mut facts = activation.flat_map(|file| &file.scan.declarations);
        facts.any(|fact| matches!(fact, Declaration::BusName(known) if known.bytes() == name))
    };
    for file in &subject.facts.files {
        for directive in directives(file) {
            let name = directive.value;
            let names_it = directive.key.bytes() == b"BusName" && directive.section == b"Service";
            if names_it
                && !name.is_empty()
                && !name.bytes().contains(&b'%')
                && !has_activation(name.bytes())
            {
                let message = format!("no activation file has {}", name.bytes().as_bstr());
                let found = reporter.report(file.path_in(subject.path), name.bytes(), message);
                found.span = name.covering_span();
            }
        }
    }
}
