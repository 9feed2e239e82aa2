//! Looking at store paths: what is there, without ever leaving the store.

mod listing;
mod moves;

use std::borrow::Cow;
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use rustix::fs::{AtFlags, CWD, Dir, FileType, Mode, OFlags, ResolveFlags, Stat};
use rustix::io::Errno;

pub use self::listing::{Listed, Listing};
pub use self::moves::{Moves, TreeView};
use crate::package::normalize;
use crate::regular_file::{self, Loaded};
use crate::store::Store;

/// What a path leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Node {
    /// A regular file that somebody may run.
    Program,
    /// Another regular file.
    File,
    /// A directory.
    Directory,
    /// A device, socket or FIFO.
    Special,
}

/// What is in a store, as the disk has it.
pub struct Tree {
    store: Store,
    /// The store directory, opened when first asked of: paths relative to it are found faster.
    directory: OnceLock<Option<OwnedFd>>,
    /// What is known of store paths without asking the disk.
    listing: Option<Arc<dyn Listing>>,
}

/// As many links in a row as Linux follows.
const MAX_LINKS: u8 = 40;

impl Tree {
    /// What is in `store`.
    #[must_use]
    pub fn new(store: Store) -> Self {
        Self {
            store,
            directory: OnceLock::new(),
            listing: None,
        }
    }

    /// The same, but what the listing knows is taken from it and not from the disk, when it is asked
    /// what a path leads to. Files are opened on the disk all the same.
    #[must_use]
    pub fn with_listing(mut self, listing: Arc<dyn Listing>) -> Self {
        self.listing = Some(listing);
        self
    }

    /// Where a store path is to be read and written.
    #[must_use]
    pub fn real_path(&self, path: &Path) -> PathBuf {
        self.store.real_path(path)
    }

    /// Opens the file or directory that a path leads to, for reading. Links are followed; below a
    /// root they mean the root's. A FIFO is not waited for.
    pub fn open(&self, path: &Path) -> io::Result<File> {
        self.open_with(path, regular_file::FLAGS)
    }

    /// Opens the regular file at a path, for reading. Fails if it is anything else, a link included.
    pub fn open_file(&self, path: &Path) -> io::Result<File> {
        let flags = regular_file::FLAGS | OFlags::NOFOLLOW;
        regular_file::checked(self.open_with(path, flags)?)
    }

    /// Reads the regular file at a path, as [`Tree::open_file`] opens it, if it has at most `limit` bytes.
    pub fn load(&self, path: &Path, limit: usize) -> io::Result<Loaded> {
        regular_file::load(&self.open_file(path)?, limit)
    }

    fn open_with(&self, path: &Path, flags: OFlags) -> io::Result<File> {
        if let Some(root) = &self.store.root {
            let root = rustix::fs::open(root, OFlags::PATH | OFlags::CLOEXEC, Mode::empty())?;
            let inside = match path.strip_prefix("/").unwrap_or(path) {
                top if top.as_os_str().is_empty() => Path::new("."),
                inside => inside,
            };
            let in_root = ResolveFlags::IN_ROOT;
            match rustix::fs::openat2(root, inside, flags, Mode::empty(), in_root) {
                // Linux before 5.6, or a sandbox that does not know the call.
                Err(Errno::NOSYS | Errno::PERM) => {}
                opened => return Ok(File::from(opened?)),
            }
        }
        let opened = rustix::fs::open(self.real_path(path), flags, Mode::empty())?;
        Ok(File::from(opened))
    }

    /// The names of what is in the directory that a path leads to, sorted; links as in
    /// [`Tree::open`].
    pub fn names(&self, path: &Path) -> io::Result<Vec<OsString>> {
        let mut names = Vec::new();
        for entry in Dir::read_from(self.open(path)?)? {
            let name = OsStr::from_bytes(entry?.file_name().to_bytes()).to_owned();
            if name != "." && name != ".." {
                names.push(name);
            }
        }
        names.sort();
        Ok(names)
    }

    /// What the path leads to, links followed; `None` if there is nothing, or if a link leads out of
    /// the store: nothing outside is part of a package.
    #[must_use]
    pub fn look_up(&self, path: &Path) -> Option<Node> {
        let mut path = Cow::Borrowed(path);
        if let Some(listing) = &self.listing {
            match listing::follow(&**listing, &self.store.directory, &path) {
                listing::Followed::Node(node) => return Some(node),
                listing::Followed::Nowhere => return None,
                listing::Followed::Unlisted(unlisted) => path = Cow::Owned(unlisted),
            }
        }
        for _ in 0..MAX_LINKS {
            let stat = self.stat(&path)?;
            match FileType::from_raw_mode(stat.st_mode) {
                FileType::Symlink => path = Cow::Owned(self.link_target(&path)?),
                FileType::RegularFile if stat.st_mode & 0o111 != 0 => return Some(Node::Program),
                FileType::RegularFile => return Some(Node::File),
                FileType::Directory => return Some(Node::Directory),
                _ => return Some(Node::Special),
            }
        }
        None
    }

    /// The target of the symlink at `path` itself; `None` if there is none. The directories that it is
    /// in are to be no links.
    #[must_use]
    pub fn link_at(&self, path: &Path) -> Option<Vec<u8>> {
        if let Some(listing) = &self.listing {
            match listing.at(path) {
                Listed::Link(target) => return Some(target.to_vec()),
                Listed::Unknown => {}
                _ => return None,
            }
        }
        let target = rustix::fs::readlink(self.real_path(path), Vec::new()).ok()?;
        Some(target.into_bytes())
    }

    fn directory(&self) -> Option<&OwnedFd> {
        let open = || {
            let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
            rustix::fs::open(&self.store.directory, flags, Mode::empty()).ok()
        };
        self.directory.get_or_init(open).as_ref()
    }

    /// The status of the path itself, without following a link at its end.
    fn stat(&self, path: &Path) -> Option<Stat> {
        let Some(root) = &self.store.root else {
            let flags = AtFlags::SYMLINK_NOFOLLOW;
            return match (self.directory(), path.strip_prefix(&self.store.directory)) {
                (Some(directory), Ok(inside)) => rustix::fs::statat(directory, inside, flags).ok(),
                _ => rustix::fs::statat(CWD, path, flags).ok(),
            };
        };
        // Absolute links in the middle of the path mean the root's.
        let flags = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let root = rustix::fs::open(root, OFlags::PATH | OFlags::CLOEXEC, Mode::empty()).ok()?;
        let file = rustix::fs::openat2(
            root,
            path.strip_prefix("/").unwrap_or(path),
            flags,
            Mode::empty(),
            ResolveFlags::IN_ROOT,
        );
        match file {
            Ok(file) => rustix::fs::fstat(file).ok(),
            // Linux before 5.6, or a sandbox that does not know the call.
            Err(Errno::NOSYS | Errno::PERM) => {
                rustix::fs::statat(CWD, self.real_path(path), AtFlags::SYMLINK_NOFOLLOW).ok()
            }
            Err(_) => None,
        }
    }

    fn link_target(&self, path: &Path) -> Option<PathBuf> {
        let target = rustix::fs::readlink(self.real_path(path), Vec::new()).ok()?;
        let target = target.as_bytes();
        let mut absolute = Vec::new();
        if !target.starts_with(b"/") {
            let directory = self.without_links(path.parent()?)?;
            absolute.extend_from_slice(directory.as_os_str().as_bytes());
            absolute.push(b'/');
        }
        absolute.extend_from_slice(target);
        let target = PathBuf::from(OsStr::from_bytes(&normalize(&absolute)?));
        target.starts_with(&self.store.directory).then_some(target)
    }

    /// A directory of the store by a path in which no component is a link: `..` in the target of a link
    /// means the parent of the directory that the link is in, whatever way led there.
    fn without_links(&self, directory: &Path) -> Option<PathBuf> {
        let Ok(inside) = directory.strip_prefix(&self.store.directory) else {
            return Some(directory.to_owned());
        };
        let mut done = self.store.directory.clone();
        let names = inside.components().rev();
        let mut names: Vec<OsString> = names.map(|name| name.as_os_str().to_owned()).collect();
        let mut links = 0;
        while let Some(name) = names.pop() {
            if name == ".." {
                done.pop();
                continue;
            }
            let next = done.join(name);
            let Ok(target) = rustix::fs::readlink(self.real_path(&next), Vec::new()) else {
                done = next;
                continue;
            };
            links += 1;
            if links > MAX_LINKS {
                return None;
            }
            let target = Path::new(OsStr::from_bytes(target.as_bytes()));
            let inside = match target.strip_prefix(&self.store.directory) {
                Ok(inside) => {
                    done.clone_from(&self.store.directory);
                    inside
                }
                Err(_) if target.is_absolute() => return None,
                Err(_) => target,
            };
            let more = inside.components().rev();
            names.extend(more.map(|name| name.as_os_str().to_owned()));
        }
        done.starts_with(&self.store.directory).then_some(done)
    }
}

impl std::fmt::Debug for Tree {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Tree")
            .field("store", &self.store)
            .field("has_listing", &self.listing.is_some())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    fn tree(with_root: bool) -> (tempfile::TempDir, Tree, PathBuf) {
        let top = tempfile::tempdir().unwrap();
        let (store, root) = if with_root {
            (PathBuf::from("/nix/store"), Some(top.path().to_owned()))
        } else {
            (top.path().join("nix/store"), None)
        };
        let real = top.path().join("nix/store/h-x");
        fs::create_dir_all(real.join("bin")).unwrap();
        fs::write(real.join("bin/x"), "").unwrap();
        fs::set_permissions(real.join("bin/x"), fs::Permissions::from_mode(0o755)).unwrap();
        fs::write(real.join("file"), "").unwrap();
        symlink("bin", real.join("sbin")).unwrap();
        symlink("../file", real.join("bin/to-file")).unwrap();
        symlink("/bin/sh", real.join("bin/out")).unwrap();
        symlink("../../../../bin/sh", real.join("bin/climbs-out")).unwrap();
        symlink("loop", real.join("loop")).unwrap();
        symlink(store.join("h-x/bin/x"), real.join("absolute")).unwrap();
        let path = store.join("h-x");
        (top, Tree::new(Store::new(store, root)), path)
    }

    #[test]
    fn what_a_path_leads_to() {
        for with_root in [false, true] {
            let (_top, tree, path) = tree(with_root);
            for (name, node) in [
                ("bin/x", Some(Node::Program)),
                ("sbin/x", Some(Node::Program)),
                ("bin/to-file", Some(Node::File)),
                ("absolute", Some(Node::Program)),
                ("bin", Some(Node::Directory)),
                ("bin/out", None),
                ("bin/climbs-out", None),
                ("loop", None),
                ("missing", None),
                ("file/below", None),
            ] {
                assert_eq!(
                    tree.look_up(&path.join(name)),
                    node,
                    "{name}, root: {with_root}"
                );
            }
        }
    }

    /// What is on the disk, as a listing.
    struct Read(
        std::collections::BTreeMap<PathBuf, (Option<Node>, Vec<u8>)>,
        PathBuf,
    );

    impl Listing for Read {
        fn at(&self, path: &Path) -> Listed<'_> {
            if !path.starts_with(&self.1) {
                return Listed::Unknown;
            }
            match self.0.get(path) {
                None => Listed::Nothing,
                Some((Some(node), _)) => Listed::Node(*node),
                Some((None, target)) => Listed::Link(target),
            }
        }
    }

    #[test]
    fn a_listing_says_the_same_as_the_disk() {
        let (_top, disk, path) = tree(false);
        fs::create_dir(path.join("deep")).unwrap();
        symlink("../sbin", path.join("deep/other")).unwrap();
        symlink("x", path.join("file-as-directory")).unwrap();
        let mut read = std::collections::BTreeMap::new();
        for entry in walkdir::WalkDir::new(&path) {
            let entry = entry.unwrap();
            let found = if entry.path_is_symlink() {
                let target = fs::read_link(entry.path()).unwrap();
                (None, target.into_os_string().into_encoded_bytes())
            } else {
                (disk.look_up(entry.path()), Vec::new())
            };
            read.insert(entry.into_path(), found);
        }
        let store = path.parent().unwrap().to_owned();
        let listing = Arc::new(Read(read, path.clone()));
        let listed = Tree::new(Store::new(store, None)).with_listing(listing);
        for name in [
            "",
            "bin",
            "bin/x",
            "sbin",
            "sbin/x",
            "sbin/y",
            "absolute",
            "absolute/x",
            "bin/to-file",
            "bin/out",
            "bin/climbs-out",
            "loop",
            "loop/x",
            "missing",
            "file/below",
            "deep/other",
            "deep/other/x",
            "deep/other/to-file",
            "file-as-directory",
            "file-as-directory/x",
        ] {
            let asked = if name.is_empty() {
                path.clone()
            } else {
                path.join(name)
            };
            assert_eq!(listed.look_up(&asked), disk.look_up(&asked), "{name}");
            // Which directories are links is not asked there.
            if !name.starts_with("deep/other/") {
                assert_eq!(listed.link_at(&asked), disk.link_at(&asked), "{name}");
            }
        }
        // What the listing does not know is on the disk.
        fs::write(path.parent().unwrap().join("h-other"), "").unwrap();
        let other = path.parent().unwrap().join("h-other");
        assert_eq!(listed.look_up(&other), Some(Node::File));
    }

    #[test]
    fn what_is_opened_lies_below_the_root() {
        let (_top, tree, path) = tree(true);
        let names = tree.names(&path.join("bin")).unwrap();
        assert_eq!(names, ["climbs-out", "out", "to-file", "x"]);
        for name in ["bin/to-file", "sbin/x", "absolute"] {
            assert!(tree.open(&path.join(name)).is_ok(), "{name}");
        }
        // The machine has a /bin/sh, the root has none.
        for name in ["bin/out", "bin/climbs-out", "missing"] {
            let error = tree.open(&path.join(name)).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::NotFound, "{name}");
        }
        assert!(tree.open(&path.join("loop")).is_err());
        let error = tree.names(&path.join("file")).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::NotADirectory);
    }
}
