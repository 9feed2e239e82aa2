//! Where links lead.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use hermetic_out::package::normalize;
use hermetic_out::{Store, Tree};

/// Where a link leads, whether or not something is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum LinkTarget {
    /// Into the store.
    Store,
    /// To this place of the machine.
    Machine(Vec<u8>),
}

/// Where a link at `path` with this target leads.
pub(crate) fn goal(store: &Store, path: &Path, target: &[u8]) -> LinkTarget {
    let place = place(path, target);
    let is_in_store = Path::new(OsStr::from_bytes(&place)).starts_with(&store.directory);
    if is_in_store {
        LinkTarget::Store
    } else {
        LinkTarget::Machine(place)
    }
}

/// Whether following the link at `path` ends outside the store.
pub(crate) fn leaves_store(tree: &Tree, store: &Store, path: &Path) -> bool {
    let mut path = path.to_owned();
    for _ in 0..40 {
        let Some(target) = tree.link_at(&path) else {
            return false;
        };
        match goal(store, &path, &target) {
            LinkTarget::Machine(_) => return true,
            LinkTarget::Store => path = PathBuf::from(OsStr::from_bytes(&place(&path, &target))),
        }
    }
    false
}

fn place(path: &Path, target: &[u8]) -> Vec<u8> {
    let mut absolute = Vec::new();
    if !target.starts_with(b"/") {
        let directory = path.parent().unwrap_or(path);
        absolute.extend_from_slice(directory.as_os_str().as_bytes());
        absolute.push(b'/');
    }
    absolute.extend_from_slice(target);
    let mut place = normalize(&absolute).unwrap_or(absolute);
    if place.len() > 1 && place.ends_with(b"/") {
        place.pop();
    }
    place
}
