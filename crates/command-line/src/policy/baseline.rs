//! What was found before: a file that grows only when somebody writes it anew.

use std::collections::BTreeSet;
use std::io::{self, Write};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use hermetic_out::store::replace_hashes;
use hermetic_out::{Finding, regular_file};
use serde::{Deserialize, Serialize};

use super::PolicyError;
use crate::escape::escape_for_terminal;
use crate::fingerprint::{fingerprints, fingerprints_by_any_id};

const WHAT: &str = "the baseline";
/// Rises when the file, or what a fingerprint is made of, changes.
const SCHEMA_VERSION: u32 = 1;

#[derive(Serialize, Deserialize)]
struct File {
    schema_version: u32,
    findings: Vec<Known>,
}

/// The fingerprint counts; the rest is for who reads the file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
struct Known {
    rule: String,
    file: String,
    subject: String,
    fingerprint: String,
}

/// Findings that are known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Baseline {
    known: BTreeSet<Known>,
}

/// Findings, told apart by a baseline.
#[derive(Clone, Debug)]
pub struct Compared {
    /// Those that it does not have.
    pub new: Vec<Finding>,
    /// How many it has.
    pub known: usize,
    /// How many it has that were not found any more.
    pub gone: usize,
}

impl Baseline {
    /// One of these findings. `store_dir` is what a store path begins with.
    #[must_use]
    pub fn of(findings: &[Finding], store_dir: &Path) -> Self {
        let text = |bytes: &[u8]| escape_for_terminal(&replace_hashes(bytes, store_dir, b""));
        let known = findings
            .iter()
            .zip(fingerprints(findings, store_dir))
            .map(|(finding, fingerprint)| Known {
                rule: finding.kind.id.to_owned(),
                file: text(finding.file.as_os_str().as_bytes()),
                subject: text(&finding.subject),
                fingerprint,
            })
            .collect();
        Self { known }
    }

    /// Reads one.
    pub fn read(path: &Path) -> Result<Self, PolicyError> {
        let name = || escape_for_terminal(path.as_os_str().as_bytes());
        let bytes = regular_file::read(path).map_err(|source| PolicyError::Unreadable {
            what: WHAT,
            path: name(),
            source,
        })?;
        let malformed = |line: usize, column: usize, reason: String| PolicyError::Malformed {
            what: WHAT,
            path: name(),
            line: line.max(1),
            column: column.max(1),
            reason,
        };
        let file: File = serde_json::from_slice(&bytes).map_err(|error| {
            let (line, column) = (error.line(), error.column());
            let reason = error.to_string();
            let reason = reason.trim_end_matches(&format!(" at line {line} column {column}"));
            let reason = format!("{reason}; write it anew with --write-baseline");
            malformed(line, column, escape_for_terminal(reason.as_bytes()))
        })?;
        if file.schema_version != SCHEMA_VERSION {
            let reason = format!(
                "it has the version {}, and this tool reads {SCHEMA_VERSION}; write it anew with \
                 --write-baseline",
                file.schema_version
            );
            return Err(malformed(1, 1, reason));
        }
        Ok(Self {
            known: file.findings.into_iter().collect(),
        })
    }

    /// Writes it, one finding a line and in order, so that a difference can be read. The file is old
    /// or new at any moment.
    pub fn write(&self, path: &Path) -> Result<(), PolicyError> {
        self.write_to(path)
            .map_err(|source| PolicyError::Unwritable {
                path: escape_for_terminal(path.as_os_str().as_bytes()),
                source,
            })
    }

    fn write_to(&self, path: &Path) -> io::Result<()> {
        let directory = match path.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        let mut file = tempfile::Builder::new()
            .prefix(".baseline-")
            .permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666))
            .tempfile_in(directory)?;
        write!(
            file,
            "{{\n  \"schema_version\": {SCHEMA_VERSION},\n  \"findings\": ["
        )?;
        for (number, known) in self.known.iter().enumerate() {
            let comma = if number > 0 { "," } else { "" };
            write!(file, "{comma}\n    {}", serde_json::to_string(known)?)?;
        }
        let end = if self.known.is_empty() { "" } else { "\n  " };
        write!(file, "{end}]\n}}\n")?;
        file.as_file().sync_all()?;
        file.persist(path)?;
        Ok(())
    }

    /// Tells the findings that are not in it from those that are, by their ids or former ids.
    #[must_use]
    pub fn compare(&self, findings: Vec<Finding>, store_dir: &Path) -> Compared {
        let prints = fingerprints_by_any_id(&findings, store_dir);
        let known: BTreeSet<&str> = self
            .known
            .iter()
            .map(|known| known.fingerprint.as_str())
            .collect();
        let is_known = |prints: &Vec<String>| {
            let mut prints = prints.iter();
            prints.any(|print| known.contains(print.as_str()))
        };
        let found = prints.iter().filter(|prints| is_known(prints)).count();
        let new = findings
            .into_iter()
            .zip(&prints)
            .filter(|(_, prints)| !is_known(prints))
            .map(|(finding, _)| finding)
            .collect();
        Compared {
            new,
            known: found,
            gone: known.len() - found,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{FORMER_PROGRAM, findings};
    use std::fs;

    use super::*;

    const STORE: &str = "/nix/store";

    #[test]
    fn what_is_known_is_told_from_what_is_new() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("baseline.json");
        let mut all = findings();
        let new = all.remove(0);
        // The same twice is known twice, not three times.
        all.push(all[0].clone());
        Baseline::of(&all, Path::new(STORE)).write(&path).unwrap();
        let baseline = Baseline::read(&path).unwrap();
        let compared = baseline.compare(all.clone(), Path::new(STORE));
        assert_eq!(
            (compared.new.len(), compared.known, compared.gone),
            (0, 3, 0)
        );
        all.push(all[0].clone());
        all.push(new.clone());
        let compared = baseline.compare(all, Path::new(STORE));
        assert_eq!(
            (compared.new.len(), compared.known, compared.gone),
            (2, 3, 0)
        );
        assert_eq!(compared.new[1].file, new.file);
        let compared = baseline.compare(vec![new], Path::new(STORE));
        assert_eq!(
            (compared.new.len(), compared.known, compared.gone),
            (1, 0, 3)
        );
    }

    #[test]
    fn a_finding_is_known_by_a_former_id() {
        let former = |finding: Finding| match finding.kind.id {
            "missing-program" => {
                Finding::new(&FORMER_PROGRAM, finding.file, "").with_subject(finding.subject)
            }
            _ => finding,
        };
        let before: Vec<Finding> = findings().into_iter().map(former).collect();
        let baseline = Baseline::of(&before, Path::new(STORE));
        let mut all = findings();
        all.push(all[0].clone());
        let compared = baseline.compare(all, Path::new(STORE));
        assert_eq!(
            (compared.new.len(), compared.known, compared.gone),
            (1, 3, 0)
        );
    }

    #[test]
    fn the_file_can_be_read_by_people_and_is_replaced_as_a_whole() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("baseline.json");
        fs::write(&path, "old").unwrap();
        let mut all = findings();
        Baseline::of(&all, Path::new(STORE)).write(&path).unwrap();
        let first = fs::read_to_string(&path).unwrap();
        let expected = "{\n  \"schema_version\": 1,\n  \"findings\": [\n    \
                        {\"rule\":\"dangling-symlink\",\"file\":\"y-2/lib/z\",\"subject\":\"z\",";
        assert!(first.starts_with(expected), "{first}");
        assert_eq!(first.lines().count(), 8);
        assert!(!first.contains(&"a".repeat(32)), "hashes change");
        all.reverse();
        Baseline::of(&all, Path::new(STORE)).write(&path).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), first);
        Baseline::of(&[], Path::new(STORE)).write(&path).unwrap();
        assert_eq!(Baseline::read(&path).unwrap(), Baseline::default());
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
    }

    #[test]
    fn what_is_wrong_is_said_with_its_place() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("baseline.json");
        for (text, expected) in [
            (
                "{\n  \"schema_version\": x",
                ":2:21: expected value; write it anew with --write-baseline",
            ),
            (
                "",
                ":1:1: EOF while parsing a value; write it anew with --write-baseline",
            ),
            (
                "{\"schema_version\": 9, \"findings\": []}",
                ":1:1: it has the version 9, and this tool reads 1; write it anew with --write-baseline",
            ),
        ] {
            fs::write(&path, text).unwrap();
            let error = Baseline::read(&path).unwrap_err().to_string();
            assert!(error.starts_with("reading the baseline /"), "{error}");
            assert!(error.ends_with(expected), "{error}");
        }
        let missing = directory.path().join("none/baseline.json");
        let error = Baseline::read(&missing).unwrap_err().to_string();
        assert!(error.starts_with("reading the baseline /"), "{error}");
        let error = Baseline::default().write(&missing).unwrap_err().to_string();
        assert!(error.starts_with("writing the baseline /"), "{error}");
    }
}
