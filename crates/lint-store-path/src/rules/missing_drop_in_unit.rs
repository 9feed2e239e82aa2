//! A drop-in is for a unit that no package in the closure ships.

use bstr::ByteSlice;
use hermetic_out::{FindingKind, Group, Severity};
use hermetic_out_formats::FileKind;

use crate::rule::{Check, ClosureSubject, Rule};
use crate::reporter::Reporter;
use crate::merged_unit::drop_in;
use crate::resolved_reference::of_kind;
use crate::systemd::Units;

pub(super) static RULE: Rule = Rule {
    kind: &FindingKind {
        id: "missing-drop-in-unit",
        aliases: &["drop-in-without-unit"],
        severity: Severity::Warning,
        group: Group::Units,
        summary: "A drop-in is for a unit that no package in the closure ships",
        explanation: "The directory `x.service.d` changes the unit `x.service`. If that unit does not \
            exist or has another name, the drop-in has no effect, and systemd does not report it. Drop-ins \
            for all units of a type (`service.d`) and of a prefix (`x-.service.d`) are ignored.",
        example: "lib/systemd/system/gone.service.d/limits.conf",
        remedy: "correct the name of the directory, or add the package that has the unit",
    },
    check: Check::Closure(check),
};

fn check(subject: &ClosureSubject<'_>, reporter: &mut Reporter) {
    let units = Units::of(subject.known);
    for (store_path, scanned) in of_kind(subject.known, FileKind::Unit) {
        let Some(place) = drop_in(scanned.file) else {
            continue;
        };
        let name = place.name;
        let is_of_one = name
            .rsplit_once_str(b".")
            .is_some_and(|(stem, _)| !stem.ends_with(b"-"));
        let Some(manager) = place.manager().filter(|_| is_of_one) else {
            continue;
        };
        if !units.has(manager, name) {
            let message = format!("no package ships the unit {} of the drop-in", name.as_bstr());
            reporter.report(scanned.file.path_in(&store_path), name, message);
        }
    }
}
