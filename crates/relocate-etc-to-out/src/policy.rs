//! What is to become of single files: the policy, and what is never touched.

use std::path::{Path, PathBuf};

use hermetic_out::Glob;
use hermetic_out::resolve::Resolver;
use hermetic_out_formats::tables::is_machine_state;
use serde::Deserialize;

use crate::Error;

/// What becomes of the names of a file below /etc that the package ships.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Mode {
    /// They name it in its output.
    #[default]
    Rewrite,
    /// They stay, and a link from /etc leads to it.
    Link,
    /// They stay, and there is no link.
    Keep,
}

/// What a policy file says: `docs/relocate-etc-to-out.md`, "The policy".
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Policy {
    /// What becomes of all files for which no rule says another thing.
    #[serde(default)]
    pub mode: Mode,
    /// Globs of paths below /etc that stay as they are.
    #[serde(default)]
    pub keep: Vec<String>,
    /// Directories of outputs that go.
    #[serde(default)]
    pub prune: Vec<PathBuf>,
    /// Where links from /etc lead, in place of the output's etc.
    pub link_base: Option<PathBuf>,
    /// What `/etc/os-release` is to be.
    pub os_release: Option<PathBuf>,
    /// Exceptions; of several that apply, the last counts.
    #[serde(default, rename = "rule")]
    pub rules: Vec<Rule>,
}

/// An exception of a policy.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Rule {
    /// A glob of packages' names, without their version; all, if missing.
    pub package: Option<String>,
    /// A glob of paths, `/etc/…`; all, if missing.
    pub path: Option<String>,
    /// What becomes of these paths.
    pub mode: Option<Mode>,
    /// Whether the file stays where it was installed, not even gathered.
    #[serde(default)]
    pub stay: bool,
}

impl Policy {
    /// Reads a policy. Fails with the place in it that is wrong.
    pub fn parse(text: &str) -> Result<Self, toml::de::Error> {
        toml::from_str(text)
    }
}

/// A rule that concerns the package.
struct Applied {
    path: Option<Glob>,
    mode: Option<Mode>,
    stay: bool,
}

/// What becomes of each path of one package.
pub(crate) struct Treatment<'a> {
    mode: Mode,
    keep: Vec<Glob>,
    rules: Vec<Applied>,
    /// For the patterns of `--keep`.
    resolver: &'a Resolver<'a>,
}

impl<'a> Treatment<'a> {
    pub(crate) fn new(
        policy: &Policy,
        package: &str,
        resolver: &'a Resolver<'a>,
    ) -> Result<Self, Error> {
        let mut rules = Vec::new();
        for rule in &policy.rules {
            let matches = match &rule.package {
                Some(pattern) => glob(pattern)?.is_match(package),
                None => true,
            };
            let path = rule.path.as_deref().map(glob).transpose()?;
            if matches {
                rules.push(Applied {
                    path,
                    mode: rule.mode,
                    stay: rule.stay,
                });
            }
        }
        let keep = policy.keep.iter().map(|pattern| glob(pattern));
        Ok(Self {
            mode: policy.mode,
            keep: keep.collect::<Result<_, _>>()?,
            rules,
            resolver,
        })
    }

    fn rules_for(&self, path: &Path) -> impl Iterator<Item = &Applied> {
        let path = path.to_owned();
        let concerns = move |rule: &&Applied| {
            let mut pattern = rule.path.iter();
            pattern.all(|pattern| pattern.is_match(&path))
        };
        self.rules.iter().filter(concerns)
    }

    /// What becomes of the names of the file at `sub_path` of /etc, and whether a rule about this very
    /// path says so.
    pub(crate) fn of(&self, sub_path: &[u8]) -> (Mode, bool) {
        let path = in_etc(sub_path);
        let kept = self.keep.iter().any(|pattern| pattern.is_match(&path));
        let bytes = path.as_os_str().as_encoded_bytes();
        if is_machine_state(sub_path) || kept || self.resolver.is_kept(bytes) {
            return (Mode::Keep, true);
        }
        let rule = self
            .rules_for(&path)
            .filter(|rule| rule.mode.is_some())
            .last();
        match rule.and_then(|rule| Some((rule.mode?, rule.path.is_some()))) {
            Some(found) => found,
            None => (self.mode, false),
        }
    }

    /// Whether the file at `sub_path` of /etc stays where it was installed.
    pub(crate) fn stays(&self, sub_path: &[u8]) -> bool {
        self.rules_for(&in_etc(sub_path)).any(|rule| rule.stay)
    }
}

fn in_etc(sub_path: &[u8]) -> PathBuf {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;

    Path::new("/etc").join(OsStr::from_bytes(sub_path))
}

fn glob(pattern: &str) -> Result<Glob, Error> {
    Glob::new(pattern.as_bytes()).map_err(|reason| Error::PolicyPattern {
        pattern: pattern.to_owned(),
        reason,
    })
}

#[cfg(test)]
mod tests {
    use hermetic_out::resolve::Choices;
    use hermetic_out::{Package, Tree};

    use super::*;

    const POLICY: &str = r#"
mode = "link"
keep = ["/etc/x/*.key"]

[[rule]]
package = "open*"
mode = "rewrite"

[[rule]]
path = "/etc/x/**"
mode = "keep"

[[rule]]
path = "/etc/x/y"
stay = true
"#;

    #[test]
    fn the_last_rule_that_applies_counts() {
        let policy = Policy::parse(POLICY).unwrap();
        let choices = Choices::default();
        let (package, tree) = (
            Package::default(),
            Tree::new(hermetic_out::Store::default()),
        );
        let resolver = Resolver::new(&package, &tree, &choices).unwrap();
        for (name, path, mode) in [
            ("chrony", "chrony.conf", Mode::Link),
            ("openssh", "ssh/sshd_config", Mode::Rewrite),
            ("openssh", "x/y", Mode::Keep),
            ("chrony", "x/z/y", Mode::Keep),
            ("chrony", "x/a.key", Mode::Keep),
            ("openssh", "passwd", Mode::Keep),
        ] {
            let treatment = Treatment::new(&policy, name, &resolver).unwrap();
            assert_eq!(treatment.of(path.as_bytes()).0, mode, "{name} {path}");
            assert_eq!(treatment.stays(path.as_bytes()), path == "x/y", "{path}");
        }
    }

    #[test]
    fn a_pattern_that_is_none_is_said() {
        let (package, tree) = (
            Package::default(),
            Tree::new(hermetic_out::Store::default()),
        );
        let choices = Choices::default();
        let resolver = Resolver::new(&package, &tree, &choices).unwrap();
        let nested = format!("{}a{}", "{".repeat(300), "}".repeat(300));
        for text in [
            format!("keep = [\"{nested}\"]"),
            format!("[[rule]]\npath = \"{nested}\""),
            format!("[[rule]]\npackage = \"{nested}\""),
        ] {
            let policy = Policy::parse(&text).unwrap();
            let Err(error) = Treatment::new(&policy, "x", &resolver) else {
                panic!("{text}");
            };
            let error = error.to_string();
            assert!(
                error.contains(&nested) && error.contains("nested more"),
                "{error}"
            );
        }
    }

    #[test]
    fn what_is_wrong_in_a_policy() {
        for (text, part) in [
            ("mod = 1", "unknown field `mod`"),
            ("mode = \"no\"", "unknown variant `no`"),
            ("[[rule]]\nfoo = 1", "unknown field `foo`"),
        ] {
            let error = Policy::parse(text).unwrap_err().to_string();
            assert!(error.contains(part), "{error}");
        }
    }
}
