//! What is known to be in store paths, without looking at the disk.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use super::{MAX_LINKS, Node};
use crate::package::normalize;

/// What is at a path that a [`Listing`] is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Listed<'a> {
    /// The path is in no store path that is listed: the disk has to be asked.
    Unknown,
    /// Nothing.
    Nothing,
    /// A file or directory.
    Node(Node),
    /// A symlink with this target.
    Link(&'a [u8]),
}

/// The content of some store paths, as it was read before. Store paths never change.
pub trait Listing: Send + Sync {
    /// What is at `path` itself: a symlink at its end is not followed, and what is behind a symlink in
    /// the middle of it is nothing.
    fn at(&self, path: &Path) -> Listed<'_>;
}

/// What following a path in a listing comes to.
pub(super) enum Followed {
    /// It leads to this.
    Node(Node),
    /// It leads nowhere, or out of the store.
    Nowhere,
    /// It leads to this path, which is not listed.
    Unlisted(PathBuf),
}

/// Follows `path` through the listing.
pub(super) fn follow(listing: &dyn Listing, store_dir: &Path, path: &Path) -> Followed {
    // Most paths are no links, and need no copy.
    match listing.at(path) {
        Listed::Node(node) => return Followed::Node(node),
        Listed::Nothing if is_absent(listing, path) => return Followed::Nowhere,
        _ => {}
    }
    let mut path = path.to_owned();
    let mut links = 0;
    'again: loop {
        match listing.at(&path) {
            Listed::Unknown => return Followed::Unlisted(path),
            Listed::Node(node) => return Followed::Node(node),
            Listed::Link(target) => match past_link(store_dir, &path, target, Path::new("")) {
                Some(next) if links < MAX_LINKS => {
                    links += 1;
                    path = next;
                    continue 'again;
                }
                _ => return Followed::Nowhere,
            },
            Listed::Nothing => {}
        }
        // One of the directories that it lies in may be a link.
        for parent in path.ancestors().skip(1) {
            match listing.at(parent) {
                Listed::Nothing => {}
                Listed::Link(target) if links < MAX_LINKS => {
                    let rest = path.strip_prefix(parent).unwrap_or(Path::new(""));
                    let Some(next) = past_link(store_dir, parent, target, rest) else {
                        return Followed::Nowhere;
                    };
                    links += 1;
                    path = next;
                    continue 'again;
                }
                _ => return Followed::Nowhere,
            }
        }
        return Followed::Nowhere;
    }
}

/// Whether the directory that holds `path` is known as one, so that no link leads further.
fn is_absent(listing: &dyn Listing, path: &Path) -> bool {
    let parent = path.parent().map(|parent| listing.at(parent));
    matches!(parent, Some(Listed::Node(Node::Directory)))
}

/// Where `rest` below the symlink `link` is; `None` if the link leads out of the store.
fn past_link(store_dir: &Path, link: &Path, target: &[u8], rest: &Path) -> Option<PathBuf> {
    let mut absolute = Vec::new();
    if !target.starts_with(b"/") {
        absolute.extend_from_slice(link.parent()?.as_os_str().as_bytes());
        absolute.push(b'/');
    }
    absolute.extend_from_slice(target);
    if !rest.as_os_str().is_empty() {
        absolute.push(b'/');
        absolute.extend_from_slice(rest.as_os_str().as_bytes());
    }
    let mut path = normalize(&absolute)?;
    if path.len() > 1 && path.ends_with(b"/") {
        path.pop();
    }
    let path = PathBuf::from(OsStr::from_bytes(&path));
    path.starts_with(store_dir).then_some(path)
}
