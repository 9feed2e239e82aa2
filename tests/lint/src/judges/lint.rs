//! lint-store-path itself.

use std::path::{Path, PathBuf};

use real_packages::tool::Finding;
use real_packages::{Result, lint};

use crate::defects::Defect;
use crate::tree::{Layout, PACKAGE, store_path};

/// All that the lint finds in the closure of the package in a store.
pub fn findings(tool: &Path, store: &Path) -> Result<Vec<Finding>> {
    let output = store_path(store, PACKAGE);
    let report = lint::report(tool, store, &[output], &["--closure"])?;
    lint::findings(&report)
}

/// Why the findings are not those of the defect, if they are not: one has to have its rule and be
/// in its place.
#[must_use]
pub fn fault(defect: &Defect, layout: &Layout, findings: &[Finding]) -> Option<String> {
    let places: Vec<PathBuf> = defect.at.iter().map(|at| layout.path(at)).collect();
    let top = layout.path("");
    let told = |findings: &[&Finding]| -> String {
        findings
            .iter()
            .flat_map(|one| {
                let line = one.line.map(|line| format!(":{line}")).unwrap_or_default();
                [
                    "\n    ",
                    &one.file,
                    &line,
                    ": ",
                    &one.id,
                    ": ",
                    &one.message,
                ]
                .map(str::to_owned)
            })
            .collect()
    };
    // A whole directory may be what is wrong.
    let is_place = |finding: &&Finding| {
        let file = Path::new(&finding.file);
        file != top && places.iter().any(|place| place.starts_with(file))
    };
    let here: Vec<&Finding> = findings.iter().filter(is_place).collect();
    if here.is_empty() {
        let all: Vec<&Finding> = findings.iter().collect();
        return Some(format!("no finding at {}{}", defect.at[0], told(&all)));
    }
    let by_rule: Vec<&Finding> = here
        .iter()
        .copied()
        .filter(|finding| finding.id == defect.rule)
        .collect();
    if by_rule.is_empty() {
        let rule = &defect.rule;
        return Some(format!("it is not reported as {rule}{}", told(&here)));
    }
    let line = defect.line.as_deref().map(|line| layout.text(line))?;
    let is_marked = |finding: &&Finding| {
        let text = std::fs::read(&finding.file).unwrap_or_default();
        let text = String::from_utf8_lossy(&text);
        finding.line.is_some_and(|number| {
            text.lines()
                .nth(number.saturating_sub(1))
                .is_some_and(|text| text.contains(line.as_str()))
        })
    };
    if by_rule.iter().any(is_marked) {
        return None;
    }
    Some(format!("the line `{line}` is not marked{}", told(&by_rule)))
}
