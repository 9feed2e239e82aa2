//! A sample of what lint-store-path says of real packages, and what came of reading it.
//!
//! `lint-verdicts/RULE.toml` has findings of one rule, each with a verdict. Which findings are read
//! is decided by a hash, not by liking: a rule with many is judged by [`SAMPLE`] of them, of each
//! severity that it has.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use sha2::{Digest as _, Sha256};

use crate::tool::Finding;
use crate::{Error, Result};

/// How many findings of a rule are read, of each severity.
pub const SAMPLE: usize = 20;
/// No package is to speak for a rule alone.
const OF_ONE_PACKAGE: usize = 3;

/// The findings of a rule that were read.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct Sample {
    /// How many findings of each severity there were when the sample was drawn.
    pub of: BTreeMap<String, usize>,
    /// The findings.
    #[serde(default)]
    pub finding: Vec<Read>,
}

/// A finding and its verdict.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct Read {
    /// How bad the lint takes it to be.
    pub severity: String,
    /// The package's name and version.
    pub package: String,
    /// The file in it.
    pub file: String,
    /// The line that it is about; empty if it is about the file.
    #[serde(default)]
    pub text: String,
    /// What the lint says.
    pub says: String,
    /// Whether that is so, and matters; none if nobody has read it yet.
    pub right: Option<bool>,
    /// Why, as far as the line does not say it.
    #[serde(default)]
    pub why: String,
}

impl Read {
    /// What stays the same when the package's version moves.
    fn key(&self) -> (&str, &str, &str) {
        (name_of(&self.package), &self.file, &self.text)
    }
}

/// The name in front of a version: up to the first hyphen that a digit follows.
fn name_of(package: &str) -> &str {
    let bytes = package.as_bytes();
    let end = bytes
        .windows(2)
        .position(|pair| pair[0] == b'-' && pair[1].is_ascii_digit());
    package
        .get(..end.unwrap_or(package.len()))
        .unwrap_or(package)
}

/// Draws findings of every rule; `stores` are the stores that they are about.
#[must_use]
pub fn draw(findings: &[Finding], stores: &[&Path]) -> BTreeMap<String, Sample> {
    let mut by_rule: BTreeMap<(String, String), BTreeMap<[u8; 32], Read>> = BTreeMap::new();
    for finding in findings {
        let path = Path::new(&finding.file);
        let Some(inside) = stores
            .iter()
            .find_map(|store| path.strip_prefix(store).ok())
        else {
            continue;
        };
        let mut parts = inside.components();
        let directory = parts.next().map(|part| part.as_os_str().to_string_lossy());
        // Without the hash of the store path.
        let package = directory
            .and_then(|name| name.get(33..).map(str::to_owned))
            .unwrap_or_default();
        let says = stores.iter().fold(finding.message.clone(), |says, store| {
            says.replace(&store.display().to_string(), "/nix/store")
        });
        let text = stores.iter().fold(line(path, finding.line), |text, store| {
            text.replace(&store.display().to_string(), "/nix/store")
        });
        let read = Read {
            severity: finding.severity.clone(),
            package,
            file: parts.as_path().display().to_string(),
            text,
            says,
            ..Read::default()
        };
        let (name, file, text) = read.key();
        let subject = &finding.subject;
        let hash = Sha256::digest(format!("{name}\0{file}\0{text}\0{subject}"));
        by_rule
            .entry((finding.id.clone(), finding.severity.clone()))
            .or_default()
            .insert(hash.into(), read);
    }
    let mut drawn: BTreeMap<String, Sample> = BTreeMap::new();
    for ((rule, severity), all) in by_rule {
        let sample = drawn.entry(rule).or_default();
        sample.of.insert(severity, all.len());
        sample.finding.extend(chosen(all));
    }
    drawn
}

fn chosen(all: BTreeMap<[u8; 32], Read>) -> Vec<Read> {
    let mut of_package: HashMap<String, usize> = HashMap::new();
    let few = all.into_values().filter(|read| {
        let count = of_package.entry(read.package.clone()).or_default();
        *count += 1;
        *count <= OF_ONE_PACKAGE
    });
    few.take(SAMPLE).collect()
}

/// The text of a line, as far as it is one.
fn line(file: &Path, number: Option<usize>) -> String {
    let Some(number) = number else {
        return String::new();
    };
    let bytes = std::fs::read(file).unwrap_or_default();
    let line = bytes
        .split(|byte| *byte == b'\n')
        .nth(number.saturating_sub(1));
    let text = String::from_utf8_lossy(line.unwrap_or_default()).into_owned();
    text.trim().chars().take(300).collect()
}

/// The directory of the samples.
#[must_use]
pub fn directory() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("lint-verdicts")
}

/// Reads all samples of a directory, by rule.
pub fn read(directory: &Path) -> Result<BTreeMap<String, Sample>> {
    let wrong = |path: &Path, why: String| Error::new(format!("read {}", path.display()), why);
    let entries =
        std::fs::read_dir(directory).map_err(|error| wrong(directory, error.to_string()))?;
    let mut samples = BTreeMap::new();
    for entry in entries.filter_map(std::result::Result::ok) {
        let path = entry.path();
        if path.extension().is_none_or(|suffix| suffix != "toml") {
            continue;
        }
        let text =
            std::fs::read_to_string(&path).map_err(|error| wrong(&path, error.to_string()))?;
        let sample = toml::from_str(&text).map_err(|error| wrong(&path, error.to_string()))?;
        let rule = path.file_stem().unwrap_or_default().to_string_lossy();
        samples.insert(rule.into_owned(), sample);
    }
    Ok(samples)
}

/// Writes samples; what was read before keeps its verdict.
pub fn update(directory: &Path, drawn: BTreeMap<String, Sample>) -> Result<()> {
    let doing = format!("write {}", directory.display());
    std::fs::create_dir_all(directory).map_err(|error| Error::new(&doing, error))?;
    let before = read(directory)?;
    for (rule, mut sample) in drawn {
        let known = before.get(&rule).map_or(&[][..], |sample| &sample.finding);
        for new in &mut sample.finding {
            let same = |old: &&Read| old.key() == new.key();
            if let Some(old) = known.iter().find(same) {
                (new.right, new.why) = (old.right, old.why.clone());
            }
        }
        let path = directory.join(format!("{rule}.toml"));
        std::fs::write(path, text(&sample)).map_err(|error| Error::new(&doing, error))?;
    }
    Ok(())
}

fn text(sample: &Sample) -> String {
    // What JSON writes in quotes is a string in TOML, too.
    let quoted = |text: &str| serde_json::Value::from(text).to_string();
    let mut file = String::from("[of]\n");
    for (severity, count) in &sample.of {
        let _ = writeln!(file, "{severity} = {count}");
    }
    for read in &sample.finding {
        let _ = writeln!(file, "\n[[finding]]\nseverity = {}", quoted(&read.severity));
        let _ = writeln!(file, "package = {}", quoted(&read.package));
        let _ = writeln!(file, "file = {}", quoted(&read.file));
        if !read.text.is_empty() {
            let _ = writeln!(file, "text = {}", quoted(&read.text));
        }
        let _ = writeln!(file, "says = {}", quoted(&read.says));
        if let Some(right) = read.right {
            let _ = writeln!(file, "right = {right}");
        }
        if !read.why.is_empty() {
            let _ = writeln!(file, "why = {}", quoted(&read.why));
        }
    }
    file
}

const START: &str = "\
# How often lint-store-path is wrong

Generated from `tests/packages/lint-verdicts`, where each finding stands with its verdict and the
reason: do not edit. `UPDATE=1 cargo test -p real-packages --lib` writes it again.

A finding is right if what it says is so of that store path, and something will fail or is not as
meant because of it. Up to 20 findings of each rule on real Debian packages, put in a store, were read
one by one: those with the lowest hashes, at most three of one package. What is wrong more than once
in twenty is not an error.

| rule | severity | findings | read | wrong | in a hundred |
|---|---|---|---|---|---|
";

/// The page with the rate of false positives of every rule.
#[must_use]
pub fn page(samples: &BTreeMap<String, Sample>) -> String {
    let mut page = String::from(START);
    let (mut read_in_all, mut wrong_in_all) = (0, 0);
    for (rule, sample) in samples {
        for (severity, of) in &sample.of {
            let (read, wrong) = counts(sample, severity);
            (read_in_all, wrong_in_all) = (read_in_all + read, wrong_in_all + wrong);
            let rate = percent(wrong, read);
            let _ = writeln!(
                page,
                "| `{rule}` | {severity} | {of} | {read} | {wrong} | {rate} |"
            );
        }
    }
    let rate = percent(wrong_in_all, read_in_all);
    let _ = writeln!(
        page,
        "| all | | | {read_in_all} | {wrong_in_all} | {rate} |"
    );
    for (rule, sample) in samples {
        let mistakes = sample
            .finding
            .iter()
            .filter(|read| read.right == Some(false));
        for (index, read) in mistakes.enumerate() {
            if index == 0 {
                let _ = writeln!(page, "\n## What `{rule}` gets wrong\n");
            }
            let _ = writeln!(page, "- {}, `{}`: {}", read.package, read.file, read.why);
        }
    }
    page
}

/// How many findings of a severity were read, and how many of them are wrong.
fn counts(sample: &Sample, severity: &str) -> (usize, usize) {
    let of_severity = sample
        .finding
        .iter()
        .filter(|read| read.severity == severity);
    let wrong = of_severity.clone().filter(|read| read.right == Some(false));
    (of_severity.count(), wrong.count())
}

fn percent(part: usize, whole: usize) -> usize {
    (part * 100 + whole / 2).checked_div(whole).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_finding_is_read_and_errors_are_right() -> Result<()> {
        let samples = read(&directory())?;
        let mut faults = Vec::new();
        for (rule, sample) in &samples {
            for read in &sample.finding {
                let place = format!("{rule}: {}: {}", read.package, read.file);
                if read.right.is_none() {
                    faults.push(format!("{place}: nobody has read it"));
                }
                if read.right == Some(false) && read.why.is_empty() {
                    faults.push(format!("{place}: it does not say why that is wrong"));
                }
            }
            let (read, wrong) = counts(sample, "error");
            if wrong * 20 > read {
                faults.push(format!("{rule} is wrong too often for an error"));
            }
        }
        assert!(faults.is_empty(), "{}", faults.join("\n"));
        Ok(())
    }

    #[test]
    fn the_page_is_made_of_the_samples() -> Result<()> {
        let page = page(&read(&directory())?);
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/lint-false-positives.md");
        if std::env::var_os("UPDATE").is_some_and(|value| value == "1") {
            std::fs::write(&path, &page).expect("the page can be written");
        }
        let written = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(written == page, "UPDATE=1 writes {}", path.display());
        Ok(())
    }

    #[test]
    fn the_lowest_hashes_are_drawn_and_few_of_one_package() {
        let store = Path::new("/s");
        let finding = |package: usize, file: usize| Finding {
            id: "rule".into(),
            severity: "error".into(),
            file: format!("/s/{}-p{package}-1.0/f{file}", "0".repeat(32)),
            ..Finding::default()
        };
        let mut findings: Vec<Finding> = (0..100).map(|file| finding(1000, file)).collect();
        findings.extend((0..30).map(|package| finding(package, 0)));
        let drawn = draw(&findings, &[store]);
        findings.reverse();
        assert_eq!(draw(&findings, &[store]), drawn);
        let sample = &drawn["rule"];
        assert_eq!((sample.of["error"], sample.finding.len()), (130, SAMPLE));
        let of_one = sample
            .finding
            .iter()
            .filter(|one| one.package == "p1000-1.0");
        assert!(of_one.count() <= OF_ONE_PACKAGE);
    }

    #[test]
    fn a_verdict_survives_a_new_version() -> Result<()> {
        let directory = tempfile::tempdir().expect("a directory");
        let sample = |version: &str, right| Sample {
            of: BTreeMap::from([("note".into(), 1)]),
            finding: vec![Read {
                severity: "note".into(),
                package: format!("x-y-{version}"),
                file: "a \"b\"".into(),
                text: "\u{1b}[1m \\".into(),
                says: "it is".into(),
                right,
                why: String::new(),
            }],
        };
        let of = |sample| BTreeMap::from([("rule".to_owned(), sample)]);
        update(directory.path(), of(sample("1.0-1", Some(true))))?;
        update(directory.path(), of(sample("1.1-1", None)))?;
        assert_eq!(read(directory.path())?["rule"], sample("1.1-1", Some(true)));
        Ok(())
    }
}
