//! A D-Bus name starts a unit that no package in the closure ships.

use bstr::ByteSlice;
use hermetic_out::{FindingKind, Group, Severity};
use hermetic_out_formats::bus_service::manager_of;
use hermetic_out_formats::{Declaration, FileKind};

use crate::rule::{Check, ClosureSubject, Rule};
use crate::reporter::Reporter;
use crate::resolved_reference::of_kind;
use crate::systemd::Units;

pub(super) static RULE: Rule = Rule {
    kind: &FindingKind {
        id: "missing-systemd-service",
        aliases: &["systemd-service-not-shipped"],
        severity: Severity::Warning,
        group: Group::IntegrationFiles,
        summary: "A D-Bus name starts a unit that no package in the closure ships",
        explanation: "With `SystemdService=`, the bus asks systemd to start a unit. If no unit has that \
            name or an `Alias=` with it, clients that use the bus name get an error.",
        example: "[D-BUS Service]\nName=org.x\nSystemdService=gone.service",
        remedy: "ship the unit, correct the name, or add the name as `Alias=` to a unit",
    },
    check: Check::Closure(check),
};

fn check(subject: &ClosureSubject<'_>, reporter: &mut Reporter) {
    let units = Units::of(subject.known);
    for (store_path, scanned) in of_kind(subject.known, FileKind::BusService) {
        let manager = manager_of(&scanned.file.sub_path);
        for fact in &scanned.scan.declarations {
            let Declaration::SystemdService(name) = fact else {
                continue;
            };
            if units.has(manager, name.bytes()) {
                continue;
            }
            let message = format!("no package ships the unit {} that the bus name starts", name.bytes().as_bstr());
            let found = reporter.report(scanned.file.path_in(&store_path), name.bytes(), message);
            found.span = name.covering_span();
        }
    }
}
