//! A package of nixpkgs as it is, with the hooks, and with the hooks in place of what its expression does itself:
//! builds the three and compares the text files in them.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use bstr::ByteSlice as _;
use similar::{ChangeTag, TextDiff};
use walkdir::WalkDir;

use crate::nix::Nix;
use crate::packages::Package;
use crate::{Error, Result, directory};

/// What became of a package.
#[derive(Clone, Debug)]
pub struct Report {
    /// With the hooks.
    pub hooked: Verdict,
    /// With the hooks, and without the lines that go.
    pub replaced: Verdict,
    /// The changes whose lines the expression does not have.
    pub not_found: Vec<String>,
}

/// What a form of a package is, beside the package as it is.
#[derive(Clone, Debug)]
pub enum Verdict {
    /// It differs as told; not at all, if there is no difference.
    Built(Vec<Difference>),
    /// It, or the package as it is, does not build: the end of the log.
    Failed(String),
}

/// How well a difference speaks for the form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rank {
    /// The same program, by another path.
    Equal,
    /// A path of the store that exists, where there was none.
    Better,
    /// Anything else.
    Worse,
}

/// A file that differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The file, below its output.
    pub file: PathBuf,
    /// What its lines are in all.
    pub rank: Rank,
    /// The lines, with `-` and `+`.
    pub lines: Vec<String>,
}

impl Verdict {
    /// The least of all differences: none means equal. `None` if there is nothing to compare.
    #[must_use]
    pub fn rank(&self) -> Option<Rank> {
        match self {
            Self::Built(differences) => {
                let ranks = differences.iter().map(|difference| difference.rank);
                Some(ranks.max().unwrap_or(Rank::Equal))
            }
            Self::Failed(_) => None,
        }
    }
}

/// Builds the forms of a package and compares them. `nixpkgs` is a path, `config` its configuration as an
/// expression.
///
/// # Errors
///
/// If Nix cannot be started, or the package cannot be evaluated. That a form does not build is no error.
pub fn check(nix: &Nix, nixpkgs: &Path, config: &str, package: &Package) -> Result<Report> {
    let expression = directory().join("../../nix-overlay/nixpkgs-check.nix");
    let expression = expression.display().to_string();
    let nixpkgs = nixpkgs.display().to_string();
    let arguments = [
        "--argstr",
        "nixpkgs",
        &nixpkgs,
        "--arg",
        "config",
        config,
        "--argstr",
        "attribute",
        &package.attribute,
        "-A",
    ];
    let build = |form: &str| -> Result<std::result::Result<Outputs, String>> {
        let derivation = nix.instantiate(&expression, &[&arguments[..], &[form]].concat())?;
        let build = nix.build(&derivation)?;
        build.outputs.map_or_else(
            || Ok(Err(end_of(&build.log))),
            |paths| Outputs::read(&paths).map(Ok),
        )
    };
    let not_found = nix.evaluate(&expression, &[&arguments[..], &["notFound"]].concat())?;
    let not_found = not_found.as_array().into_iter().flatten();
    let not_found = not_found
        .filter_map(|text| text.as_str())
        .map(str::to_owned);
    let original = build("original")?;
    let against = |form: &str| -> Result<Verdict> {
        Ok(match (&original, build(form)?) {
            (Ok(original), Ok(form)) => Verdict::Built(original.compare(&form, &package.unused)),
            (Err(log), _) => Verdict::Failed(log.clone()),
            (Ok(_), Err(log)) => Verdict::Failed(log),
        })
    };
    Ok(Report {
        hooked: against("hooked")?,
        replaced: against("replaced")?,
        not_found: not_found.collect(),
    })
}

/// The last lines of a log.
fn end_of(log: &[u8]) -> String {
    let text = String::from_utf8_lossy(log);
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(10)..].join("\n")
}

/// What stands for the hash of an own output: two forms differ in it.
const OWN_HASH: &[u8] = b"00000000000000000000000000000000";

/// The text files and links of a package, by output and path.
struct Outputs {
    store: PathBuf,
    /// Own outputs by their names without hashes.
    paths: BTreeMap<Vec<u8>, PathBuf>,
    files: BTreeMap<(Vec<u8>, PathBuf), Vec<u8>>,
}

impl Outputs {
    fn read(paths: &[PathBuf]) -> Result<Self> {
        let store = paths.first().and_then(|path| path.parent());
        let mut outputs = Self {
            store: store.map(Path::to_owned).unwrap_or_default(),
            paths: BTreeMap::new(),
            files: BTreeMap::new(),
        };
        for path in paths {
            let name = path.file_name().unwrap_or_default().as_bytes();
            let without_hash = name.get(OWN_HASH.len() + 1..).unwrap_or(name).to_vec();
            outputs.paths.insert(without_hash, path.clone());
        }
        let mut files = BTreeMap::new();
        for (name, top) in &outputs.paths {
            for entry in WalkDir::new(top).follow_root_links(false) {
                let entry = entry.map_err(|error| Error::Access {
                    path: top.clone(),
                    source: error.into(),
                })?;
                let path = entry.path();
                let content = if entry.file_type().is_file() {
                    fs::read(path)
                } else if entry.path_is_symlink() {
                    fs::read_link(path).map(|target| target.into_os_string().into_encoded_bytes())
                } else {
                    continue;
                };
                let content = content.map_err(|source| Error::Access {
                    path: path.to_owned(),
                    source,
                })?;
                // Programs, archives and pictures name their output in ways that no line shows.
                if !content.contains(&0) && !content.starts_with(b"\x1f\x8b") {
                    let sub_path = path.strip_prefix(top).unwrap_or(path).to_owned();
                    files.insert(
                        (name.clone(), sub_path),
                        outputs.without_own_hashes(content),
                    );
                }
            }
        }
        outputs.files = files;
        Ok(outputs)
    }

    fn without_own_hashes(&self, mut content: Vec<u8>) -> Vec<u8> {
        for (name, path) in &self.paths {
            let own = path.file_name().unwrap_or_default().as_bytes();
            content = content.replace(own, [OWN_HASH, b"-", name].concat());
        }
        content
    }

    /// The path of a word of a file, with the hashes of own outputs.
    fn path_of(&self, word: &[u8]) -> PathBuf {
        let mut path = word.to_vec();
        for (name, own) in &self.paths {
            let own = own.file_name().unwrap_or_default().as_bytes();
            path = path.replace([OWN_HASH, b"-", name].concat(), own);
        }
        PathBuf::from(path.to_os_str_lossy().into_owned())
    }

    fn compare(&self, form: &Self, unused: &[String]) -> Vec<Difference> {
        let mut differences = Vec::new();
        for ((output, sub_path), content) in &self.files {
            // A unit may have moved to the output of its program.
            let same_place = form.files.get(&(output.clone(), sub_path.clone()));
            let moved = || {
                let mut others = form.files.iter();
                others.find_map(|((_, other), content)| (other == sub_path).then_some(content))
            };
            let (rank, lines) = match same_place.or_else(moved) {
                Some(other) if other == content => continue,
                Some(other) => self.compare_lines(form, content, other, unused),
                None => (Rank::Worse, vec!["- the file".to_owned()]),
            };
            differences.push(Difference {
                file: sub_path.clone(),
                rank,
                lines,
            });
        }
        for (output, sub_path) in form.files.keys() {
            let is_new = !self.files.keys().any(|(_, path)| path == sub_path);
            if is_new {
                differences.push(Difference {
                    file: sub_path.clone(),
                    rank: Rank::Worse,
                    lines: vec![format!("+ the file, in {}", output.as_bstr())],
                });
            }
        }
        differences
    }

    fn compare_lines(
        &self,
        form: &Self,
        one: &[u8],
        other: &[u8],
        unused: &[String],
    ) -> (Rank, Vec<String>) {
        let lines_of = |content: &[u8]| -> Vec<String> {
            let lines = content.lines();
            lines.map(|line| line.to_str_lossy().into_owned()).collect()
        };
        let (one, other) = (lines_of(one), lines_of(other));
        let (one, other): (Vec<&str>, Vec<&str>) = (
            one.iter().map(String::as_str).collect(),
            other.iter().map(String::as_str).collect(),
        );
        let diff = TextDiff::from_slices(&one, &other);
        let (mut removed, mut added, mut lines) = (Vec::new(), Vec::new(), Vec::new());
        for change in diff.iter_all_changes() {
            match change.tag() {
                ChangeTag::Equal => {}
                ChangeTag::Delete => {
                    removed.push(change.value());
                    lines.push(format!("-{}", change.value()));
                }
                ChangeTag::Insert => {
                    added.push(change.value());
                    lines.push(format!("+{}", change.value()));
                }
            }
        }
        let rank = if removed.len() == added.len() {
            let pairs = removed.iter().zip(&added);
            let ranks = pairs.map(|(one, other)| self.rank_of(form, one, other, unused));
            ranks.max().unwrap_or(Rank::Equal)
        } else {
            Rank::Worse
        };
        (rank, lines)
    }

    /// What a line of the form is, beside that of this.
    fn rank_of(&self, form: &Self, one: &str, other: &str, unused: &[String]) -> Rank {
        let (one, other) = (words(one), words(other));
        if one.len() != other.len() {
            return Rank::Worse;
        }
        let pairs = one.iter().zip(&other).filter(|(one, other)| one != other);
        let ranks = pairs.map(|(one, other)| {
            let (before, after) = (self.path_of(one.as_bytes()), form.path_of(other.as_bytes()));
            let (was, is) = (
                before.starts_with(&self.store),
                after.starts_with(&form.store),
            );
            let same_program = || {
                before.file_name() == after.file_name()
                    || before.canonicalize().ok() == after.canonicalize().ok()
            };
            if unused.iter().any(|path| path == other) {
                Rank::Equal
            } else if !is || !after.exists() {
                Rank::Worse
            } else if !was && before.file_name() == after.file_name() {
                Rank::Better
            } else if was && same_program() {
                Rank::Equal
            } else {
                Rank::Worse
            }
        });
        ranks.max().unwrap_or(Rank::Equal)
    }
}

/// A line as paths, bare names, and what stands between them.
fn words(line: &str) -> Vec<&str> {
    let is_of_path =
        |character: char| character.is_ascii_alphanumeric() || "/._-+@".contains(character);
    let mut words = Vec::new();
    let mut rest = line;
    while let Some(first) = rest.chars().next() {
        let is_word = is_of_path(first);
        // systemd's prefixes of a program are no part of its path.
        let end = rest.find(|character| is_of_path(character) != is_word);
        let start = if is_word {
            rest.find('/').unwrap_or(0)
        } else {
            0
        };
        let end = end.unwrap_or(rest.len());
        if start > 0 && start < end && rest[..start].chars().all(|one| "-+@".contains(one)) {
            words.push(&rest[..start]);
            words.push(&rest[start..end]);
        } else {
            words.push(&rest[..end]);
        }
        rest = &rest[end..];
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_split_at_their_paths() {
        assert_eq!(
            words("ExecStart=-/usr/bin/a --b=c"),
            ["ExecStart", "=", "-", "/usr/bin/a", " ", "--b", "=", "c"]
        );
        assert_eq!(words("RUN+=\"/bin/sh\""), ["RUN+", "=\"", "/bin/sh", "\""]);
    }
}
