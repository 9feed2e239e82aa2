//! Which units a drop-in is for: `systemd.unit(5)`, `unit_file_find_dirs()` of systemd's `src/shared/dropin.c`.

use std::collections::{BTreeMap, BTreeSet};

use super::relations::template_of;

/// What `drop_ins` has for the unit `name`, or for an instance of it, by the names that can be for it.
pub fn for_name<'m, T>(
    drop_ins: &'m BTreeMap<Vec<u8>, T>,
    name: &[u8],
) -> impl Iterator<Item = &'m T> + use<'m, T> {
    let (stem, ending) = split_type(name);
    let at = memchr::memchr(b'@', stem).unwrap_or(stem.len());
    let (prefix, instance) = stem.split_at(at);
    let dashes = prefix.iter().enumerate().filter(|(_, byte)| **byte == b'-');
    let mut of = BTreeSet::from([name.to_vec(), ending.get(1..).unwrap_or_default().to_vec()]);
    for (dash, _) in dashes {
        let prefix = &prefix[..=dash];
        of.insert([prefix, ending].concat());
        if !instance.is_empty() {
            of.insert([prefix, b"@", ending].concat());
            of.insert([prefix, instance, ending].concat());
        }
    }
    of.extend(template_of(name));
    if stem.ends_with(b"@") {
        let instances = drop_ins.range(stem.to_vec()..).map(|(of, _)| of);
        of.extend(instances.take_while(|of| of.starts_with(stem)).cloned());
    }
    of.retain(|of| is_for(of, name));
    of.into_iter().filter_map(|of| drop_ins.get(&of))
}

/// A unit's name without its type, and that with its dot.
fn split_type(name: &[u8]) -> (&[u8], &[u8]) {
    name.split_at(memchr::memrchr(b'.', name).unwrap_or(name.len()))
}

/// Whether drop-ins in `of.d` are for the unit `name`, or for an instance of it.
fn is_for(of: &[u8], name: &[u8]) -> bool {
    let (stem, ending) = split_type(of);
    let (name_stem, name_ending) = split_type(name);
    if name_ending.is_empty() {
        return false;
    }
    // `service.d`, for all of a type, has no dot.
    if ending.is_empty() {
        return name_ending.get(1..) == Some(stem);
    }
    if of == name {
        return true;
    }
    if ending != name_ending {
        return false;
    }
    let split_instance = |stem: &[u8]| {
        let at = memchr::memchr(b'@', stem);
        let (prefix, rest) = stem.split_at(at.unwrap_or(stem.len()));
        (prefix.to_vec(), rest.get(1..).map(<[u8]>::to_vec))
    };
    let ((prefix, instance), (name_prefix, name_instance)) =
        (split_instance(stem), split_instance(name_stem));
    // A template stands for its instances, and they take what is for it. What is for no template is for
    // the instances of one as well, but not the other way round.
    let is_for_instance = match (&instance, &name_instance) {
        (Some(instance), Some(of)) => instance.is_empty() || of.is_empty() || instance == of,
        (None, _) => true,
        (Some(_), None) => false,
    };
    if prefix == name_prefix {
        return instance.is_some() && is_for_instance;
    }
    // A dash at the beginning is no prefix.
    let is_of_many = prefix.len() > 1 && prefix.ends_with(b"-") && name_prefix.starts_with(&prefix);
    is_of_many && is_for_instance
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn drop_ins_and_their_units() {
        for (of, name, expected) in [
            ("x.service", "x.service", true),
            ("x.service", "y.service", false),
            ("service", "x.service", true),
            ("service", "x@y.service", true),
            ("socket", "x.service", false),
            ("x-.service", "x-y.service", true),
            ("x-.service", "x-y-z.service", true),
            ("x-.service", "x.service", false),
            ("x-.timer", "x-y.service", false),
            ("x-.service", "xy-z.service", false),
            ("x@.service", "x@y.service", true),
            ("x@y.service", "x@.service", true),
            ("x@y.service", "x@z.service", false),
            ("x.service", "x@y.service", false),
            ("x@.service", "x.service", false),
            ("x-y-.service", "x-y-z.service", true),
            ("x-.service", "x-y@z.service", true),
            ("x-@.service", "x-y@z.service", true),
            ("x-@z.service", "x-y@z.service", true),
            ("x-@.service", "x-y.service", false),
            ("x-.service", "x@y-z.service", false),
            ("-.service", "-x.service", false),
            ("x", "x", false),
        ] {
            let found = is_for(of.as_bytes(), name.as_bytes());
            assert_eq!(found, expected, "{of}.d for {name}");
            let known = BTreeMap::from([(of.as_bytes().to_vec(), of)]);
            let found = for_name(&known, name.as_bytes()).count();
            assert_eq!(found, usize::from(expected), "{of}.d for {name}");
        }
    }
}
