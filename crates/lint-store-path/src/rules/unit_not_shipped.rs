//! A unit names another one that nothing in the closure ships.

use std::collections::BTreeSet;

use bstr::ByteSlice;
use hermetic_out::{FindingKind, Severity};
use hermetic_out_formats::kind::{is_user_unit, unit_name};
use hermetic_out_formats::{Fact, FileKind};

use super::{Check, ClosureSubject, Group, Rule};
use crate::check::Findings;
use crate::directives::directives;
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
            may be there. A socket, timer or path that names no unit starts the service of its \
            own name. The units of systemd itself are known.",
    },
    group: Group::Units,
    example: "[Unit]\nRequires=gone.service",
    remedy: "add the package that has the unit to the closure, or correct the name",
    check: Check::Closure(check),
};

fn check(subject: &ClosureSubject<'_>, findings: &mut Findings) {
    let units = Units::of(subject.known);
    own_name(subject, &units, findings);
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

/// A socket, timer or path that starts the unit of its own name, which nothing ships: systemd.socket(5)
/// `Service=`, systemd.timer(5) and systemd.path(5) `Unit=`.
fn own_name(subject: &ClosureSubject<'_>, units: &Units, findings: &mut Findings) {
    let mut told: BTreeSet<(bool, &[u8])> = BTreeSet::new();
    let mut accepts: BTreeSet<(bool, &[u8])> = BTreeSet::new();
    for file in subject.known.paths().iter().flat_map(|path| &path.files) {
        for directive in directives(file) {
            let key = (is_user_unit(&file.sub_path), unit_name(&file.sub_path));
            match directive.key.bytes() {
                b"Service" | b"Unit" => told.insert(key),
                b"Accept" if is_true(directive.value.bytes()) => accepts.insert(key),
                _ => false,
            };
        }
    }
    for path in subject.known.paths() {
        let store_path = subject.known.store().named(&path.name);
        for scanned in scanned(path).filter(|scanned| scanned.kind == FileKind::Unit) {
            let sub_path = &scanned.file.sub_path;
            let unit = unit_name(sub_path);
            let of_users = is_user_unit(sub_path);
            let endings: [&[u8]; 3] = [b".path", b".socket", b".timer"];
            let stem = endings.iter().find_map(|ending| unit.strip_suffix(*ending));
            let Some(stem) = stem.filter(|_| sub_path.ends_with(unit)) else {
                continue;
            };
            if !is_unit_of_a_manager(sub_path) || told.contains(&(of_users, unit)) {
                continue;
            }
            let at: &[u8] = if accepts.contains(&(of_users, unit)) && !stem.contains(&b'@') {
                b"@"
            } else {
                b""
            };
            let started = [stem, at, b".service"].concat();
            if !units.has(of_users, &started) {
                let message = format!("it starts {}, which nothing ships", started.as_bstr());
                let found = findings.report(scanned.file.path_in(&store_path), started, message);
                found.severity = Severity::Warning;
            }
        }
    }
}

/// What systemd takes for a yes: `parse_boolean()`.
fn is_true(value: &[u8]) -> bool {
    let yes: [&[u8]; 6] = [b"1", b"yes", b"y", b"true", b"t", b"on"];
    yes.iter().any(|yes| value.eq_ignore_ascii_case(yes))
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
