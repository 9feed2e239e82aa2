//! Findings that say the same, which people see as one.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::hash::Hash;
use std::path::{Component, Path};

use bstr::ByteSlice;
use hermetic_out::{Finding, Severity};

use super::counts::count;
use crate::escape::{escape_for_terminal, escape_path};

/// From so many on, findings that are alike are shown as one.
const FOLDED: usize = 3;
/// So many of their places are shown.
const FEW: usize = 4;

/// A finding that is shown, and those that say the same about other subjects or places.
pub(super) struct Alike<'a> {
    pub(super) first: &'a Finding,
    /// About the same file as a whole, with another subject.
    subjects: Vec<&'a Finding>,
    /// About other places of the store path.
    places: Vec<&'a Finding>,
}

impl<'a> Alike<'a> {
    fn alone(first: &'a Finding) -> Self {
        Self {
            first,
            subjects: Vec::new(),
            places: Vec::new(),
        }
    }

    /// The findings, each for itself.
    pub(super) fn each(findings: impl Iterator<Item = &'a Finding>) -> Vec<Self> {
        findings.map(Self::alone).collect()
    }

    /// The findings, those that are alike in the place of their first.
    pub(super) fn folded(
        findings: impl Iterator<Item = &'a Finding>,
        store_dir: &Path,
    ) -> Vec<Self> {
        let of_files = by_file(findings);
        let mut numbers: HashMap<_, usize> = HashMap::new();
        for alike in &of_files {
            *numbers.entry(alike.key(store_dir)).or_default() += 1;
        }
        numbers.retain(|_, number| *number >= FOLDED);
        let mut shown: Vec<Self> = Vec::new();
        let mut first_of = HashMap::new();
        for alike in of_files {
            let key = alike.key(store_dir);
            if numbers.contains_key(&key) {
                if let Some(at) = first_of.get(&key) {
                    let known: &mut Self = &mut shown[*at];
                    known.places.push(alike.first);
                    continue;
                }
                first_of.insert(key, shown.len());
            }
            shown.push(alike);
        }
        shown
    }

    /// What those of other places have in common with this one.
    fn key(&self, store_dir: &Path) -> impl Eq + Hash + use<'a> {
        let (store_path, _) = split(&self.first.file, store_dir);
        let subjects = self.subjects.iter();
        let subjects: Vec<&'a [u8]> = subjects.map(|finding| &*finding.subject).collect();
        (store_path, like(self.first), &self.first.message, subjects)
    }

    /// Sentences about the findings that are folded into this one.
    pub(super) fn notes(&self, store_dir: &Path) -> impl Iterator<Item = String> {
        let subjects = self.subjects.iter();
        let subjects = subjects.map(|finding| escape_for_terminal(&finding.subject));
        let place = |finding: &&Finding| {
            let (_, inside) = split(&finding.file, store_dir);
            let line = finding.place.as_ref();
            let line = line.map_or_else(String::new, |place| format!(":{}", place.line));
            escape_path(inside) + &line
        };
        let places = count(self.places.len(), "more place");
        let few: Vec<String> = self.places.iter().take(FEW).map(place).collect();
        let rest = match self.places.len() {
            ..=FEW => "",
            _ => ", … (--all shows each)",
        };
        let subjects: Vec<String> = subjects.collect();
        let subjects = (!subjects.is_empty()).then(|| format!("also {}", subjects.join(", ")));
        let places =
            (!few.is_empty()).then(|| format!("the same in {places}: {}{rest}", few.join(", ")));
        subjects.into_iter().chain(places)
    }
}

/// The findings, those about one file as a whole that differ in their subject alone together.
fn by_file<'a>(findings: impl Iterator<Item = &'a Finding>) -> Vec<Alike<'a>> {
    let mut all: Vec<Alike> = Vec::new();
    for finding in findings {
        match all.last_mut() {
            Some(last) if is_about_another_subject(last.first, finding) => {
                last.subjects.push(finding);
            }
            _ => all.push(Alike::alone(finding)),
        }
    }
    all
}

fn is_about_another_subject(one: &Finding, other: &Finding) -> bool {
    let without_subject = |finding: &Finding| {
        let subject = finding.subject.to_str().ok()?;
        let (before, after) = finding.message.split_once(subject)?;
        (!subject.is_empty()).then(|| [before, after].concat())
    };
    one.place.is_none()
        && other.place.is_none()
        && one.file == other.file
        && like(one) == like(other)
        && without_subject(one).is_some_and(|message| Some(message) == without_subject(other))
}

/// What findings that are alike have in common wherever they are.
fn like(finding: &Finding) -> (&str, Severity, &str) {
    (finding.kind.id, finding.severity, &finding.help)
}

/// The name of the store path that `file` is in, and the path from there.
fn split<'a>(file: &'a Path, store_dir: &Path) -> (Option<&'a OsStr>, &'a Path) {
    let mut components = match file.strip_prefix(store_dir) {
        Ok(inside) => inside.components(),
        Err(_) => return (None, file),
    };
    let name = components.next();
    (name.map(Component::as_os_str), components.as_path())
}
