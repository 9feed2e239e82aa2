//! Which `.pc` files there are.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use hermetic_out::{Output, Tree};
use hermetic_out_formats::MAX_FILE_SIZE;
use walkdir::WalkDir;

use crate::Error;

/// A `.pc` file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PcFile {
    /// Where it is, by its store path.
    pub path: PathBuf,
    /// What it holds; or, if that is too much to be read, its size.
    pub content: Result<Vec<u8>, u64>,
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
        if entry.file_type().is_file() && is_pc_file(inside) {
            found.push(read(output.path.join(inside), entry.path())?);
        }
    }
    found.sort_by(|one, other| one.path.cmp(&other.path));
    Ok(found)
}

/// The `.pc` files that pkg-config finds in `directories`: of several with one name, the first. Links
/// are followed, as pkg-config does; directories that do not exist count for nothing.
pub fn of_search_path(tree: &Tree, directories: &[PathBuf]) -> Result<Vec<PcFile>, Error> {
    let mut found: Vec<PcFile> = Vec::new();
    for directory in directories {
        let real = tree.real_path(directory);
        let mut names = Vec::new();
        let failed = |source| Error::Walk {
            path: directory.clone(),
            source,
        };
        match fs::read_dir(&real) {
            Ok(entries) => {
                for entry in entries {
                    names.push(entry.map_err(failed)?.file_name());
                }
            }
            Err(error) if is_nothing(&error) => continue,
            Err(error) => return Err(failed(error)),
        }
        names.sort();
        for name in names.iter().filter(|name| has_ending(name)) {
            let is_known = |file: &PcFile| file.path.file_name() == Some(name);
            let path = real.join(name);
            if found.iter().any(is_known) || !path.is_file() {
                continue;
            }
            found.push(read(directory.join(name), &path)?);
        }
    }
    Ok(found)
}

fn is_nothing(error: &std::io::Error) -> bool {
    use std::io::ErrorKind::{NotADirectory, NotFound};
    matches!(error.kind(), NotFound | NotADirectory)
}

fn is_pc_file(path: &Path) -> bool {
    let directory = path.parent().and_then(Path::file_name);
    directory == Some(OsStr::new("pkgconfig")) && path.file_name().is_some_and(has_ending)
}

fn has_ending(name: &OsStr) -> bool {
    let name = name.as_bytes();
    name.len() > 3 && name.ends_with(b".pc")
}

fn read(path: PathBuf, real: &Path) -> Result<PcFile, Error> {
    let failed = |source| Error::Read {
        path: path.clone(),
        source,
    };
    let size = fs::metadata(real).map_err(failed)?.len();
    let content = if usize::try_from(size).is_ok_and(|size| size <= MAX_FILE_SIZE) {
        Ok(fs::read(real).map_err(failed)?)
    } else {
        Err(size)
    };
    Ok(PcFile { path, content })
}
