//! Running all cases of a tool.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use crate::case;

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
    let update = std::env::var_os("UPDATE").is_some_and(|value| value == "1");
    let failures = failures(tool_exe, cases_dir, update);
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
    let run = |case: PathBuf| match case::run(tool_exe, &case, update) {
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
