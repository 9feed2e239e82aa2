//! The other units that a unit names: `systemd.unit(5)`, `systemd.service(5)` and similar pages.

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
    use crate::reference::Declaration;
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
