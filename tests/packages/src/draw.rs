//! Drawing packages that nobody has looked at.
//!
//! The archive's index of files (Contents, fetched by the private apt as apt-file does) says
//! which packages ship units. Each of them that is not excluded gets the number
//! SHA-256(seed, 0 byte, name); those with the lowest numbers are drawn. So the same seed draws
//! the same packages, and a package that enters or leaves the archive moves no other.

use std::collections::{BTreeSet, HashSet};

use sha2::{Digest as _, Sha256};

use crate::Result;
use crate::archive::Archive;

pattern!(
    UNIT,
    r"^(?:usr/)?lib/systemd/(?:system|user)/[^/]+\.(?:service|socket|timer|path|mount|automount|swap|target|slice)$"
);

/// Draws `count` unit-shipping packages of the archive, none of them in `exclude`; sorted.
/// The archive must have been opened with its contents.
pub fn draw(archive: &Archive, seed: u64, count: usize, exclude: &[String]) -> Result<Vec<String>> {
    let mut names = BTreeSet::new();
    archive.contents(|line| names.extend(unit_shippers(line).map(str::to_owned)))?;
    Ok(lowest(&names, seed, count, exclude))
}

/// The packages in a line `path  section/package,section/package`, if the path is a unit's.
fn unit_shippers(line: &str) -> impl Iterator<Item = &str> {
    let (path, packages) = line.split_once(char::is_whitespace).unwrap_or_default();
    let packages = if UNIT.is_match(path) {
        packages.trim()
    } else {
        ""
    };
    packages
        .split(',')
        .filter_map(|package| package.rsplit('/').next())
        .filter(|package| !package.is_empty())
}

fn lowest(names: &BTreeSet<String>, seed: u64, count: usize, exclude: &[String]) -> Vec<String> {
    let exclude: HashSet<&str> = exclude.iter().map(String::as_str).collect();
    let mut numbered: Vec<([u8; 32], &str)> = names
        .iter()
        .map(String::as_str)
        .filter(|name| !exclude.contains(name))
        .map(|name| (Sha256::digest(format!("{seed}\0{name}")).into(), name))
        .collect();
    numbered.sort_unstable();
    let mut drawn: Vec<String> = numbered
        .into_iter()
        .take(count)
        .map(|(_, name)| name.to_owned())
        .collect();
    drawn.sort();
    drawn
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONTENTS: &str = "usr/bin/a  admin/a\n\
        usr/lib/systemd/system/a.service  admin/a,contrib/net/b\n\
        lib/systemd/system/c.socket  net/c\n\
        usr/lib/systemd/system/d.service.d/x.conf  net/d\n\
        usr/share/doc/e/lib/systemd/system/e.service  doc/e\n";

    #[test]
    fn only_packages_with_units_are_drawn() {
        let found: Vec<&str> = CONTENTS.lines().flat_map(unit_shippers).collect();
        assert_eq!(found, ["a", "b", "c"]);
    }

    #[test]
    fn a_draw_depends_on_its_seed_alone() {
        let names: BTreeSet<String> = (0..500).map(|number| format!("p{number}")).collect();
        let one = lowest(&names, 1, 20, &[]);
        assert_eq!(one, lowest(&names, 1, 20, &[]));
        assert_ne!(one, lowest(&names, 2, 20, &[]));
        let without = lowest(&names, 1, 20, &one[..1]);
        assert_eq!(without.iter().filter(|name| one.contains(name)).count(), 19);
        assert!(!without.contains(&one[0]));
    }
}
