//! A unit names a unit that no package in the closure ships.

use std::collections::BTreeSet;

use bstr::ByteSlice;
use hermetic_out::{FindingKind, Group, Severity};
use hermetic_out_formats::unit::place::{Manager, UnitPlace, parse_boolean, unit_key};
use hermetic_out_formats::{Declaration, FileKind, MappedText};

use crate::rule::{Check, ClosureSubject, Rule};
use crate::reporter::Reporter;
use crate::directives::directives;
use crate::facts::PathFacts;
use crate::resolved_reference::scanned;
use crate::systemd::Units;

pub(super) static RULE: Rule = Rule {
    kind: &FindingKind {
        id: "missing-unit",
        aliases: &["unit-not-shipped"],
        severity: Severity::Note,
        group: Group::Units,
        summary: "A unit names a unit that no package in the closure ships",
        explanation: "A unit does not start if a unit in `Requires=`, `BindsTo=` or `Requisite=` is \
            missing. It starts nothing if the unit in `Unit=`, `Service=` or `Sockets=` is missing, cannot \
            be enabled without the one in `Also=`, and is never started without the one in `WantedBy=`, \
            `RequiredBy=` or `UpheldBy=`, unless these name several: a warning. For `OnFailure=` and the \
            like it is a note. Ordering, weak dependencies and conflicts may name missing units: of these, \
            only a target whose name is that of a service, and a name that differs in one letter from a \
            unit of systemd are reported. A socket, timer or path unit without a unit starts the service \
            of its own name. The units of systemd and those that generators of the closure may create are \
            known.",
        example: "[Unit]\nRequires=gone.service",
        remedy: "add the package that has the unit to the closure, or correct the name",
    },
    check: Check::Closure(check),
};

fn check(subject: &ClosureSubject<'_>, reporter: &mut Reporter) {
    let units = Units::of(subject.known);
    own_name(subject, &units, reporter);
    for path in subject.known.paths() {
        let store_path = subject.known.store().path_of_name(&path.name);
        for scanned in scanned(path) {
            let sub_path = &scanned.file.sub_path;
            let of_unit = UnitPlace::of(sub_path).and_then(|place| place.manager());
            if of_unit.is_none() && scanned.kind != FileKind::UdevRules {
                continue;
            }
            let names = || {
                scanned.scan.declarations.iter().filter_map(|fact| match fact {
                    Declaration::NamesUnit { field, name } => Some((&**field, name)),
                    _ => None,
                })
            };
            let manager = |field: &str| match of_unit {
                Some(manager) => manager,
                None if field == "SYSTEMD_USER_WANTS" => Manager::User,
                None => Manager::System,
            };
            let has = |field: &str, name: &MappedText| {
                !name.is_literal() || units.has(manager(field), name.bytes())
            };
            let mut starters = names().filter(|(field, _)| weight(field) == Weight::Starter);
            let has_several_starters = starters.nth(1).is_some();
            for (field, name) in names() {
                if field == "Alias" || has(field, name) {
                    continue;
                }
                let weight = weight(field);
                let meant = units.meant_by(manager(field), name.bytes());
                let is_told = match weight {
                    Weight::Needed | Weight::Started => true,
                    // Of desktops, for example, whichever is there.
                    Weight::Starter => !has_several_starters,
                    Weight::Wish => meant.is_some(),
                };
                if !is_told {
                    continue;
                }
                let mut message = format!(
                    "{}= names {}, which no package ships",
                    field,
                    name.bytes().as_bstr()
                );
                if let Some(meant) = meant {
                    message = format!("{message}; {} exists", meant.as_bstr());
                }
                let found =
                    reporter.report(scanned.file.path_in(&store_path), name.bytes(), message);
                found.span = name.covering_span();
                if matches!(weight, Weight::Needed | Weight::Starter) {
                    found.severity = Severity::Warning;
                }
            }
        }
    }
}

/// A socket, timer or path that starts the unit of its own name, which nothing ships: systemd.socket(5)
/// `Service=`, systemd.timer(5) and systemd.path(5) `Unit=`.
fn own_name(subject: &ClosureSubject<'_>, units: &Units, reporter: &mut Reporter) {
    let mut told: BTreeSet<Vec<u8>> = BTreeSet::new();
    let mut accepts: BTreeSet<Vec<u8>> = BTreeSet::new();
    for file in subject.known.paths().iter().flat_map(PathFacts::of_known_format) {
        for directive in directives(file) {
            let key = unit_key(&file.sub_path);
            match directive.key.bytes() {
                b"Service" | b"Unit" => told.insert(key),
                b"Accept" if parse_boolean(directive.value.bytes()) == Some(true) => accepts.insert(key),
                _ => false,
            };
        }
    }
    for path in subject.known.paths() {
        let store_path = subject.known.store().path_of_name(&path.name);
        for scanned in scanned(path) {
            let place = UnitPlace::of(&scanned.file.sub_path);
            let Some(place) = place.filter(|place| place.name == scanned.file.file_name()) else {
                continue;
            };
            let (unit, key) = (place.name, unit_key(&scanned.file.sub_path));
            let endings: [&[u8]; 3] = [b".path", b".socket", b".timer"];
            let stem = endings.iter().find_map(|ending| unit.strip_suffix(*ending));
            let Some((stem, manager)) = stem.zip(place.manager()) else {
                continue;
            };
            if told.contains(&key) {
                continue;
            }
            let at: &[u8] = if accepts.contains(&key) && !stem.contains(&b'@') {
                b"@"
            } else {
                b""
            };
            let started = [stem, at, b".service"].concat();
            if !units.has(manager, &started) {
                let message = format!("the unit starts {}, which no package ships", started.as_bstr());
                let found = reporter.report(scanned.file.path_in(&store_path), started, message);
                found.severity = Severity::Warning;
            }
        }
    }
}

/// What it means for a unit that another one is not there.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Weight {
    /// It fails, or cannot be enabled.
    Needed,
    /// It would be started by it.
    Starter,
    /// It would start it at times.
    Started,
    /// Nothing: that is what the relation is for.
    Wish,
}

/// By the directives of systemd.unit(5), systemd.socket(5), systemd.timer(5), systemd.path(5).
fn weight(field: &str) -> Weight {
    match field {
        "Also"
        | "BindTo"
        | "BindsTo"
        | "Requires"
        | "RequiresOverridable"
        | "Requisite"
        | "RequisiteOverridable"
        | "Service"
        | "Sockets"
        | "Unit" => Weight::Needed,
        "RequiredBy" | "UpheldBy" | "WantedBy" => Weight::Starter,
        "After"
        | "Before"
        | "Conflicts"
        | "JoinsNamespaceOf"
        | "PartOf"
        | "PropagatesReloadTo"
        | "PropagatesStopTo"
        | "ReloadPropagatedFrom"
        | "StopPropagatedFrom"
        | "Upholds"
        | "Wants" => Weight::Wish,
        _ => Weight::Started,
    }
}
