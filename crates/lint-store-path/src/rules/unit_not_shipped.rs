//! A unit names another one that nothing in the closure ships.

use bstr::ByteSlice;
use hermetic_out::{FindingKind, Severity};
use hermetic_out_formats::kind::is_user_unit;
use hermetic_out_formats::{Fact, FileKind};

use super::{Check, ClosureSubject, Group, Rule};
use crate::check::Findings;
use crate::named::scanned;
use crate::systemd::{Units, is_unit_of_a_manager};

pub(super) static RULE: Rule = Rule {
    kind: FindingKind {
        name: "unit-not-shipped",
        severity: Severity::Note,
        summary: "A unit names another one that nothing in the closure ships",
        explanation: "What `Requires=`, `BindsTo=` or `Requisite=` names has to be there, or the unit \
            does not start; what `WantedBy=`, `RequiredBy=`, `Unit=`, `Service=` and \
            `Sockets=` name, or the unit is never started as it is meant to: a warning. For an \
            order, a wish or a conflict it is only a note, since units often name others that \
            may be there. The units of systemd itself are known.",
    },
    group: Group::Units,
    example: "[Unit]\nRequires=gone.service",
    remedy: "add the package that has the unit to the closure, or correct the name",
    check: Check::Closure(check),
};

fn check(subject: &ClosureSubject<'_>, findings: &mut Findings) {
    let units = Units::of(subject.known);
    for path in subject.known.paths() {
        let store_path = subject.known.store().named(&path.name);
        for scanned in scanned(path) {
            let sub_path = &scanned.file.sub_path;
            let is_unit = scanned.kind == FileKind::Unit && is_unit_of_a_manager(sub_path);
            if !is_unit && scanned.kind != FileKind::UdevRules {
                continue;
            }
            for fact in &scanned.scan.facts {
                let Fact::NamesUnit { field, name } = fact else {
                    continue;
                };
                let of_users = is_user_unit(sub_path) || *field == "SYSTEMD_USER_WANTS";
                let is_own_name = *field == "Alias";
                if is_own_name || !name.is_literal() || units.has(of_users, name.bytes()) {
                    continue;
                }
                let message = format!(
                    "{}= names {}, which nothing ships",
                    field,
                    name.bytes().as_bstr()
                );
                let found =
                    findings.report(scanned.file.path_in(&store_path), name.bytes(), message);
                found.span = name.extent();
                found.severity = severity(field);
            }
        }
    }
}

fn severity(field: &str) -> Severity {
    match field {
        "BindTo"
        | "BindsTo"
        | "RequiredBy"
        | "Requires"
        | "RequiresOverridable"
        | "Requisite"
        | "RequisiteOverridable"
        | "Service"
        | "Sockets"
        | "Unit"
        | "UpheldBy"
        | "WantedBy" => Severity::Warning,
        _ => Severity::Note,
    }
}
