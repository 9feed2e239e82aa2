//! The plan and the findings, put together.

use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

use bstr::ByteSlice;
use hermetic_out::store::name_without_hash;
use hermetic_out::{Change, Edit, FileEdits, Finding, Outcome, Package, Severity};

use crate::outputs::Placement;
use crate::unit::Unit;
use crate::{Error, Options, findings};

/// Puts the plan together.
pub(crate) fn outcome(
    units: Vec<Unit>,
    placement: Placement,
    package: &Package,
    options: &Options,
) -> Result<Outcome, Error> {
    let mut outcome = Outcome::default();
    let forbidden: Vec<PathBuf> = options
        .forbidden_references
        .iter()
        .filter_map(|path| package.store.store_path_of(path))
        .collect();
    let mut new_references: BTreeMap<usize, Vec<PathBuf>> = BTreeMap::new();
    for unit in units {
        let output = placement.output_of(&unit);
        let mut findings = unit.findings;
        if output != unit.output {
            let (from, to) = (&package.outputs[unit.output], &package.outputs[output]);
            let message = format!("the file moves from {} to {}", from.name, to.name);
            let kind = &findings::UNIT_MOVED;
            findings.push(
                Finding::new(kind, unit.file.path.clone(), message)
                    .with_subject(unit.file.sub_path.clone()),
            );
        }
        let mut seen: BTreeSet<&PathBuf> = BTreeSet::new();
        for planned in &unit.edits {
            for store_path in &planned.store_paths {
                // Once for each: the file may be long.
                if seen.insert(store_path) && package.outputs[output].path != *store_path {
                    let name = store_path.as_os_str().as_bytes();
                    if memchr::memmem::find(&unit.content, name).is_none() {
                        new_references
                            .entry(output)
                            .or_default()
                            .push(store_path.clone());
                    }
                }
                if forbidden.contains(store_path) {
                    let message = format!(
                        "{} would be replaced by a path of {}, which is forbidden",
                        planned.subject.as_bstr(),
                        store_path.display()
                    );
                    let kind = &findings::FORBIDDEN_REFERENCE;
                    findings.push(
                        Finding::new(kind, unit.file.path.clone(), message)
                            .at(&unit.content, planned.span)
                            .with_subject(planned.subject.clone()),
                    );
                }
            }
        }
        for finding in &mut findings {
            let fatal = options.missing_is_error && findings::is_missing_program(finding.kind);
            if fatal && finding.severity == Severity::Warning {
                finding.severity = Severity::Error;
            }
        }
        let place = |finding: &Finding| finding.place.as_ref().map(|place| place.span);
        findings
            .sort_by(|one, other| (place(one), one.kind.id).cmp(&(place(other), other.kind.id)));
        outcome.findings.extend(findings);
        outcome.replaced += unit.replaced;
        outcome.kept += unit.kept;
        outcome.unresolved += unit.unresolved;
        if !unit.edits.is_empty() {
            let edits: Vec<Edit> = unit.edits.into_iter().map(|planned| planned.edit).collect();
            let edits = FileEdits::new(unit.file.path, unit.content.into_bytes(), &edits)?;
            if edits.before != edits.after {
                outcome.plan.changes.push(Change::Edit(edits));
            }
        }
    }
    outcome.plan.changes.extend(placement.into_changes());
    for (output, mut paths) in new_references {
        // By what follows the hash, which says nothing to a reader and changes with every build.
        paths.sort_by_cached_key(|path| (name_without_hash(path).to_vec(), path.clone()));
        paths.dedup();
        outcome
            .new_references
            .push((package.outputs[output].name.clone(), paths));
    }
    Ok(outcome)
}
