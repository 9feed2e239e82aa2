//! The packages of nixpkgs that patch units themselves: `docs/nixpkgs-packages.toml`, and the page of it.

use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;

use serde::Deserialize;

use crate::{Error, Result, directory};

/// All packages of the file.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Table {
    /// Packages of a kind.
    pub groups: Vec<Group>,
}

/// Packages of a kind.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Group {
    /// What they have in common.
    pub title: String,
    /// The packages.
    pub packages: Vec<Package>,
}

/// A package; the head of the file says what its fields are.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Package {
    /// Its attribute in nixpkgs.
    pub attribute: String,
    /// What the page calls it, if not by its attribute.
    pub name: Option<String>,
    /// The version whose expression was read.
    pub version: String,
    /// What the expression does.
    pub today: String,
    /// What of it can go.
    pub goes: String,
    /// What stays, or has to be looked at.
    pub stays: String,
    /// The hooks, if not `patchSystemdUnitsHook`.
    #[serde(default = "default_hooks")]
    pub hooks: Vec<String>,
    /// What is added to buildInputs.
    #[serde(default)]
    pub inputs: Vec<String>,
    /// `patchSystemdUnitsFlags`.
    #[serde(default)]
    pub flags: Vec<String>,
    /// `patchSystemdUnitsReplace`.
    #[serde(default)]
    pub replace: Vec<String>,
    /// Programs that are named and never run.
    #[serde(default)]
    pub unused: Vec<String>,
    /// What goes and cannot be told by lines.
    pub by_hand: Option<String>,
    /// The lines that go.
    #[serde(default)]
    pub changes: Vec<Change>,
}

/// Lines of an attribute that go.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Change {
    /// The attribute.
    pub attribute: String,
    /// The lines, without their indentation.
    pub remove: String,
    /// What stands there instead.
    pub add: Option<String>,
}

fn default_hooks() -> Vec<String> {
    vec!["patchSystemdUnitsHook".to_owned()]
}

/// The head of the page.
const HEAD: &str = "\
# Packages whose own unit patches nixpkgs could drop

Made of [nixpkgs-packages.toml](nixpkgs-packages.toml) by `cargo xtask docs`.

nixpkgs patches many units by hand: with `substituteInPlace`, `sed` or a patch, in the expression of each
package. With `patchSystemdUnitsHook` in `nativeBuildInputs` the following @COUNT@ packages would not need
theirs.

The list was made by reading the expressions, in the versions given, which were not always the newest; no
package of nixpkgs was built for it. Whoever has nixpkgs and its cache builds a package as it is, with the hook,
and without the lines that go, and sees what differs in its units, rules and other text files:

```console
$ cargo xtask nixpkgs-check --nixpkgs ~/nixpkgs caddy nfs-utils
```

`equal` is said of a package whose files name the same programs; `better` of one in which a program is a store path
that nixpkgs missed; `worse` of everything else, with the lines.

- **+x**: `x` is to be added to `buildInputs`, so that its programs are on HOST_PATH. It matters with
  strictDeps and in cross builds; without, HOST_PATH also has coreutils, sed, grep and the like.
  bash is nowhere to be added for `/bin/sh`: the hook knows the runtime shell.
- **--replace**: the path is the vendor's own (`/opt/…`), so that the hook cannot know it;
  `patchSystemdUnitsReplace` names each.
- Options that say *where* units are installed are another matter and stay.
- A bare name in a udev rule is a helper in `lib/udev`: of the package, then of its dependencies.
";

impl Table {
    /// Where the file is.
    #[must_use]
    pub fn path() -> PathBuf {
        directory().join("../../docs/nixpkgs-packages.toml")
    }

    /// Reads the file.
    ///
    /// # Errors
    ///
    /// If it cannot be read, or is no such table.
    pub fn read() -> Result<Self> {
        let path = Self::path();
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(source) => return Err(Error::Access { path, source }),
        };
        toml::from_str(&text)
            .map_err(|error| Error::Unexpected(format!("{}: {error}", path.display())))
    }

    /// The packages of all groups.
    pub fn packages(&self) -> impl Iterator<Item = &Package> {
        self.groups.iter().flat_map(|group| &group.packages)
    }

    /// The page: a table of each group, and a change for each package.
    #[must_use]
    pub fn page(&self) -> String {
        let mut page = HEAD.replace("@COUNT@", &self.packages().count().to_string());
        for group in &self.groups {
            let _ = write!(
                page,
                "\n## {}\n\n| package | version | patched today | can go | stays, or is to be added |\n\
                 |---|---|---|---|---|\n",
                group.title
            );
            for package in &group.packages {
                let Package {
                    version,
                    today,
                    goes,
                    stays,
                    ..
                } = package;
                let name = package.shown_name();
                let _ = writeln!(page, "| {name} | {version} | {today} | {goes} | {stays} |");
            }
        }
        page.push_str(
            "\n## Changes\n\nThe lines of each expression that go, and what is added. `${…}` in a line is what \
             Nix fills in.\n",
        );
        for package in self.packages() {
            let _ = write!(
                page,
                "\n### {}\n\n```diff\n{}```\n",
                package.attribute,
                package.change()
            );
            if let Some(by_hand) = &package.by_hand {
                let _ = writeln!(page, "\nBy hand: {by_hand}.");
            }
        }
        page
    }
}

impl Package {
    fn shown_name(&self) -> String {
        let name = self.name.clone();
        name.unwrap_or_else(|| format!("`{}`", self.attribute))
    }

    /// What is changed in the expression, as a diff without places.
    fn change(&self) -> String {
        let mut text = format!("+nativeBuildInputs = [ {} ];\n", self.hooks.join(" "));
        if !self.inputs.is_empty() {
            let _ = writeln!(text, "+buildInputs = [ {} ];", self.inputs.join(" "));
        }
        for (name, values) in [
            ("patchSystemdUnitsFlags", &self.flags),
            ("patchSystemdUnitsReplace", &self.replace),
        ] {
            if !values.is_empty() {
                let _ = writeln!(text, "+{name} = [");
                for value in values {
                    let value = value.replace("$out", "${placeholder \"out\"}");
                    let _ = writeln!(text, "+  \"{value}\"");
                }
                text.push_str("+];\n");
            }
        }
        let mut last = None;
        for Change {
            attribute,
            remove,
            add,
        } in &self.changes
        {
            if last.replace(attribute) != Some(attribute) {
                let _ = writeln!(text, " {attribute}:");
            }
            for line in remove.lines() {
                let _ = writeln!(text, "-  {line}");
            }
            for line in add.iter().flat_map(|add| add.lines()) {
                let _ = writeln!(text, "+  {line}");
            }
        }
        text
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    #[test]
    fn every_package_says_what_goes() {
        let table = Table::read().unwrap();
        for package in table.packages() {
            let name = &package.attribute;
            assert!(
                !package.changes.is_empty() || package.by_hand.is_some(),
                "{name}"
            );
            for change in &package.changes {
                let lines = change.remove.lines();
                for line in lines.chain(change.add.iter().flat_map(|add| add.lines())) {
                    assert_eq!(line, line.trim(), "{name}");
                    assert!(!line.is_empty(), "{name}");
                }
            }
        }
    }

    #[test]
    fn a_change_is_a_diff() {
        let text = "attribute = 'x'\nversion = ''\ntoday = ''\ngoes = ''\nstays = ''\ninputs = ['kmod']\n\
                    replace = ['/opt/x=$out/x']\n[[changes]]\nattribute = 'a'\nremove = \"b\\nc\\n\"\nadd = 'd'\n";
        let package: Package = toml::from_str(text).unwrap();
        assert_eq!(
            package.change(),
            "+nativeBuildInputs = [ patchSystemdUnitsHook ];\n+buildInputs = [ kmod ];\n\
             +patchSystemdUnitsReplace = [\n+  \"/opt/x=${placeholder \"out\"}/x\"\n+];\n a:\n-  b\n-  c\n+  d\n"
        );
    }
}
