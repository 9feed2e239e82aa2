//! One case: its run, and what is compared.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::io;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::Path;
use std::process::{Command, Output};

use bstr::ByteSlice;
use similar::{ChangeTag, TextDiff};

use crate::dry_run::{self, DryRuns};
use crate::tree::{self, Kind, Tree};

const ROOT: &[u8] = b"@ROOT@";

/// Options with which a case has a say in the output, or asks for something else than a run.
pub(crate) const OUTPUT_OPTIONS: &[&str] = &[
    "--diff",
    "--dry-run",
    "--explain",
    "--format",
    "--list-directories",
    "--list-install-variables",
    "--quiet",
    "--verbose",
];

/// Variables that would make a run depend on who starts it.
pub(crate) const VARIABLES: &[&str] = &["NO_COLOR", "RUST_BACKTRACE", "SOURCE_DATE_EPOCH"];

/// Runs the case; what is different.
pub(crate) fn run(
    tool: &Path,
    case: &Path,
    update: bool,
    dry_runs: Option<&DryRuns>,
) -> Result<(), String> {
    let readme = read(case, "README")?.unwrap_or_default();
    if readme.trim().is_empty() {
        return Err("README is missing: a sentence or two that say what the case shows".to_owned());
    }
    let arguments =
        read(case, "args")?.ok_or("args is missing: the tool's arguments, one on each line")?;

    let directory =
        tempfile::tempdir().map_err(|error| format!("a directory to work in: {error}"))?;
    let root = directory.path().join("root");
    fs::create_dir(&root).map_err(|error| tree::told(&root, &error))?;
    lay_out(case, &root)?;
    let before = tree::read(&root)?;

    let arguments = arguments_of(&arguments, &root);
    let has_own = |argument: &OsString| OUTPUT_OPTIONS.iter().any(|option| argument == option);
    let dry_runs = dry_runs.filter(|_| !arguments.iter().any(has_own));
    let dry = dry_runs.map(|_| {
        let more = ["--dry-run", "--format", "json", "--diff"].map(OsString::from);
        start(tool, &[&arguments[..], &more].concat(), directory.path())
    });
    let dry = dry.transpose()?;
    let mut differences = tree_diff(&before, &tree::read(&root)?, "the dry run: ");
    let first = start(tool, &arguments, directory.path())?;
    let after = tree::read(&root)?;
    if update {
        accept(case, &first, &before, &after, &root)?;
    }

    if let (Some(dry), Some(dry_runs)) = (dry, dry_runs) {
        if dry.status != first.status {
            differences += &format!("the dry run: exit status: {}\n", status_of(&dry));
        } else if dry.status.success() {
            match dry_run::compare(&dry.stdout, &before, &after, &root) {
                Ok(changes) => dry_runs.lock().map_err(|_| "poisoned")?.push(changes),
                Err(difference) => differences += &format!("the dry run: {difference}\n"),
            }
        }
    }
    let status = read(case, "exit")?.unwrap_or_else(|| b"0".to_vec());
    let expected_status = status.trim().to_str_lossy().into_owned();
    let status = status_of(&first);
    if status != expected_status {
        differences += &format!("exit status: {status}, not {expected_status}\n");
    }
    for (name, printed) in [("stdout", &first.stdout), ("stderr", &first.stderr)] {
        let expected = read(case, name)?.unwrap_or_default();
        differences += &diff(name, &expected, &substituted(printed, &root));
    }
    let out = if case.join("out").exists() {
        tree::read(&case.join("out"))?
    } else {
        Tree::new()
    };
    let lines_after = tree::parse(&read(case, "tree.after")?.unwrap_or_default())?;
    let expected = tree::expected(&before, out, &lines_after)?;
    differences += &tree_diff(&expected, &after, "");

    if !case.join("once").exists() {
        let second = start(tool, &arguments, directory.path())?;
        let again = tree::read(&root)?;
        let in_second = tree_diff(&after, &again, "the second run: ");
        if !in_second.is_empty() {
            differences += &in_second;
        } else if first.status.code() != second.status.code() {
            let message = format!("the second run: exit status: {}\n", status_of(&second));
            differences += &message;
            differences += &diff("stderr", b"", &substituted(&second.stderr, &root));
        }
    }
    if differences.is_empty() {
        Ok(())
    } else {
        Err(differences)
    }
}

/// Lays the tree of a case out at `root`, which is an empty directory.
pub(crate) fn lay_out(case: &Path, root: &Path) -> Result<(), String> {
    if case.join("in").exists() {
        tree::copy(&case.join("in"), root)?;
    }
    let lines = tree::parse(&read(case, "tree")?.unwrap_or_default())?;
    tree::apply(&lines, root)
}

fn read(case: &Path, name: &str) -> Result<Option<Vec<u8>>, String> {
    match fs::read(case.join(name)) {
        Ok(content) => Ok(Some(content)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(format!("{name}: {error}")),
    }
}

pub(crate) fn arguments_of(lines: &[u8], root: &Path) -> Vec<OsString> {
    let mut arguments = Vec::new();
    if !lines.contains_str(ROOT) {
        arguments.extend(["--root".into(), root.into()]);
    }
    let lines = lines.replace(ROOT, root.as_os_str().as_bytes());
    arguments.extend(lines.lines().map(|line| OsString::from_vec(line.to_vec())));
    arguments
}

fn start(tool: &Path, arguments: &[OsString], directory: &Path) -> Result<Output, String> {
    let mut command = Command::new(tool);
    for variable in VARIABLES {
        command.env_remove(OsStr::new(variable));
    }
    let command = command.args(arguments).current_dir(directory);
    command
        .output()
        .map_err(|error| format!("starting {}: {error}", tool.display()))
}

pub(crate) fn status_of(output: &Output) -> String {
    output
        .status
        .code()
        .map_or_else(|| output.status.to_string(), |code| code.to_string())
}

fn substituted(printed: &[u8], root: &Path) -> Vec<u8> {
    printed.replace(root.as_os_str().as_bytes(), ROOT)
}

fn accept(
    case: &Path,
    output: &Output,
    before: &Tree,
    after: &Tree,
    root: &Path,
) -> Result<(), String> {
    let (out, lines) = tree::difference(before, after);
    let status = match status_of(output).as_str() {
        "0" => String::new(),
        status => format!("{status}\n"),
    };
    for (name, content) in [
        ("tree.after", lines.into_bytes()),
        ("stdout", substituted(&output.stdout, root)),
        ("stderr", substituted(&output.stderr, root)),
        ("exit", status.into_bytes()),
    ] {
        let path = case.join(name);
        let written = if content.is_empty() {
            removed(fs::remove_file(path))
        } else {
            fs::write(path, content)
        };
        written.map_err(|error| format!("{name}: {error}"))?;
    }
    let path = case.join("out");
    removed(fs::remove_dir_all(&path)).map_err(|error| format!("out: {error}"))?;
    tree::write(&out, &path)
}

/// What is already gone need not be removed.
fn removed(result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        result => result,
    }
}

pub(crate) fn tree_diff(expected: &Tree, got: &Tree, when: &str) -> String {
    let mut text = String::new();
    for path in expected.keys().filter(|path| !got.contains_key(*path)) {
        text += &format!("{when}{}: is gone\n", path.display());
    }
    for (path, entry) in got {
        let name = path.display();
        let Some(known) = expected.get(path) else {
            text += &format!(
                "{when}{name}: was not expected: {}\n",
                tree::describe(entry)
            );
            continue;
        };
        if let (Kind::File(known), Kind::File(content)) = (&known.kind, &entry.kind) {
            text += &diff(&format!("{when}{name}"), known, content);
        }
        let mut entry = entry.clone();
        if known.time.is_none() {
            entry.time = None;
        }
        let (known, entry) = (tree::describe(known), tree::describe(&entry));
        if known != entry {
            text += &format!("{when}{name}: {entry}\n  expected: {known}\n");
        }
    }
    text
}

/// The lines that differ, with control characters and bytes that are not UTF-8 as escapes.
fn diff(name: &str, expected: &[u8], got: &[u8]) -> String {
    if expected == got {
        return String::new();
    }
    let old: Vec<&[u8]> = expected.lines_with_terminator().collect();
    let new: Vec<&[u8]> = got.lines_with_terminator().collect();
    let mut text = format!("{name}: - expected, + got\n");
    for hunk in TextDiff::configure()
        .diff_slices(&old, &new)
        .unified_diff()
        .iter_hunks()
    {
        for change in hunk.iter_changes() {
            let sign = match change.tag() {
                ChangeTag::Delete => '-',
                ChangeTag::Insert => '+',
                ChangeTag::Equal => ' ',
            };
            let line: &[u8] = change.value();
            let (line, end) = match line.strip_suffix(b"\n") {
                Some(line) => (line, ""),
                None => (line, " (no newline)"),
            };
            text += &format!("{sign}{}{end}\n", line.escape_bytes());
        }
    }
    text
}
