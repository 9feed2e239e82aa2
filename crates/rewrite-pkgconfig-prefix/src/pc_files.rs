//! Which `.pc` files there are.

use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use hermetic_out::regular_file::{self, Loaded};
use hermetic_out::{Finding, Output, SourceText, Tree};
use hermetic_out_formats::MAX_FILE_SIZE;
use hermetic_out_formats::pkg_config::{MAX_VALUE, is_pc_file, scan};
use rustix::io::Errno;
use walkdir::WalkDir;

use crate::{Error, findings};

/// A `.pc` file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PcFile {
    /// Where it is, by its store path.
    pub path: PathBuf,
    /// What it holds; or, if that is too much to be read, its size.
    pub content: Result<SourceText, u64>,
}

impl PcFile {
    /// What the file holds, if it is of a size that its readers take; otherwise that is a finding.
    pub(crate) fn readable(&self, findings: &mut Vec<Finding>) -> Option<&SourceText> {
        let content = match &self.content {
            Ok(content) => content,
            Err(size) => {
                findings.push(findings::too_large(&self.path, *size));
                return None;
            }
        };
        let file = scan(content);
        let statements = file.statements.iter().map(|one| one.lines);
        let problems = file.problems.iter().map(|one| one.span);
        if statements
            .chain(problems)
            .any(|span| span.len() > MAX_VALUE)
        {
            findings.push(findings::line_too_long(&self.path));
            return None;
        }
        Some(content)
    }
}

/// Directories of an output deeper than this are not looked into: `lib/TRIPLET/NAME/pkgconfig`.
const DEPTH: usize = 5;

/// The `.pc` files of an output, sorted by path: what lies in a directory called `pkgconfig` below
/// `lib*` or `share`. Links are left out; a file that they lead to is met where it lies.
pub fn of_output(tree: &Tree, output: &Output) -> Result<Vec<PcFile>, Error> {
    let top = tree.real_path(&output.path);
    let walk = WalkDir::new(&top).min_depth(1).max_depth(DEPTH);
    let can_hold = |name: &[u8]| name.starts_with(b"lib") || name == b"share";
    let entries = walk.sort_by_file_name().into_iter();
    let entries = entries.filter_entry(|entry| {
        entry.depth() != 1 || can_hold(entry.file_name().as_bytes()) && !entry.path_is_symlink()
    });
    let mut found = Vec::new();
    for entry in entries {
        let entry = entry.map_err(|error| Error::Walk {
            path: error.path().unwrap_or(&top).to_owned(),
            source: error.into(),
        })?;
        let inside = entry.path().strip_prefix(&top).unwrap_or(entry.path());
        if entry.file_type().is_file() && is_pc_file(inside.as_os_str().as_bytes()) {
            found.extend(read(tree, output.path.join(inside))?);
        }
    }
    found.sort_by(|one, other| one.path.cmp(&other.path));
    Ok(found)
}

/// The `.pc` files that pkg-config finds in `directories`: of several with one name, the first. Links
/// are followed, as pkg-config does; what is no file, and directories that do not exist, count for
/// nothing.
pub fn of_search_path(tree: &Tree, directories: &[PathBuf]) -> Result<Vec<PcFile>, Error> {
    let mut known: BTreeSet<OsString> = BTreeSet::new();
    let mut found = Vec::new();
    for directory in directories {
        let names = match tree.names(directory) {
            Ok(names) => names,
            Err(error) if leads_nowhere(&error) => continue,
            Err(source) => {
                let path = directory.clone();
                return Err(Error::Walk { path, source });
            }
        };
        for name in names.into_iter().filter(|name| has_ending(name)) {
            if known.contains(&name) {
                continue;
            }
            if let Some(file) = read(tree, directory.join(&name))? {
                known.insert(name);
                found.push(file);
            }
        }
    }
    Ok(found)
}

/// Whether nothing is there: no file, or a link to none.
fn leads_nowhere(error: &io::Error) -> bool {
    use io::ErrorKind::{NotADirectory, NotFound};
    let no_file = [Errno::LOOP, Errno::NXIO].map(Errno::raw_os_error);
    matches!(error.kind(), NotFound | NotADirectory)
        || error
            .raw_os_error()
            .is_some_and(|raw| no_file.contains(&raw))
}

fn has_ending(name: &OsStr) -> bool {
    let name = name.as_bytes();
    name.len() > 3 && name.ends_with(b".pc")
}

/// The file at a path; `None` if what is there is no file.
fn read(tree: &Tree, path: PathBuf) -> Result<Option<PcFile>, Error> {
    let content = match read_content(tree, &path) {
        Ok(content) => content,
        Err(error) if leads_nowhere(&error) => None,
        Err(source) => return Err(Error::Read { path, source }),
    };
    Ok(content.map(|content| PcFile { path, content }))
}

/// What a file holds; or, if that is too much to be read, its size. `None` for what is no file.
fn read_content(tree: &Tree, path: &Path) -> io::Result<Option<Result<SourceText, u64>>> {
    let file = tree.open(path)?;
    if !file.metadata()?.is_file() {
        return Ok(None);
    }
    Ok(Some(match regular_file::load(&file, MAX_FILE_SIZE)? {
        Loaded::Content(content) => Ok(SourceText::new(content)),
        Loaded::TooLarge(size) => Err(size),
    }))
}
