//! Asking the rules about facts.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::Read;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use hermetic_out::tree::{Listed, Listing};
use hermetic_out::{Finding, Place, Tree};
use hermetic_out_formats::MAX_FILE_SIZE;
use rayon::prelude::*;

use crate::facts::{FactSet, Name, PathFacts};
use crate::libraries::Libraries;
use crate::reporter::{Diagnostic, Reporter};
use crate::rule::{Check, ClosureSubject, FileSubject, PathSubject, Rule};
use crate::rules::RULES;

/// Asks all rules about what is known, sorted by file and place. Rules about closures are asked only if
/// `is_closure`.
#[must_use]
pub fn check(known: &Arc<FactSet>, is_closure: bool) -> Vec<Diagnostic> {
    check_and_note(known, is_closure).0
}

/// The facts, and what could not be answered by them.
struct Noting {
    known: Arc<FactSet>,
    /// The names of other store paths.
    asked: Mutex<BTreeSet<Name>>,
}

impl Listing for Noting {
    fn at(&self, path: &Path) -> Listed<'_> {
        let listed = self.known.at(path);
        if listed == Listed::Unknown {
            let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(name) = self.known.name_of_store_path(path)
                && !asked.contains(serde_bytes::Bytes::new(name))
            {
                asked.insert(Name::from(name));
            }
        }
        listed
    }
}

/// The same, with the names of the other store paths, there or not, in which rules looked for something.
pub(crate) fn check_and_note(
    known: &Arc<FactSet>,
    is_closure: bool,
) -> (Vec<Diagnostic>, BTreeSet<Name>) {
    let store = known.store();
    let noting = Arc::new(Noting {
        known: known.clone(),
        asked: Mutex::default(),
    });
    let tree = Tree::new(store.clone()).with_listing(noting.clone());
    let libraries = Libraries::new(known, &tree);
    let closure = ClosureSubject {
        known,
        tree: &tree,
        libraries: &libraries,
    };
    let of_paths = || {
        let paths = known.paths().par_iter();
        paths.flat_map_iter(|facts| check_path(&closure, facts))
    };
    let of_closure = || {
        let rules = RULES.par_iter().filter(|_| is_closure);
        rules.flat_map_iter(|rule| check_closure(&closure, rule))
    };
    let mut found: Vec<Diagnostic> = of_closure().chain(of_paths()).collect();
    found.par_sort_by(|one, other| {
        let key = |found: &Diagnostic| (found.span, found.kind.id);
        let file = one.file.as_os_str().as_bytes();
        (file, key(one), &one.message).cmp(&(
            other.file.as_os_str().as_bytes(),
            key(other),
            &other.message,
        ))
    });
    let mut asked = noting.asked.lock().unwrap_or_else(PoisonError::into_inner);
    (found, std::mem::take(&mut *asked))
}

fn check_closure(closure: &ClosureSubject<'_>, rule: &'static Rule) -> Vec<Diagnostic> {
    let mut findings = Reporter::new(rule.kind);
    if let Check::Closure(check) = rule.check {
        check(closure, &mut findings);
    }
    findings.into_found()
}

fn check_path(closure: &ClosureSubject<'_>, facts: &PathFacts) -> Vec<Diagnostic> {
    let store = closure.known.store();
    let path = store.path_of_name(&facts.name);
    let package = closure.known.package(facts);
    let subject = PathSubject {
        closure,
        facts,
        path: &path,
        package: &package,
    };
    let mut all = Vec::new();
    for rule in RULES {
        let mut findings = Reporter::new(rule.kind);
        match rule.check {
            Check::File(check) => {
                for file in &facts.files {
                    let file = FileSubject {
                        inside: &subject,
                        file,
                    };
                    check(&file, &mut findings);
                }
            }
            Check::StorePath(check) => check(&subject, &mut findings),
            Check::Closure(_) => {}
        }
        all.extend(findings.into_found());
    }
    all
}

/// The findings as they are shown: with lines and columns, for which their files are read again. What
/// cannot be read any more has no place. They are sorted by file, so that each is read once.
#[must_use]
pub fn located(found: Vec<Diagnostic>, tree: &Tree) -> Vec<Finding> {
    let mut last: Option<(PathBuf, Vec<u8>)> = None;
    let mut findings = Vec::with_capacity(found.len());
    for found in found {
        let place = found.span.and_then(|span| {
            if last.as_ref().is_none_or(|(path, _)| *path != found.file) {
                let content = read(tree, &found.file).unwrap_or_default();
                last = Some((found.file.clone(), content));
            }
            let (_, content) = last.as_ref()?;
            (span.end <= content.len()).then(|| Place::new(content, span))
        });
        let mut finding = Finding::new(found.kind, found.file, found.message)
            .with_severity(found.severity)
            .with_subject(found.subject)
            .with_help(found.help);
        finding.place = place;
        findings.push(finding);
    }
    findings
}

fn read(tree: &Tree, path: &Path) -> std::io::Result<Vec<u8>> {
    let file: File = tree.open(path)?;
    let mut content = Vec::new();
    if file.metadata()?.is_file() {
        file.take(MAX_FILE_SIZE as u64).read_to_end(&mut content)?;
    }
    Ok(content)
}
