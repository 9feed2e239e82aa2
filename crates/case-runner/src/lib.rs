//! Runs a tool on case directories, and says where it did not do what a case expects.
//!
//! A case is a directory; what it holds is read as text and compared byte for byte.
//!
//! | entry | what it holds |
//! |---|---|
//! | `README` | a sentence or two: what the case shows |
//! | `args` | the arguments, one a line; `@ROOT@` stands for the root's path. If it does not occur, `--root` with that path is put before them |
//! | `in/` | the tree given as root. Files get mode 0644, or 0755 if they are executable, and one fixed time |
//! | `tree` | what Git cannot hold of it (see below); it is applied to `in/` |
//! | `out/` | files that are new afterwards, or have other content: all others are to be as before |
//! | `tree.after` | what `out/` cannot say: `PATH absent`, or other properties than before |
//! | `stdout`, `stderr` | what is printed, with `@ROOT@` for the root's path; nothing if missing |
//! | `exit` | the exit status; 0 if missing |
//! | `once` | if it exists, the tool is not run again. Else a second run is to change nothing |
//!
//! A line of `tree` is `PATH KEYWORD=VALUE…`, in the manner of mtree(5): `type=dir|file|fifo|link|hard|elf`
//! (missing: the entry exists), `link=TARGET` (of a symlink; of a hard link: a path of the tree),
//! `mode=OCTAL`, `time=SECONDS`, `nlink=NUMBER` (only checked). `\040` stands for a blank, as any
//! `\OCTAL` for its byte; `#` begins a comment. An ELF file names what its line says: `interpreter=PATH`,
//! `needed=NAME`, `soname=NAME`, `rpath=LIST`, `runpath=LIST`, `dlopen=JSON` and `data=TEXT`; `needed` may
//! be repeated.
//!
//! Contents, modes, the times of files and symlinks, numbers of links, and targets are compared. The time
//! of a file that is new is not, unless `tree.after` names it.
//!
//! With `UPDATE=1` in the environment, `out/`, `tree.after`, `stdout`, `stderr` and `exit` are
//! written from what happened.

#![expect(
    clippy::format_push_string,
    reason = "writing to a string cannot fail, and these are short"
)]

mod case;
mod documented;
mod tree;

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

pub use documented::{assert_documented, assert_findings_shown};

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

fn case_directories(cases_dir: &Path) -> std::io::Result<Vec<PathBuf>> {
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
