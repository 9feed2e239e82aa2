//! An alias has another type than its unit.

use bstr::ByteSlice;
use hermetic_out::{FindingKind, Group, Severity};
use hermetic_out_formats::Declaration;
use hermetic_out_formats::unit::place::UnitPlace;

use crate::rule::{Check, FileSubject, Rule};
use crate::reporter::Reporter;

pub(super) static RULE: Rule = Rule {
    kind: &FindingKind {
        id: "alias-of-other-type",
        aliases: &[],
        severity: Severity::Warning,
        group: Group::Units,
        summary: "An alias has another type than its unit",
        explanation: "An alias has to have the suffix of the unit's own name, and has to be a template if \
            the unit is one (systemd.unit(5), `Alias=`). systemctl(1) refuses to enable the unit: none of \
            its other links are made either.",
        example: "x.service:\n[Install]\nAlias=y.target",
        remedy: "correct the alias, or remove it",
    },
    check: Check::File(check),
};

fn check(subject: &FileSubject<'_>, reporter: &mut Reporter) {
    let Some(UnitPlace { name: unit, .. }) = UnitPlace::of(&subject.file.sub_path) else {
        return;
    };
    let scan = subject.file.content().and_then(|content| content.scan.as_ref());
    for fact in scan.iter().flat_map(|scan| &scan.declarations) {
        let Declaration::NamesUnit { field, name } = fact else {
            continue;
        };
        // Drop-ins for all units of a type say nothing of a name.
        if field == "Alias" && name.is_literal() && ending(unit).is_some_and(|own| ending(name.bytes()) != Some(own)) {
            let message = format!("the alias {} has another type than {}", name.bytes().as_bstr(), unit.as_bstr());
            let found = subject.report(reporter, name.bytes(), message);
            found.span = name.covering_span();
        }
    }
}

/// `.service` of `x.service`.
fn ending(name: &[u8]) -> Option<&[u8]> {
    name.rfind_byte(b'.').map(|dot| &name[dot..])
}
