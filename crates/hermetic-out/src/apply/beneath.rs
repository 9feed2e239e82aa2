//! Directories that are opened once, as the outputs of a package, and what lies beneath them.

use std::ffi::OsStr;
use std::io;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, Mode, OFlags, ResolveFlags};
use rustix::io::Errno;

use super::staged::{Staged, replace_by_link};
use super::{ApplyError, failed};
use crate::package::Package;
use crate::plan::{Change, Plan};
use crate::tree::Tree;

const DIRECTORY: OFlags = OFlags::DIRECTORY
    .union(OFlags::CLOEXEC)
    .union(OFlags::RDONLY);
const DIRECTORY_MODE: u32 = 0o755;

/// The outputs of a package. Each is opened once, so that whatever takes its place afterwards is not written
/// to, and locked against another run until this is dropped.
#[derive(Debug)]
pub struct LockedOutputs<'a> {
    package: &'a Package,
    tops: Vec<(&'a Path, Top)>,
}

impl<'a> LockedOutputs<'a> {
    /// Opens the outputs, and waits until no other run works on them. What is no directory is left out: a
    /// package of which nothing is changed may have it.
    #[must_use]
    pub fn lock(package: &'a Package) -> Self {
        let mut paths: Vec<&Path> = package
            .outputs
            .iter()
            .map(|output| output.path.as_path())
            .collect();
        // In one order, so that two runs do not wait for each other.
        paths.sort_unstable();
        paths.dedup();
        let tree = Tree::new(package.store.clone());
        let tops = paths
            .into_iter()
            .filter_map(|path| Some((path, Top::of_output(path, &tree).ok()?)))
            .collect();
        Self { package, tops }
    }

    /// Whether the output is a directory, so that it is locked.
    #[must_use]
    pub fn has(&self, output: &Path) -> bool {
        self.top(output).is_some()
    }

    /// Fails unless every output in which something changes is open: if it is a link, what it leads to is no
    /// output of this package.
    pub(super) fn check(&self, plan: &Plan) -> Result<(), ApplyError> {
        for path in plan.changes.iter().flat_map(Change::paths) {
            let output = self.package.output_of(path);
            let output = output.ok_or_else(|| ApplyError::Outside {
                path: path.to_owned(),
            })?;
            if self.top(&output.path).is_none() {
                Top::of_output(&output.path, &Tree::new(self.package.store.clone()))?;
                // It was none when the others were opened.
                return Err(ApplyError::NotADirectory {
                    path: output.path.clone(),
                });
            }
        }
        Ok(())
    }

    fn top(&self, output: &Path) -> Option<&Top> {
        let top = self.tops.iter().find(|(known, _)| *known == output);
        top.map(|(_, top)| top)
    }

    /// The directory that holds `path`, opened without leaving the output, and the last component.
    pub(super) fn parent_of<'p>(
        &self,
        path: &'p Path,
        make: bool,
    ) -> Result<(OwnedFd, &'p OsStr), ApplyError> {
        let outside = || ApplyError::Outside {
            path: path.to_owned(),
        };
        let output = self.package.output_of(path).ok_or_else(outside)?;
        let top = self.top(&output.path).ok_or_else(outside)?;
        let sub_path = path.strip_prefix(&output.path).map_err(|_| outside())?;
        let name = sub_path.file_name().ok_or_else(outside)?;
        let parent = sub_path.parent().unwrap_or(Path::new(""));
        if make {
            top.make_directories(parent)
                .map_err(failed("making the directory of", path))?;
        }
        let directory = top
            .open(parent)
            .map_err(failed("opening the directory of", path))?;
        Ok((directory, name))
    }
}

/// A new directory that was opened once: what is written goes beneath it, and through no link at all.
#[derive(Debug)]
pub struct NewTree {
    top: Top,
}

impl NewTree {
    /// Makes the directory, which must not exist.
    pub fn make(path: &Path) -> io::Result<Self> {
        rustix::fs::mkdir(path, Mode::from_raw_mode(DIRECTORY_MODE))?;
        let directory = rustix::fs::open(path, DIRECTORY | OFlags::NOFOLLOW, Mode::empty())?;
        let links = ResolveFlags::NO_SYMLINKS;
        let top = Top { directory, links };
        Ok(Self { top })
    }

    /// Makes the directory at `path`, relative to the top, and those above it, unless they are there.
    pub fn make_directory(&self, path: &Path) -> io::Result<()> {
        Ok(self.top.make_directories(path)?)
    }

    /// Writes a file with the permission bits `mode`, in place of what is at `path`. The directory above it
    /// must be there.
    pub fn write(&self, path: &Path, content: &[u8], mode: u32) -> io::Result<()> {
        let (directory, name) = self.parent_of(path)?;
        let new = Staged::write(&directory, content)?;
        new.set_mode(mode)?;
        Ok(new.replace(name, content)?)
    }

    /// Makes a link, likewise.
    pub fn link(&self, path: &Path, target: &Path) -> io::Result<()> {
        let (directory, name) = self.parent_of(path)?;
        Ok(replace_by_link(&directory, name, target)?)
    }

    fn parent_of<'p>(&self, path: &'p Path) -> io::Result<(OwnedFd, &'p OsStr)> {
        let name = path.file_name().ok_or(Errno::INVAL)?;
        let parent = path.parent().unwrap_or(Path::new(""));
        Ok((self.top.open(parent)?, name))
    }
}

/// An open directory, and which links beneath it are followed.
#[derive(Debug)]
struct Top {
    directory: OwnedFd,
    links: ResolveFlags,
}

impl Top {
    /// Opens an output, in which links are followed that do not leave it, and locks it.
    fn of_output(path: &Path, tree: &Tree) -> Result<Self, ApplyError> {
        let error = || failed("opening the output", path);
        let (Some(store), Some(name)) = (path.parent(), path.file_name()) else {
            return Err(ApplyError::Outside {
                path: path.to_owned(),
            });
        };
        let store = tree.open(store).map_err(|source| ApplyError::Io {
            action: "opening the directory of the output",
            path: path.to_owned(),
            source,
        })?;
        let flags = DIRECTORY | OFlags::NOFOLLOW;
        let links = ResolveFlags::BENEATH | ResolveFlags::NO_MAGICLINKS;
        match rustix::fs::openat(store, name, flags, Mode::empty()) {
            Ok(directory) => {
                // Not every file system has locks; then nobody else may work on the output.
                let lock = || rustix::fs::flock(&directory, FlockOperation::LockExclusive);
                while lock() == Err(Errno::INTR) {}
                Ok(Self { directory, links })
            }
            Err(Errno::LOOP | Errno::NOTDIR) => Err(ApplyError::NotADirectory {
                path: path.to_owned(),
            }),
            Err(errno) => Err(error()(errno)),
        }
    }

    /// Opens a directory below it.
    fn open(&self, path: &Path) -> Result<OwnedFd, Errno> {
        let top = &self.directory;
        if path.as_os_str().is_empty() {
            return rustix::fs::openat(top, ".", DIRECTORY, Mode::empty());
        }
        let beneath = self.links | ResolveFlags::BENEATH;
        match rustix::fs::openat2(top, path, DIRECTORY, Mode::empty(), beneath) {
            Err(Errno::NOSYS | Errno::PERM) => {}
            opened => return opened,
        }
        // Without openat2, no link is followed at all.
        let mut directory = rustix::fs::openat(top, ".", DIRECTORY, Mode::empty())?;
        for component in path.components() {
            let flags = DIRECTORY | OFlags::NOFOLLOW;
            let name = component.as_os_str();
            directory = rustix::fs::openat(&directory, name, flags, Mode::empty())?;
        }
        Ok(directory)
    }

    /// Makes a directory below it, and those above that.
    fn make_directories(&self, path: &Path) -> Result<(), Errno> {
        let permissions = Mode::from_raw_mode(DIRECTORY_MODE);
        let mut made = PathBuf::new();
        for component in path.components() {
            // Each in the directory above it, as that was opened: a path would follow links.
            let above = self.open(&made)?;
            made.push(component);
            match rustix::fs::mkdirat(above, component.as_os_str(), permissions) {
                Ok(()) | Err(Errno::EXIST) => {}
                Err(errno) => return Err(errno),
            }
        }
        Ok(())
    }
}
