//! Which files of an output have a known format: a sorted walk that follows no link.

use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

use hermetic_out_formats::FileKind;
use hermetic_out_formats::kind::{directories, kind_of};
use thiserror::Error;
use walkdir::WalkDir;

use crate::package::Output;
use crate::tree::Tree;

/// A file of a known format.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct KnownFile {
    /// Where it is, by its store path.
    pub path: PathBuf,
    /// Where it is, relative to the output.
    pub sub_path: Vec<u8>,
    /// Its format.
    pub kind: FileKind,
}

/// A directory could not be read.
#[derive(Debug, Error)]
#[error("looking for units and integration files in {path}")]
#[non_exhaustive]
pub struct WalkError {
    /// The directory, or the entry of it.
    pub path: PathBuf,
    /// The system's reason.
    pub source: std::io::Error,
}

/// The files of `output` whose kinds are wanted, sorted by path. Only the directories that can
/// hold such files are read; links, devices and FIFOs are left out.
pub fn known_files(
    tree: &Tree,
    output: &Output,
    wanted: impl Fn(FileKind) -> bool,
) -> Result<Vec<KnownFile>, WalkError> {
    let top = tree.real_path(&output.path);
    let mut found = Vec::new();
    let mut absent: Option<&str> = None;
    for (base, directory) in directories(wanted) {
        if absent == Some(base) {
            continue;
        }
        let base_path = top.join(base);
        if !is_directory(&base_path) {
            absent = Some(base);
            continue;
        }
        let path = base_path.join(directory);
        // A link to another of these directories, as stdenv makes of lib/systemd/user, is no second
        // place.
        let mut parents = path.ancestors().take_while(|parent| *parent != base_path);
        if !is_directory(&path) || parents.any(|parent| !is_directory(parent)) {
            continue;
        }
        for entry in WalkDir::new(&path).min_depth(1).follow_links(false) {
            let entry = entry.map_err(|error| WalkError {
                path: error.path().unwrap_or(&path).to_owned(),
                source: error.into(),
            })?;
            if !entry.file_type().is_file() {
                continue;
            }
            let Ok(sub_path) = entry.path().strip_prefix(&top) else {
                continue;
            };
            let bytes = sub_path.as_os_str().as_bytes();
            if let Some(kind) = kind_of(bytes) {
                found.push(KnownFile {
                    path: output.path.join(sub_path),
                    sub_path: bytes.to_vec(),
                    kind,
                });
            }
        }
    }
    found.sort_by(|one, other| one.sub_path.cmp(&other.sub_path));
    Ok(found)
}

fn is_directory(path: &std::path::Path) -> bool {
    path.symlink_metadata()
        .is_ok_and(|metadata| metadata.is_dir())
}
