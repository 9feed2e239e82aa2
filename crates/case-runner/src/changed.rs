//! Cases whose trees are changed before the tool runs: what is printed is then unknown, but not how a run ends.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::case::{self, OUTPUT_OPTIONS, VARIABLES, arguments_of, status_of, tree_diff};
use crate::{dry_run, run, tree};

/// What a tool does to a tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Job {
    /// It changes it, and has `--dry-run`.
    Fixup,
    /// It only reads it.
    Reader,
}

/// How much address space a run may take, in KiB, and how many seconds.
const LIMITS: (u32, u32) = (2 << 20, 60);

/// The cases below `cases_dir` whose tree may be changed: no run of them ends with status 2, and none chooses a format
/// of the output.
#[must_use]
pub fn changeable(cases_dir: &Path) -> Vec<PathBuf> {
    let mut cases = run::case_directories(cases_dir).unwrap_or_default();
    cases.retain(|case| {
        let read = |name: &str| fs::read_to_string(case.join(name)).unwrap_or_default();
        let arguments = read("args");
        let mut options = arguments.lines();
        read("exit").trim() != "2" && !options.any(|line| OUTPUT_OPTIONS.contains(&line))
    });
    cases
}

/// Lays the tree of a case out at `root`.
///
/// # Errors
///
/// If that cannot be done, which is no fault of a tool.
pub fn lay_out(case: &Path, root: &Path) -> Result<(), String> {
    case::lay_out(case, root)
}

/// Runs a tool on the tree of a case after `change` was made to it, below a root that it is given. All that holds
/// whatever the tree is: a run ends, within limits of memory and time; its status is 0 or 1, or 2 with one line
/// that says why, if `may_fail`; a run that finds an error changes nothing; a dry run changes nothing and lists
/// just what a run changes; a second run changes nothing. The exit status of the first run.
///
/// # Errors
///
/// What does not hold.
pub fn run_changed(
    tool: &Path,
    case: &Path,
    job: Job,
    may_fail: bool,
    change: impl FnOnce(&Path) -> Result<(), String>,
) -> Result<i32, String> {
    let directory = tempfile::tempdir().map_err(|error| error.to_string())?;
    let root = directory.path().join("root");
    fs::create_dir(&root).map_err(|error| tree::told(&root, &error))?;
    lay_out(case, &root)?;
    change(&root)?;
    let before = tree::read(&root)?;
    let arguments = fs::read(case.join("args")).map_err(|error| error.to_string())?;
    let arguments = arguments_of(&arguments, &root);
    let start = |more: &[&str]| {
        let more = more.iter().map(OsString::from);
        let arguments: Vec<OsString> = arguments.iter().cloned().chain(more).collect();
        limited(tool, &arguments, directory.path())
    };
    let same = |found: &tree::Tree, expected: &tree::Tree, when: &str| match tree_diff(
        expected, found, when,
    ) {
        difference if difference.is_empty() => Ok(()),
        difference => Err(difference),
    };
    let report = ["--dry-run", "--format=json", "--diff"];
    let dry = match job {
        Job::Fixup => Some(start(&report)?),
        Job::Reader => None,
    };
    same(&tree::read(&root)?, &before, "the dry run: ")?;
    let first = start(&[])?;
    let status = ended(&first, may_fail, "the run")?;
    let after = tree::read(&root)?;
    if status != 0 || job == Job::Reader {
        // A run that could not go on may have been half done.
        if status != 2 {
            same(&after, &before, "a run that finds an error: ")?;
        }
    }
    if let Some(dry) = dry {
        let status_of_dry = ended(&dry, may_fail, "the dry run")?;
        if status_of_dry != status && status != 2 {
            return Err(format!(
                "the dry run has status {status_of_dry}, the run {status}"
            ));
        }
        if status == 0 {
            dry_run::compare(&dry.stdout, &before, &after, &root)
                .map_err(|difference| format!("the dry run: {difference}"))?;
        }
    }
    let second = start(&[])?;
    let status_of_second = ended(&second, may_fail, "the second run")?;
    if status != 2 {
        same(&tree::read(&root)?, &after, "the second run: ")?;
        if status_of_second != status {
            return Err(format!(
                "the second run has status {status_of_second}, the first {status}"
            ));
        }
    }
    if job == Job::Reader && (first.stdout != second.stdout || first.stderr != second.stderr) {
        return Err("the second run says something else".to_owned());
    }
    Ok(status)
}

fn limited(tool: &Path, arguments: &[OsString], directory: &Path) -> Result<Output, String> {
    let (memory, seconds) = LIMITS;
    let script = format!("ulimit -v {memory}; ulimit -c 0; exec timeout {seconds} \"$0\" \"$@\"");
    let mut command = Command::new("/bin/sh");
    for variable in VARIABLES {
        command.env_remove(variable);
    }
    let command = command.arg("-c").arg(script).arg(tool).args(arguments);
    let output = command.current_dir(directory).output();
    output.map_err(|error| format!("starting {}: {error}", tool.display()))
}

/// The exit status, if it is one that a run may have.
fn ended(output: &Output, may_fail: bool, what: &str) -> Result<i32, String> {
    let said = String::from_utf8_lossy(&output.stderr);
    let status = output.status.code().unwrap_or(-1);
    let is_error = |line: &str| line.contains(": error: ");
    match status {
        0 | 1 => Ok(status),
        2 if may_fail && said.lines().count() == 1 && said.lines().all(is_error) => Ok(status),
        // timeout(1).
        124 => Err(format!("{what} has not ended after {} seconds", LIMITS.1)),
        _ => Err(format!("{what} ended with {}: {said}", status_of(output))),
    }
}
