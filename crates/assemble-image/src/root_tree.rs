//! The image's root file system as a list: every path with its type, mode, owner and content.
//!
//! What is in it is read when the image is written; nothing is copied before.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::io;
use std::ops::Bound;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

use bstr::ByteSlice;
use hermetic_out::package::normalize;
use hermetic_out::regular_file;

use crate::error::{Error, io_error};

/// As many links in a row as Linux follows.
const MAX_LINKS: u8 = 40;

/// What a regular file holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Content {
    /// The content of a file outside the image.
    OnDisk {
        /// The file.
        path: PathBuf,
        /// Its size in bytes.
        size: u64,
    },
    /// These bytes.
    Bytes(Vec<u8>),
}

impl Content {
    /// The size in bytes.
    pub(crate) fn size(&self) -> u64 {
        match self {
            Self::OnDisk { size, .. } => *size,
            Self::Bytes(bytes) => bytes.len() as u64,
        }
    }

    /// All of it.
    pub(crate) fn read(&self) -> io::Result<Vec<u8>> {
        match self {
            Self::OnDisk { path, .. } => regular_file::read_unlinked(path),
            Self::Bytes(bytes) => Ok(bytes.clone()),
        }
    }
}

/// The type of an entry, and what belongs to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Node {
    /// A directory.
    Directory,
    /// A regular file.
    File(Content),
    /// A symbolic link with its target.
    Link(Vec<u8>),
}

/// What is at a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    /// Its type.
    pub(crate) node: Node,
    /// The permission bits.
    pub(crate) mode: u32,
    /// The user who owns it.
    pub(crate) uid: u32,
    /// The group that owns it.
    pub(crate) gid: u32,
}

impl Entry {
    /// A directory of root's.
    pub(crate) fn directory(mode: u32) -> Self {
        Self::of_root(Node::Directory, mode)
    }

    /// A file of root's.
    pub(crate) fn file(content: Content, mode: u32) -> Self {
        Self::of_root(Node::File(content), mode)
    }

    /// A file of root's with these bytes.
    pub(crate) fn bytes(content: impl Into<Vec<u8>>, mode: u32) -> Self {
        Self::file(Content::Bytes(content.into()), mode)
    }

    /// A symbolic link.
    pub(crate) fn link(target: impl Into<Vec<u8>>) -> Self {
        Self::of_root(Node::Link(target.into()), 0o777)
    }

    fn of_root(node: Node, mode: u32) -> Self {
        Self {
            node,
            mode,
            uid: 0,
            gid: 0,
        }
    }
}

/// Why a path leads nowhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unresolved {
    /// Something on the way is missing.
    Missing,
    /// Links that never end.
    Loop,
}

/// Where a path leads, links followed.
#[derive(Clone, Debug)]
pub(crate) struct Resolved<'a> {
    /// The path that no link is on.
    pub(crate) path: Vec<u8>,
    /// What is there.
    pub(crate) entry: &'a Entry,
    /// The links that were followed, in order.
    pub(crate) links: Vec<Vec<u8>>,
}

/// All paths of the image, relative to its root and without a slash in front, in the order of their
/// bytes: a directory comes before what is in it. The root itself is the empty path.
#[derive(Clone, Debug, Default)]
pub(crate) struct RootTree {
    entries: BTreeMap<Vec<u8>, Entry>,
}

/// Entries in the order of their paths.
type Range<'a> = Box<dyn Iterator<Item = (&'a [u8], &'a Entry)> + 'a>;

impl RootTree {
    /// All entries, sorted by path.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&[u8], &Entry)> {
        self.entries
            .iter()
            .map(|(path, entry)| (path.as_slice(), entry))
    }

    /// The bytes of all files.
    pub(crate) fn content_bytes(&self) -> u64 {
        let size = |entry: &Entry| match &entry.node {
            Node::File(content) => content.size(),
            _ => 0,
        };
        self.entries.values().map(size).sum()
    }

    /// What is at a path itself; no link is followed.
    pub(crate) fn get(&self, path: &[u8]) -> Option<&Entry> {
        self.entries.get(path)
    }

    /// The same, to be changed.
    pub(crate) fn get_mut(&mut self, path: &[u8]) -> Option<&mut Entry> {
        self.entries.get_mut(path)
    }

    /// Puts an entry at a path, in place of what was there. Directories above it that are missing
    /// are made, with mode 0755.
    pub(crate) fn insert(&mut self, path: impl Into<Vec<u8>>, entry: Entry) {
        let path = path.into();
        let mut parent = path.as_slice();
        while let Some(above) = parent_of(parent) {
            if self.entries.contains_key(above) {
                break;
            }
            self.entries.insert(above.to_vec(), Entry::directory(0o755));
            parent = above;
        }
        self.entries.insert(path, entry);
    }

    /// Takes away what is at a path, with everything below it.
    pub(crate) fn remove(&mut self, path: &[u8]) {
        let below: Vec<Vec<u8>> = self.below(path).map(|(path, _)| path.to_vec()).collect();
        for path in below {
            self.entries.remove(&path);
        }
        self.entries.remove(path);
    }

    /// Everything below a path, without the path itself, sorted.
    pub(crate) fn below(&self, path: &[u8]) -> impl Iterator<Item = (&[u8], &Entry)> + use<'_> {
        let prefix = directory_prefix(path);
        self.after(prefix.clone())
            .take_while(move |(path, _)| path.starts_with(&prefix))
    }

    /// The entries of a directory, by name, sorted.
    pub(crate) fn children(&self, path: &[u8]) -> impl Iterator<Item = (&[u8], &Entry)> + use<'_> {
        let prefix = directory_prefix(path);
        let mut rest = self.after(prefix.clone());
        std::iter::from_fn(move || {
            loop {
                let (path, entry) = rest.next()?;
                let name = path.strip_prefix(prefix.as_slice())?;
                let Some(slash) = memchr::memchr(b'/', name) else {
                    return Some((name, entry));
                };
                // All that is below a child is left out at once: `0` comes after `/`.
                let mut next = path[..prefix.len() + slash].to_vec();
                next.push(b'0');
                rest = self.from(next);
            }
        })
    }

    /// Everything after a path.
    fn after(&self, path: Vec<u8>) -> Range<'_> {
        self.range(Bound::Excluded(path))
    }

    /// A path and everything after it.
    fn from(&self, path: Vec<u8>) -> Range<'_> {
        self.range(Bound::Included(path))
    }

    fn range(&self, start: Bound<Vec<u8>>) -> Range<'_> {
        let range = self.entries.range((start, Bound::Unbounded));
        Box::new(range.map(|(path, entry)| (path.as_slice(), entry)))
    }

    /// Follows links from a path (absolute, or relative to the root) as Linux does inside the image.
    pub(crate) fn resolve(&self, path: &[u8]) -> Result<Resolved<'_>, Unresolved> {
        let mut links = Vec::new();
        let mut at: Vec<u8> = Vec::new();
        let mut rest: Vec<Vec<u8>> = components(path);
        let mut followed = 0;
        while let Some(name) = rest.pop() {
            if name == b".." {
                at.truncate(parent_of(&at).map_or(0, <[u8]>::len));
                continue;
            }
            let next = join(&at, &name);
            let entry = self.entries.get(&next).ok_or(Unresolved::Missing)?;
            let Node::Link(target) = &entry.node else {
                at = next;
                continue;
            };
            followed += 1;
            if followed > MAX_LINKS {
                return Err(Unresolved::Loop);
            }
            if target.starts_with(b"/") {
                at.clear();
            }
            rest.extend(components(target));
            links.push(next);
        }
        let entry = self.entries.get(&at).ok_or(Unresolved::Missing)?;
        Ok(Resolved {
            path: at,
            entry,
            links,
        })
    }

    /// The content of the file that a path leads to; `None` if it leads to none.
    pub(crate) fn file(&self, path: &[u8]) -> Option<&Content> {
        match &self.resolve(path).ok()?.entry.node {
            Node::File(content) => Some(content),
            _ => None,
        }
    }

    /// The same, read.
    pub(crate) fn read(&self, path: &[u8]) -> Result<Option<Vec<u8>>, Error> {
        let read = self.file(path).map(Content::read).transpose();
        read.map_err(io_error(
            "reading the content of the image's",
            as_path(path),
        ))
    }

    /// Whether a path leads to anything.
    pub(crate) fn exists(&self, path: &[u8]) -> bool {
        self.resolve(path).is_ok()
    }
}

/// The components of a path, last first, without empty ones and `.`.
fn components(path: &[u8]) -> Vec<Vec<u8>> {
    path.rsplit(|byte| *byte == b'/')
        .filter(|name| !name.is_empty() && *name != b".")
        .map(<[u8]>::to_vec)
        .collect()
}

/// Whether a path has a component `.` or `..`: what is said about it may then mean another.
pub(crate) fn has_dots(path: &[u8]) -> bool {
    path.split(|byte| *byte == b'/')
        .any(|component| matches!(component, b"." | b".."))
}

/// The directory above a path; `None` for the root.
pub(crate) fn parent_of(path: &[u8]) -> Option<&[u8]> {
    if path.is_empty() {
        return None;
    }
    let slash = path.iter().rposition(|byte| *byte == b'/');
    Some(&path[..slash.unwrap_or(0)])
}

/// The last component of a path.
pub(crate) fn name_of(path: &[u8]) -> &[u8] {
    let slash = path.iter().rposition(|byte| *byte == b'/');
    slash.map_or(path, |slash| &path[slash + 1..])
}

/// `name` in the directory `path`.
pub(crate) fn join(path: &[u8], name: &[u8]) -> Vec<u8> {
    let mut joined = directory_prefix(path);
    joined.extend_from_slice(name);
    joined
}

fn directory_prefix(path: &[u8]) -> Vec<u8> {
    let mut prefix = path.to_vec();
    if !prefix.is_empty() {
        prefix.push(b'/');
    }
    prefix
}

/// Whether `path` is `directory` or below it.
pub(crate) fn is_in(path: &[u8], directory: &[u8]) -> bool {
    path.strip_prefix(directory)
        .is_some_and(|rest| directory.is_empty() || rest.is_empty() || rest[0] == b'/')
}

/// The relative target of a link at `link` that leads to `to`, both relative to the root.
pub(crate) fn relative_target(link: &[u8], to: &[u8]) -> Vec<u8> {
    let depth = memchr::memchr_iter(b'/', link).count();
    let mut target = b"../".repeat(depth);
    target.extend_from_slice(to);
    target
}

/// Where a link at `link` leads in the image, relative to the root, as far as it can be said without
/// following others.
pub(crate) fn target_in_image(link: &[u8], target: &[u8]) -> Vec<u8> {
    let absolute = if target.starts_with(b"/") {
        target.to_vec()
    } else {
        [b"/", parent_of(link).unwrap_or(b""), b"/", target].concat()
    };
    let normal = normalize(&absolute).unwrap_or(absolute);
    normal.trim_with(|char| char == '/').to_vec()
}

/// A path of the image as a path of the system.
pub(crate) fn as_path(path: &[u8]) -> &std::path::Path {
    OsStr::from_bytes(path).as_ref()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(text: &str) -> Entry {
        Entry::bytes(text, 0o644)
    }

    fn tree() -> RootTree {
        let mut tree = RootTree::default();
        tree.insert("nix/store/x/bin/tool", bytes("tool"));
        tree.insert("nix/store/x-y", Entry::directory(0o555));
        tree.insert("nix/store/x/bin/alias", Entry::link("tool"));
        tree.insert(
            "usr/bin/tool",
            Entry::link("../../nix/store/x/bin/../bin/alias"),
        );
        tree.insert("bin", Entry::link("usr/bin"));
        tree.insert("etc/absolute", Entry::link("/bin/tool"));
        tree.insert("etc/loop", Entry::link("loop"));
        tree.insert("etc/up", Entry::link("../../../../bin/tool"));
        tree
    }

    #[test]
    fn links_are_followed_inside_the_image() {
        let tree = tree();
        for path in [
            "bin/tool",
            "/usr/bin/tool",
            "etc/absolute",
            "etc/up",
            "//bin/./tool",
        ] {
            let found = tree.resolve(path.as_bytes()).unwrap();
            assert_eq!(found.path, b"nix/store/x/bin/tool", "{path}");
        }
        let found = tree.resolve(b"bin/tool").unwrap();
        let links: [&[u8]; 3] = [b"bin", b"usr/bin/tool", b"nix/store/x/bin/alias"];
        assert_eq!(found.links, links);
        assert_eq!(
            tree.resolve(b"bin/no").map(|_| ()),
            Err(Unresolved::Missing)
        );
        assert_eq!(tree.resolve(b"etc/loop").map(|_| ()), Err(Unresolved::Loop));
        assert!(tree.resolve(b"").is_ok());
    }

    #[test]
    fn parents_are_made_and_come_first() {
        let paths: Vec<String> = tree()
            .iter()
            .map(|(path, _)| String::from_utf8(path.to_vec()).unwrap())
            .collect();
        for path in &paths {
            let parent = parent_of(path.as_bytes());
            let before = &paths[..paths.iter().position(|other| other == path).unwrap()];
            assert!(
                parent.is_none_or(|parent| before.iter().any(|path| path.as_bytes() == parent)),
                "{path}"
            );
        }
    }

    #[test]
    fn what_is_below_a_directory() {
        let mut tree = tree();
        let names: Vec<&[u8]> = tree.children(b"nix/store").map(|(name, _)| name).collect();
        assert_eq!(names, [&b"x"[..], b"x-y"]);
        assert_eq!(tree.below(b"nix/store/x").count(), 3);
        assert_eq!(tree.below(b"").count(), tree.iter().count() - 1);
        tree.remove(b"nix/store/x");
        assert!(!tree.exists(b"bin/tool") && tree.exists(b"nix/store/x-y"));
    }

    #[test]
    fn where_links_lead() {
        for (link, target, expected) in [
            ("etc/x", "y", "etc/y"),
            ("etc/x", "../../../y/./z/", "y/z"),
            ("etc/d/x", "/y/../z", "z"),
            ("x", "..", ""),
        ] {
            let found = target_in_image(link.as_bytes(), target.as_bytes());
            assert_eq!(found, expected.as_bytes(), "{link} -> {target}");
        }
    }

    #[test]
    fn relative_targets() {
        assert_eq!(relative_target(b"a/b/c", b"x/y"), b"../../x/y");
        assert_eq!(relative_target(b"a", b"x"), b"x");
    }
}
