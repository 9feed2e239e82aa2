//! A case: a directory with a package that is built, and what becomes of it.
//!
//! | file | what it is |
//! |---|---|
//! | `README` | what the case shows |
//! | `package.nix` | the package; `pkgs.nix` has what it asks for |
//! | `expected/NAME/…` | its outputs by their names without hashes, all files and links. Store paths in them are written `/nix/store/NAME`. A package without this directory must fail to build |
//! | `log` | what the build prints; none, if it is silent |
//! | `changes` | for real packages, in place of `expected`: the lines that the hooks have changed |
//!
//! Each is built twice, with `__structuredAttrs` and without; both must give the same.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use bstr::ByteSlice as _;
use similar::{ChangeTag, TextDiff};

use crate::nix::{Build, Nix};
use crate::tree::{self, Entry, StorePaths, Tree};
use crate::{Error, Result};

/// The cases in a directory, by name.
pub fn all(directory: &Path) -> Result<Vec<PathBuf>> {
    let access = |source| Error::Access {
        path: directory.to_owned(),
        source,
    };
    let mut cases = Vec::new();
    for entry in fs::read_dir(directory).map_err(access)? {
        let path = entry.map_err(access)?.path();
        if path.join("package.nix").is_file() {
            cases.push(path);
        }
    }
    cases.sort();
    Ok(cases)
}

/// Builds a case in both ways; with `update`, writes what was built as what is expected.
pub fn run(nix: &Nix, case: &Path, more: &[&str], update: bool) -> Result<()> {
    for structured in [false, true] {
        check(nix, case, structured, more, update && !structured).map_err(|error| {
            let name = case.file_name().unwrap_or_default().display();
            Error::Unexpected(format!("{name}, __structuredAttrs = {structured}: {error}"))
        })?;
    }
    Ok(())
}

fn check(nix: &Nix, case: &Path, structured: bool, more: &[&str], update: bool) -> Result<()> {
    let mut paths = StorePaths::of(nix.store());
    let package = case.join("package.nix").display().to_string();
    let build = |with_hooks: bool| -> Result<Build> {
        let (structured, patched) = (structured.to_string(), with_hooks.to_string());
        let mut arguments = vec!["--argstr", "package", &package];
        arguments.extend(["--arg", "structuredAttrs", &structured]);
        arguments.extend(["--arg", "patched", &patched]);
        arguments.extend(more);
        nix.build(&nix.instantiate("case.nix", &arguments)?)
    };
    let result = build(true)?;
    let log = paths.strip(&result.log);
    let outputs = match &result.outputs {
        Some(outputs) => Some(read_outputs(outputs, &mut paths)?),
        None => None,
    };
    if outputs.is_some()
        && let Some(missing) = paths
            .met
            .iter()
            .find(|path| path.symlink_metadata().is_err())
    {
        let text = format!("{} is named and does not exist", missing.display());
        return Err(Error::Unexpected(text));
    }
    let changes = case.join("changes");
    if changes.exists() {
        let Some(patched) = &outputs else {
            return Err(unexpected("it fails to build", &log));
        };
        let original = build(false)?.outputs.unwrap_or_default();
        let original = read_outputs(&original, &mut StorePaths::of(nix.store()))?;
        let found = changed_lines(&original, patched);
        return compare_file(&changes, found.as_bytes(), update);
    }
    compare_file(&case.join("log"), &log, update)?;
    let expected = case.join("expected");
    if update {
        if let Some(outputs) = &outputs {
            tree::write(outputs, &expected)?;
        }
        return Ok(());
    }
    match (outputs, expected.exists()) {
        (None, false) => Ok(()),
        (None, true) => Err(unexpected("it fails to build", &log)),
        (Some(_), false) => Err(unexpected("it builds, but is expected to fail", &log)),
        (Some(outputs), true) => {
            let expected = tree::read(&expected, |bytes| Ok(bytes.to_vec()))?;
            compare_trees(&expected, &outputs)
        }
    }
}

fn unexpected(what: &str, log: &[u8]) -> Error {
    Error::Unexpected(format!("{what}:\n{}", log.as_bstr()))
}

/// All outputs as one tree, each in a directory that has its name.
fn read_outputs(outputs: &[PathBuf], paths: &mut StorePaths) -> Result<Tree> {
    let mut all = Tree::new();
    for output in outputs {
        let name = paths.strip(output.as_os_str().as_encoded_bytes());
        let name = name.to_str_lossy().replace("/nix/store/", "");
        for (path, entry) in tree::read(output, |bytes| Ok(paths.strip(bytes)))? {
            // Joining an empty path would end it with a slash.
            let path = if path.as_os_str().is_empty() {
                PathBuf::from(&name)
            } else {
                Path::new(&name).join(path)
            };
            all.insert(path, entry);
        }
    }
    Ok(all)
}

/// Compares a file with what it should hold; one that is not there holds nothing.
fn compare_file(file: &Path, found: &[u8], update: bool) -> Result<()> {
    let access = |source| Error::Access {
        path: file.to_owned(),
        source,
    };
    let expected = match fs::read(file) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Vec::new(),
        Err(error) => return Err(access(error)),
    };
    if expected == found {
        return Ok(());
    }
    if !update {
        let name = file.file_name().unwrap_or_default().display();
        let difference = difference(&expected, found);
        return Err(Error::Unexpected(format!("{name} differs:\n{difference}")));
    }
    if found.is_empty() {
        fs::remove_file(file).map_err(access)
    } else {
        fs::write(file, found).map_err(access)
    }
}

fn compare_trees(expected: &Tree, found: &Tree) -> Result<()> {
    let mut text = String::new();
    for (path, entry) in expected {
        match (entry, found.get(path)) {
            (_, None) => {
                let _ = writeln!(text, "{}: missing", path.display());
            }
            (entry, Some(other)) if entry == other => {}
            (Entry::File { content: one, .. }, Some(Entry::File { content: other, .. }))
                if one != other =>
            {
                let difference = difference(one, other);
                let _ = write!(text, "{}:\n{difference}", path.display());
            }
            (entry, Some(other)) => {
                let _ = writeln!(text, "{}: {entry:?} became {other:?}", path.display());
            }
        }
    }
    for path in found.keys().filter(|path| !expected.contains_key(*path)) {
        let _ = writeln!(text, "{}: not expected", path.display());
    }
    if text.is_empty() {
        Ok(())
    } else {
        Err(Error::Unexpected(text))
    }
}

/// What was expected with `-`, what was found with `+`.
fn difference(expected: &[u8], found: &[u8]) -> String {
    let lines = |bytes: &[u8]| -> Vec<String> {
        let lines = bytes.lines_with_terminator();
        lines.map(|line| line.to_str_lossy().into_owned()).collect()
    };
    let (expected, found) = (lines(expected), lines(found));
    let (expected, found): (Vec<&str>, Vec<&str>) = (
        expected.iter().map(String::as_str).collect(),
        found.iter().map(String::as_str).collect(),
    );
    let diff = TextDiff::from_slices(&expected, &found);
    let mut text = String::new();
    for change in diff.iter_all_changes() {
        let sign = match change.tag() {
            ChangeTag::Equal => continue,
            ChangeTag::Delete => '-',
            ChangeTag::Insert => '+',
        };
        let _ = writeln!(text, "{sign}{}", change.value().trim_end_matches('\n'));
    }
    text
}

/// What a file holds; nothing, if it is none.
fn content_of(entry: Option<&Entry>) -> &[u8] {
    match entry {
        Some(Entry::File { content, .. }) => content,
        _ => &[],
    }
}

/// The lines that differ between two trees, by file.
fn changed_lines(original: &Tree, patched: &Tree) -> String {
    let mut text = String::new();
    let paths = original.keys().chain(patched.keys());
    let mut paths: Vec<&PathBuf> = paths.collect();
    paths.sort();
    paths.dedup();
    for path in paths {
        let (before, after) = (original.get(path), patched.get(path));
        if before == after {
            continue;
        }
        let _ = writeln!(text, "{}", path.display());
        let moved_from = original.iter().find(|(_, entry)| Some(*entry) == after);
        match (before, after, moved_from) {
            (_, Some(Entry::Link(target)), _) => {
                let _ = writeln!(text, "is a link to {}", target.as_bstr());
            }
            // What it holds is another project's.
            (None, _, Some((place, _))) => {
                let _ = writeln!(text, "was {}", place.display());
            }
            _ => text.push_str(&difference(content_of(before), content_of(after))),
        }
        text.push('\n');
    }
    text
}
