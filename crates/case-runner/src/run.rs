//! Runs of all cases of a tool.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use crate::case;
use crate::dry_run::DryRuns;

/// What did not go as its case expects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The case.
    pub case: PathBuf,
    /// What is different, for people.
    pub message: String,
}

impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(formatter, "==== {}", self.case.display())?;
        writeln!(formatter, "{}", self.message.trim_end())
    }
}

/// Runs every case below `cases_dir` with the tool `tool_exe`, in the order of their names.
///
/// # Panics
///
/// If a case fails, or there is none; the message shows every difference.
pub fn run_all(tool_exe: &Path, cases_dir: &Path) {
    assert_pass(tool_exe, cases_dir, None);
}

/// Runs every case of a tool that has `--dry-run`. Where a case does not give options of the output, a dry
/// run comes first: it must change nothing, and list just the changes that a run then makes which finds no
/// error.
///
/// # Panics
///
/// As [`run_all`], or if less than half of the cases had a dry run or none of them listed a change.
pub fn run_all_fixups(tool_exe: &Path, cases_dir: &Path) {
    let dry_runs = Mutex::default();
    assert_pass(tool_exe, cases_dir, Some(&dry_runs));
    let dry_runs = dry_runs.into_inner().unwrap_or_default();
    let cases = case_directories(cases_dir).map_or(0, |cases| cases.len());
    assert!(
        dry_runs.len() >= cases / 2 && dry_runs.iter().any(|changes| *changes > 0),
        "{} of {cases} cases had a dry run: {dry_runs:?}",
        dry_runs.len()
    );
}

fn assert_pass(tool_exe: &Path, cases_dir: &Path, dry_runs: Option<&DryRuns>) {
    let update = std::env::var_os("UPDATE").is_some_and(|value| value == "1");
    let failures = run(tool_exe, cases_dir, update, dry_runs);
    let report: Vec<String> = failures.iter().map(ToString::to_string).collect();
    assert!(
        failures.is_empty(),
        "{} of the cases in {} failed; UPDATE=1 accepts what happened\n\n{}",
        failures.len(),
        cases_dir.display(),
        report.join("\n")
    );
}

/// Runs every case as [`run_all`] does; the cases that failed. With `update`, what is expected is
/// first written from what happens.
#[must_use]
pub fn failures(tool_exe: &Path, cases_dir: &Path, update: bool) -> Vec<Failure> {
    run(tool_exe, cases_dir, update, None)
}

fn run(
    tool_exe: &Path,
    cases_dir: &Path,
    update: bool,
    dry_runs: Option<&DryRuns>,
) -> Vec<Failure> {
    let cases = match case_directories(cases_dir) {
        Ok(cases) if cases.is_empty() => Err("it holds no case".to_owned()),
        Ok(cases) => Ok(cases),
        Err(error) => Err(error.to_string()),
    };
    let cases = match cases {
        Ok(cases) => cases,
        Err(message) => {
            let case = cases_dir.to_path_buf();
            return vec![Failure { case, message }];
        }
    };
    let run = |case: PathBuf| match case::run(tool_exe, &case, update, dry_runs) {
        Ok(()) => None,
        Err(message) => Some(Failure { case, message }),
    };
    cases.into_iter().filter_map(run).collect()
}

pub(crate) fn case_directories(cases_dir: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut cases = Vec::new();
    for entry in fs::read_dir(cases_dir)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            cases.push(entry.path());
        }
    }
    cases.sort();
    Ok(cases)
}
