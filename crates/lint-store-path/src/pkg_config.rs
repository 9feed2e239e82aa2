//! The facts of `.pc` files.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

use hermetic_out::package::normalize;
use hermetic_out::resolve::{moved_by_stdenv, without_prefix};
use hermetic_out_formats::Scan;
use hermetic_out_formats::kind::FileKind;

use crate::facts::FileFacts;
use crate::facts::fact_set::join;
use crate::rule::PathSubject;

/// What a `.pc` file declares; `None` for any other file.
pub(crate) fn pc_file(file: &FileFacts) -> Option<&Scan> {
    let content = file.content()?;
    content
        .scan
        .as_ref()
        .filter(|_| content.kind == Some(FileKind::PkgConfig))
}

/// What rewrite-pkgconfig-prefix takes `path` for, if that is in the store path: the directory itself, or
/// the one that the store path has in place of one below `/usr` or `/lib`. It leaves everything else alone.
pub(crate) fn own_directory(subject: &PathSubject<'_>, path: &[u8]) -> Option<PathBuf> {
    let path = normalize(path)?;
    let path = path.strip_suffix(b"/").unwrap_or(&path);
    let own = subject.path.as_os_str().as_bytes();
    let below = path.strip_prefix(own);
    if below.is_some_and(|below| below.is_empty() || below.starts_with(b"/")) {
        return Some(PathBuf::from(OsStr::from_bytes(path)));
    }
    if matches!(path, b"/usr" | b"/usr/local") {
        return Some(subject.path.to_owned());
    }
    let top = path.split(|byte| *byte == b'/').nth(1)?;
    if !matches!(top, b"usr" | b"lib" | b"lib64" | b"bin" | b"sbin") {
        return None;
    }
    let sub_path = without_prefix(path);
    let mut places = std::iter::once(sub_path.to_vec()).chain(moved_by_stdenv(sub_path));
    places.find_map(|place| {
        let directory = join(subject.path, &place);
        subject.closure.tree.look_up(&directory).map(|_| directory)
    })
}
