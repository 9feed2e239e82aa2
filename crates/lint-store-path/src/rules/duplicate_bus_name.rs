//! Two activation files or two units have the same D-Bus name.

use std::collections::BTreeMap;

use bstr::ByteSlice;
use hermetic_out::{FindingKind, Group, Severity};
use hermetic_out_formats::unit::place::{Manager, UnitPlace};

use crate::rule::{Check, ClosureSubject, Rule};
use crate::reporter::Reporter;
use crate::directives::directives;
use crate::systemd::bus_names;

pub(super) static RULE: Rule = Rule {
    kind: &FindingKind {
        id: "duplicate-bus-name",
        aliases: &[],
        severity: Severity::Warning,
        group: Group::IntegrationFiles,
        summary: "Two activation files or two units have the same D-Bus name",
        explanation: "dbus-daemon takes the first activation file for a name, in the order of its \
            directories, and logs a warning for the others. systemd refuses the second unit with the same \
            `BusName=`. The system bus and the session buses are treated separately.",
        example: "a/share/dbus-1/services/org.x.service, b/share/dbus-1/services/org.x.service",
        remedy: "leave one of the packages out, or remove one of the files",
    },
    check: Check::Closure(check),
};

fn check(subject: &ClosureSubject<'_>, reporter: &mut Reporter) {
    for ((_, name), files) in bus_names(subject.known) {
        for file in files.iter().skip(1) {
            let first = files.first().map(|first| first.display().to_string());
            let first = first.unwrap_or_default();
            let message = format!("the bus name {} also has the activation file {first}", name.as_bstr());
            reporter.report(file, name.clone(), message);
        }
    }
    units(subject, reporter);
}

/// Units that have a bus name by `BusName=`: systemd loads the first, `unit_watch_bus_name()`.
fn units(subject: &ClosureSubject<'_>, reporter: &mut Reporter) {
    let mut owners: BTreeMap<(Manager, &[u8]), &[u8]> = BTreeMap::new();
    for path in subject.known.paths() {
        let store_path = subject.known.store().path_of_name(&path.name);
        for file in path.of_known_format() {
            let Some(UnitPlace { name: unit, directory, .. }) = UnitPlace::of(&file.sub_path) else {
                continue;
            };
            let Some(manager) = directory.manager else {
                continue;
            };
            for directive in directives(file) {
                let name = directive.value;
                let names_it = directive.key.bytes() == b"BusName" && directive.section == b"Service";
                // A specifier makes another name of each instance.
                if !names_it || name.is_empty() || name.bytes().contains(&b'%') {
                    continue;
                }
                let owner = *owners.entry((manager, name.bytes())).or_insert(unit);
                if owner != unit {
                    let name = name.bytes();
                    let message =
                        format!("the bus name {} also belongs to {}", name.as_bstr(), owner.as_bstr());
                    let found = reporter.report(file.path_in(&store_path), name, message);
                    found.span = directive.value.covering_span();
                }
            }
        }
    }
}
