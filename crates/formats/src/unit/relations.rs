//! The other units that a unit names: `systemd.unit(5)`, `systemd.service(5)` and similar pages.

use crate::reference::{Declaration, Scan};
use crate::unit::lines::Assignment;
use crate::words::{Escapes, all_words, read_specifiers};

/// The directives whose words are names of units: section, directive.
const RELATIONS: &[(&str, &str)] = &[
    ("Install", "Alias"),
    ("Install", "Also"),
    ("Install", "RequiredBy"),
    ("Install", "UpheldBy"),
    ("Install", "WantedBy"),
    ("Path", "Unit"),
    ("Service", "Sockets"),
    ("Socket", "Service"),
    ("Timer", "Unit"),
    ("Unit", "After"),
    ("Unit", "Before"),
    ("Unit", "BindTo"),
    ("Unit", "BindsTo"),
    ("Unit", "Conflicts"),
    ("Unit", "JoinsNamespaceOf"),
    ("Unit", "OnFailure"),
    ("Unit", "OnSuccess"),
    ("Unit", "PartOf"),
    ("Unit", "PropagateReloadFrom"),
    ("Unit", "PropagateReloadTo"),
    ("Unit", "PropagatesReloadTo"),
    ("Unit", "PropagatesStopTo"),
    ("Unit", "ReloadPropagatedFrom"),
    ("Unit", "Requires"),
    ("Unit", "RequiresOverridable"),
    ("Unit", "Requisite"),
    ("Unit", "RequisiteOverridable"),
    ("Unit", "StopPropagatedFrom"),
    ("Unit", "Upholds"),
    ("Unit", "Wants"),
];

/// Adds the units that an assignment names. A word that cannot be read names none.
pub(super) fn scan_assignment(scan: &mut Scan, assignment: &Assignment) {
    let known = RELATIONS.iter().find(|(section, key)| {
        key.as_bytes() == assignment.key.bytes() && section.as_bytes() == assignment.section
    });
    let Some((_, field)) = known else { return };
    // systemd ignores a line with an open quote.
    let words = all_words(&assignment.value, Escapes::C).unwrap_or_default();
    for word in words.iter().filter(|word| !word.text.is_empty()) {
        scan.declarations.push(Declaration::NamesUnit {
            field: (*field).into(),
            name: read_specifiers(&word.text),
        });
    }
}

/// The name of the template of which `name` would be an instance: `x@.service` of `x@y.service`.
#[must_use]
pub fn template_of(name: &[u8]) -> Option<Vec<u8>> {
    let at = memchr::memchr(b'@', name)?;
    let dot = memchr::memrchr(b'.', name).filter(|dot| *dot > at)?;
    (dot > at + 1).then(|| [name.get(..=at).unwrap_or_default(), &name[dot..]].concat())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::unit;

    fn units(file: &str) -> Vec<(String, String)> {
        let named = unit::scan(file.as_bytes()).declarations.into_iter();
        let named = named.filter_map(|fact| match fact {
            Declaration::NamesUnit { field, name } => Some((
                field.into_owned(),
                String::from_utf8_lossy(name.bytes()).into_owned(),
            )),
            _ => None,
        });
        named.collect()
    }

    #[test]
    fn units_that_are_named() {
        for (file, expected) in [
            (
                "[Unit]\nAfter=a.service \\\n b.target",
                vec![("After", "a.service"), ("After", "b.target")],
            ),
            (
                "[Unit]\nRequires=x@%i.service",
                vec![("Requires", "x@%i.service")],
            ),
            ("[Install]\nAlias='a.service'", vec![("Alias", "a.service")]),
            ("[Timer]\nUnit=a.service", vec![("Unit", "a.service")]),
            (
                "[Socket]\nService=a.service",
                vec![("Service", "a.service")],
            ),
            ("[Service]\nAfter=a.service", vec![]),
            ("[Unit]\nAfter=\n", vec![]),
            ("[Unit]\n#After=a.service\n", vec![]),
        ] {
            let expected: Vec<_> = expected
                .into_iter()
                .map(|(field, name)| (field.to_owned(), name.to_owned()))
                .collect();
            assert_eq!(units(file), expected, "{file}");
        }
    }

    #[test]
    fn templates() {
        for (name, template) in [
            ("getty@tty1.service", Some("getty@.service")),
            ("a@b.c.service", Some("a@.service")),
            ("getty@.service", None),
            ("a.service", None),
            ("a.b@c", None),
        ] {
            let found = template_of(name.as_bytes());
            assert_eq!(found.as_deref(), template.map(str::as_bytes), "{name}");
        }
    }
}
