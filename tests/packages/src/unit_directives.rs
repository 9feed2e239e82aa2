//! The directives that systemd knows: the names in the tables of its own programs.
//!
//! gperf writes each as `Section.Directive`, between NUL bytes.

use std::collections::BTreeSet;
use std::path::Path;

use regex::bytes::Regex;

use crate::{Error, Result};

/// A section and a directive.
pub type Directive = (String, String);

/// The directives whose names a program holds.
pub fn known_by(program: &Path) -> Result<BTreeSet<Directive>> {
    let content = std::fs::read(program)
        .map_err(|error| Error::new(format!("read {}", program.display()), error))?;
    Ok(named_in(&content))
}

fn named_in(content: &[u8]) -> BTreeSet<Directive> {
    let name = r"(?-u)^([A-Z][A-Za-z0-9-]*)\.([A-Z0-9][A-Za-z0-9]*)$";
    let Ok(name) = Regex::new(name) else {
        return BTreeSet::new();
    };
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let strings = content.split(|byte| *byte == 0).skip(1);
    let found = strings.filter_map(|string| name.captures(string));
    found
        .map(|found| (text(&found[1]), text(&found[2])))
        .collect()
}

/// The rows of `data/unit-directives.txt` for these kinds of files, one for each section.
#[must_use]
pub fn rows(table: &str, kinds: &[&str]) -> BTreeSet<Directive> {
    let mut found = BTreeSet::new();
    for line in table.lines().filter(|line| !line.starts_with('#')) {
        let mut words = line.split(' ');
        let (kind, key, sections) = (words.next(), words.next(), words.next());
        let (Some(kind), Some(key), Some(sections)) = (kind, key, sections) else {
            continue;
        };
        if kinds.contains(&kind) {
            let sections = sections.split(',');
            found.extend(sections.map(|section| (section.to_owned(), key.to_owned())));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(names: &[(&str, &str)]) -> BTreeSet<Directive> {
        let owned = names
            .iter()
            .map(|(section, key)| (section.to_string(), key.to_string()));
        owned.collect()
    }

    #[test]
    fn names_between_nul_bytes() {
        let content =
            b"x\0Service.ExecStart\0Network.6RD\0not.One\0Service.ExecStart here\0A.B.C\0";
        let expected = [("Service", "ExecStart"), ("Network", "6RD")];
        assert_eq!(named_in(content), set(&expected));
    }

    #[test]
    fn rows_are_read() {
        let table = "# unit A B\nlink Name Link\nunit Nice Service,Socket\n";
        let expected = [("Service", "Nice"), ("Socket", "Nice")];
        assert_eq!(rows(table, &["unit"]), set(&expected));
        assert_eq!(rows(table, &["link"]), set(&[("Link", "Name")]));
    }
}
