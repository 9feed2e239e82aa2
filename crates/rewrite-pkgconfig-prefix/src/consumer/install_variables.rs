//! Which variables of which modules say where others are to install: `data/install-variables.toml`.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use bstr::ByteSlice;
use serde::Deserialize;

use crate::Error;

/// A module's entry in the table.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Entry {
    install: Vec<String>,
    on_request: Vec<String>,
}

const DATA: &str = include_str!("../../data/install-variables.toml");

/// The table. A test holds that the data can be read; here, what cannot be read is no entry.
static TABLE: LazyLock<BTreeMap<String, Entry>> =
    LazyLock::new(|| toml::from_str(DATA).unwrap_or_default());

/// The variables that say where others are to install.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct InstallVariables {
    /// Those beside the table's, by module.
    more: BTreeMap<Vec<u8>, BTreeSet<Vec<u8>>>,
}

impl InstallVariables {
    /// Those of the table, and `more`: `MODULE=VARIABLE[,VARIABLE…]`, or `MODULE` for all that the
    /// table has for it on request. Fails if one is neither, or a module alone is not in the table.
    pub fn new<'a>(more: impl IntoIterator<Item = &'a [u8]>) -> Result<Self, Error> {
        let mut variables = Self::default();
        for value in more {
            let wrong = || Error::InstallVariable {
                value: value.as_bstr().to_string(),
            };
            let (module, names): (_, Vec<Vec<u8>>) =
                if let Some((module, names)) = value.split_once_str("=") {
                    let names = names.split(|byte| *byte == b',').map(<[u8]>::to_vec);
                    (module, names.collect())
                } else {
                    let name = std::str::from_utf8(value).ok();
                    let entry = name.and_then(|name| TABLE.get(name)).ok_or_else(wrong)?;
                    let names = entry.on_request.iter();
                    (value, names.map(|name| name.clone().into_bytes()).collect())
                };
            if module.is_empty() || names.iter().any(Vec::is_empty) {
                return Err(wrong());
            }
            variables
                .more
                .entry(module.to_vec())
                .or_default()
                .extend(names);
        }
        Ok(variables)
    }

    /// The names of those that the module has.
    #[must_use]
    pub fn of_module(&self, module: &[u8]) -> BTreeSet<Vec<u8>> {
        let mut names = self.more.get(module).cloned().unwrap_or_default();
        let entry = std::str::from_utf8(module)
            .ok()
            .and_then(|name| TABLE.get(name));
        if let Some(entry) = entry {
            names.extend(entry.install.iter().map(|name| name.clone().into_bytes()));
        }
        names
    }

    /// The table as lines `MODULE VARIABLE`, those on request with a third word.
    #[must_use]
    pub fn table() -> String {
        let mut lines = String::new();
        for (module, entry) in TABLE.iter() {
            for (names, end) in [(&entry.install, "\n"), (&entry.on_request, " on-request\n")] {
                for name in names {
                    lines.extend([module, " ", name, end]);
                }
            }
        }
        lines
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_can_be_read_and_is_sorted() {
        let table: BTreeMap<String, Entry> = toml::from_str(DATA).unwrap();
        assert!(table.len() >= 8);
        let modules: Vec<&str> = DATA
            .lines()
            .filter_map(|line| line.strip_prefix('[')?.strip_suffix(']'))
            .filter(|module| !module.contains('"'))
            .collect();
        // In TOML a dot makes a table within a table, unless the name is quoted.
        assert!(
            modules.iter().all(|module| !module.contains('.')),
            "{modules:?}"
        );
        let mut all = Vec::new();
        for line in DATA.lines().filter(|line| line.starts_with('[')) {
            all.push(line.trim_matches(&['[', ']', '"'][..]));
        }
        assert!(all.is_sorted(), "{all:?}");
        for (module, entry) in &table {
            for names in [&entry.install, &entry.on_request] {
                assert!(names.is_sorted(), "{module}");
            }
        }
    }

    #[test]
    fn what_is_asked_for_comes_along() {
        let names = |more: &[&str], module: &str| -> Vec<String> {
            let more = more.iter().map(|one| one.as_bytes());
            let variables = InstallVariables::new(more).unwrap();
            let names = variables.of_module(module.as_bytes());
            names
                .iter()
                .map(|name| name.as_bstr().to_string())
                .collect()
        };
        assert_eq!(names(&[], "udev"), ["udev_dir", "udevdir"]);
        assert_eq!(
            names(&["udev=x,y"], "udev"),
            ["udev_dir", "udevdir", "x", "y"]
        );
        assert_eq!(names(&[], "gobject-introspection-1.0"), [""; 0]);
        let asked = &["gobject-introspection-1.0"];
        assert_eq!(names(asked, asked[0]), ["girdir", "typelibdir"]);
    }

    #[test]
    fn what_is_not_of_the_form_is_refused() {
        for wrong in ["", "=x", "udev=", "udev=a,,b", "no-such-module"] {
            let error = InstallVariables::new([wrong.as_bytes()]).unwrap_err();
            let told = error.to_string();
            assert!(told.starts_with("reading --install-variable"), "{told}");
        }
    }
}
