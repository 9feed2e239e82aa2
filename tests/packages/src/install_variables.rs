//! The table of install variables, as the tool prints it, against what `.pc` files define.

use std::collections::BTreeSet;
use std::path::Path;

use crate::pkg_config;
use crate::{Error, Result};

/// A variable of a module: the name of a `.pc` file without its ending.
pub type Variable = (String, String);

/// The rows of `rewrite-pkgconfig-prefix consumer --list-install-variables`.
#[must_use]
pub fn rows(table: &str) -> BTreeSet<Variable> {
    let row = |line: &str| {
        let mut words = line.split_whitespace();
        Some((words.next()?.to_owned(), words.next()?.to_owned()))
    };
    table.lines().filter_map(row).collect()
}

/// The variables that the `.pc` files below a directory define, as their lines say it.
pub fn defined(top: &Path) -> Result<BTreeSet<Variable>> {
    let mut found = BTreeSet::new();
    for file in pkg_config::files_by_all_names(top)? {
        let path = top.join(&file);
        let text = std::fs::read(&path)
            .map_err(|error| Error::new(format!("read {}", path.display()), error))?;
        let module = file.file_stem().unwrap_or_default().to_string_lossy();
        for line in String::from_utf8_lossy(&text).lines() {
            if let Some((name, _)) = line.split_once('=') {
                let name = name.trim();
                let is_name = |char: char| char.is_ascii_alphanumeric() || "_.".contains(char);
                if !name.is_empty() && name.chars().all(is_name) {
                    found.insert((module.clone().into_owned(), name.to_owned()));
                }
            }
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variable(module: &str, name: &str) -> Variable {
        (module.to_owned(), name.to_owned())
    }

    #[test]
    fn rows_are_read() {
        let found = rows("udev udevdir\ngio-2.0 schemasdir on-request\n");
        let expected = [
            variable("gio-2.0", "schemasdir"),
            variable("udev", "udevdir"),
        ];
        assert_eq!(found, expected.into());
    }

    #[test]
    fn definitions_are_found() {
        let top = tempfile::tempdir().expect("a directory");
        let directory = top.path().join("share/pkgconfig");
        std::fs::create_dir_all(&directory).expect("a directory");
        let text = "a_b = /x\n#c=/y\nLibs: -Wl,-d=e\n";
        std::fs::write(directory.join("x.pc"), text).expect("a file");
        let found = defined(top.path()).expect("it can be read");
        assert_eq!(found, [variable("x", "a_b")].into());
    }
}
