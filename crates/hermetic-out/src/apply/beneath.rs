//! The outputs of a package, opened once, and what lies beneath them.

use std::ffi::OsStr;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, Mode, OFlags, ResolveFlags};
use rustix::io::Errno;

use super::{ApplyError, failed};
use crate::package::Package;
use crate::plan::{Change, Plan};
use crate::tree::Tree;

const DIRECTORY: OFlags = OFlags::DIRECTORY
    .union(OFlags::CLOEXEC)
    .union(OFlags::RDONLY);

/// The outputs that a plan changes. Each is opened once, so that whatever takes its place afterwards is
/// not written to, and locked against another run.
pub(super) struct OpenOutputs<'a> {
    package: &'a Package,
    tops: Vec<(&'a Path, OwnedFd)>,
}

impl<'a> OpenOutputs<'a> {
    /// Opens the outputs in which something changes. Fails if one is a link: what it leads to is no
    /// output of this package.
    pub(super) fn open(plan: &Plan, package: &'a Package) -> Result<Self, ApplyError> {
        let mut paths: Vec<&Path> = Vec::new();
        for path in plan.changes.iter().flat_map(Change::paths) {
            let output = package.output_of(path).ok_or_else(|| ApplyError::Outside {
                path: path.to_owned(),
            })?;
            paths.push(&output.path);
        }
        // In one order, so that two runs do not wait for each other.
        paths.sort_unstable();
        paths.dedup();
        let tree = Tree::new(package.store.clone());
        let tops = paths
            .into_iter()
            .map(|path| Ok((path, open_output(path, &tree)?)));
        Ok(Self {
            package,
            tops: tops.collect::<Result<_, _>>()?,
        })
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
        let top = self.tops.iter().find(|(known, _)| *known == output.path);
        let (_, top) = top.ok_or_else(outside)?;
        let sub_path = path.strip_prefix(&output.path).map_err(|_| outside())?;
        let name = sub_path.file_name().ok_or_else(outside)?;
        let parent = sub_path.parent().unwrap_or(Path::new(""));
        if make {
            make_directories(top, parent).map_err(failed("making the directory of", path))?;
        }
        let directory =
            open_beneath(top, parent).map_err(failed("opening the directory of", path))?;
        Ok((directory, name))
    }
}

fn open_output(path: &Path, tree: &Tree) -> Result<OwnedFd, ApplyError> {
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
    match rustix::fs::openat(store, name, flags, Mode::empty()) {
        Ok(top) => {
            // Not every file system has locks; then nobody else may work on the output.
            while rustix::fs::flock(&top, FlockOperation::LockExclusive) == Err(Errno::INTR) {}
            Ok(top)
        }
        Err(Errno::LOOP | Errno::NOTDIR) => Err(ApplyError::NotADirectory {
            path: path.to_owned(),
        }),
        Err(errno) => Err(error()(errno)),
    }
}

/// Opens a directory below `top`, following no link that leads out of it.
fn open_beneath(top: &OwnedFd, path: &Path) -> Result<OwnedFd, Errno> {
    if path.as_os_str().is_empty() {
        return rustix::fs::openat(top, ".", DIRECTORY, Mode::empty());
    }
    let beneath = ResolveFlags::BENEATH | ResolveFlags::NO_MAGICLINKS;
    match rustix::fs::openat2(top, path, DIRECTORY, Mode::empty(), beneath) {
        Err(Errno::NOSYS | Errno::PERM) => {}
        opened => return opened,
    }
    // Without openat2, no link is followed at all.
    let mut directory = rustix::fs::openat(top, ".", DIRECTORY, Mode::empty())?;
    for component in path.components() {
        let flags = DIRECTORY | OFlags::NOFOLLOW;
        directory = rustix::fs::openat(&directory, component.as_os_str(), flags, Mode::empty())?;
    }
    Ok(directory)
}

/// Makes a directory below `top`, and those above it.
fn make_directories(top: &OwnedFd, path: &Path) -> Result<(), Errno> {
    let mut made = PathBuf::new();
    for component in path.components() {
        // Each in the directory above it, as that was opened: a path would follow links.
        let above = open_beneath(top, &made)?;
        made.push(component);
        match rustix::fs::mkdirat(above, component.as_os_str(), Mode::from_raw_mode(0o755)) {
            Ok(()) | Err(Errno::EXIST) => {}
            Err(errno) => return Err(errno),
        }
    }
    Ok(())
}
