//! Which variables of which modules say where others are to install.

use std::collections::{BTreeMap, BTreeSet};

use bstr::ByteSlice;
use hermetic_out_formats::tables::{self, InstallVariable};

use crate::Error;

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
                    let mut of_module = of_table(value).peekable();
                    of_module.peek().ok_or_else(wrong)?;
                    let on_request = of_module.filter(|known| known.on_request);
                    (value, on_request.map(|known| known.name.into()).collect())
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
        let always = of_table(module).filter(|known| !known.on_request);
        names.extend(always.map(|known| known.name.into()));
        names
    }

    /// The table as lines `MODULE VARIABLE`, those on request with a third word.
    #[must_use]
    pub fn table() -> String {
        let line = |known: InstallVariable| {
            let end = if known.on_request { " on-request" } else { "" };
            format!("{} {}{end}\n", known.module, known.name)
        };
        tables::install_variables().map(line).collect()
    }
}

/// The entries of a module in the table.
fn of_table(module: &[u8]) -> impl Iterator<Item = InstallVariable> {
    tables::install_variables().filter(move |known| known.module.as_bytes() == module)
}

#[cfg(test)]
mod tests {
    use super::*;

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
