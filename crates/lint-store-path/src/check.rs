//! Asking the rules about facts.

use std::io::Read;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::sync::Arc;

use hermetic_out::{Finding, Group, Place, SourceText, Tree};
use hermetic_out_formats::{MAX_FILE_SIZE, Span};
use rayon::prelude::*;

use crate::facts::{FactSet, PathFacts};
use crate::libraries::Libraries;
use crate::merged_unit::UnitFiles;
use crate::reporter::{Diagnostic, Reporter};
use crate::rule::{Check, ClosureSubject, FileSubject, PathSubject, Rule};
use crate::rules::RULES;

/// Asks all rules about what is known, sorted by file and place. Rules about closures are asked only if
/// `is_closure`.
#[must_use]
pub fn check(known: &Arc<FactSet>, is_closure: bool) -> Vec<Diagnostic> {
    let store = known.store();
    let tree = Tree::new(store.clone()).with_listing(known.clone());
    let libraries = Libraries::new(known, &tree);
    let closure = ClosureSubject {
        known,
        tree: &tree,
        libraries: &libraries,
        units: &UnitFiles::new(known),
    };
    let of_paths = || {
        let paths = known.paths().par_iter();
        paths.flat_map_iter(|facts| check_path(&closure, facts))
    };
    let of_closure = || {
        let rules = RULES.par_iter().filter(|_| is_closure);
        rules.flat_map_iter(|rule| check_closure(&closure, rule))
    };
    let found = of_closure().chain(of_paths());
    let mut found: Vec<Diagnostic> = found.filter(|found| is_of_use(known, found)).collect();
    found.par_sort_by(|one, other| {
        let key = |found: &Diagnostic| (found.span, found.kind.id);
        let file = one.file.as_os_str().as_bytes();
        (file, key(one), &one.message).cmp(&(
            other.file.as_os_str().as_bytes(),
            key(other),
            &other.message,
        ))
    });
    found
}

/// Whether a finding makes sense where it is. What readers get may have examples of units and scripts, with
/// the paths of any system: there only the tree itself counts, and what is built.
fn is_of_use(known: &FactSet, found: &Diagnostic) -> bool {
    let is_of_any_output = matches!(found.kind.group, Group::Tree | Group::Elf);
    let of_file = || known.file(&found.file).map(|(facts, _)| facts);
    is_of_any_output || of_file().is_none_or(|facts| !facts.is_for_readers())
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
    let of_files = found.par_chunk_by(|one, other| one.file == other.file);
    let places: Vec<Option<Place>> = of_files
        .flat_map_iter(|found| places(found, tree))
        .collect();
    let located = found.into_iter().zip(places);
    located
        .map(|(found, place)| {
            let mut finding = Finding::new(found.kind, found.file, found.message)
                .with_severity(found.severity)
                .with_subject(found.subject)
                .with_help(found.help);
            finding.place = place;
            finding
        })
        .collect()
}

/// Where the findings in one file are.
fn places(found: &[Diagnostic], tree: &Tree) -> Vec<Option<Place>> {
    let content = match found {
        [first, ..] if found.iter().any(|found| found.span.is_some()) => read(tree, &first.file),
        _ => return vec![None; found.len()],
    };
    let content = SourceText::new(content.unwrap_or_default());
    let place = |span: Span| (span.end <= content.len()).then(|| Place::new(&content, span));
    let spans = found.iter().map(|found| found.span);
    spans.map(|span| span.and_then(place)).collect()
}

fn read(tree: &Tree, path: &Path) -> std::io::Result<Vec<u8>> {
    let file = tree.open_file(path)?;
    let mut content = Vec::new();
    file.take(MAX_FILE_SIZE as u64).read_to_end(&mut content)?;
    Ok(content)
}
