//! Doing what a plan says: every file is old or new, whenever the process dies.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use rustix::fs::{
    AtFlags, CWD, Mode, OFlags, ResolveFlags, Timespec, Timestamps, UTIME_NOW, XattrFlags,
};
use rustix::io::Errno;
use thiserror::Error;

use crate::package::Package;
use crate::plan::{Change, FileEdits, Plan};
use crate::tree::Tree;

/// The name under which a file's new content is written beside it before it takes the file's place.
/// One is enough, since files are replaced one after the other; a leftover of a killed run is taken
/// over by the next, which has the same file to replace.
pub const TEMPORARY_NAME: &str = ".hermetic-out.tmp";

/// Applying a plan failed. What was done before stays done; planning again continues from there.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ApplyError {
    /// The system refused a step.
    #[error("{action} {path}, which stays as it was")]
    Io {
        /// What was being done: "writing the new content of".
        action: &'static str,
        /// To which file, by its store path.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// A file is no longer what it was when the plan was made.
    #[error("replacing {path}: its content changed since it was read; run the tool again")]
    Changed {
        /// The file, by its store path.
        path: PathBuf,
    },
    /// A file lies in no output of the package.
    #[error("changing {path}: it lies in no output of the package, so it was left alone")]
    Outside {
        /// The file, by its store path.
        path: PathBuf,
    },
}

/// Carries out `plan` in the outputs of `package`. Files keep their mode, their times and, where the
/// system allows it, their owner and extended attributes. No link is followed out of an output.
pub fn apply(plan: &Plan, package: &Package, tree: &Tree) -> Result<(), ApplyError> {
    for change in &plan.changes {
        match change {
            Change::Edit(edits) => edit(edits, package, tree)?,
            Change::Move { from, to } => rename(from, to, package, tree)?,
            Change::Create {
                path,
                content,
                mode,
            } => create(path, content, *mode, package, tree)?,
            Change::Link { path, target } => link(path, target, package, tree)?,
            Change::Remove { path } => remove(path, package, tree)?,
        }
    }
    Ok(())
}

fn failed(action: &'static str, path: &Path) -> impl FnOnce(Errno) -> ApplyError {
    move |errno| ApplyError::Io {
        action,
        path: path.to_owned(),
        source: errno.into(),
    }
}

/// The directory that holds `path`, opened without leaving the output, and the last component.
fn open_parent<'a>(
    path: &'a Path,
    package: &Package,
    tree: &Tree,
    make: bool,
) -> Result<(OwnedFd, &'a OsStr), ApplyError> {
    let outside = || ApplyError::Outside {
        path: path.to_owned(),
    };
    let output = package.output_of(path).ok_or_else(outside)?;
    let sub_path = path.strip_prefix(&output.path).map_err(|_| outside())?;
    let name = sub_path.file_name().ok_or_else(outside)?;
    let parent = sub_path.parent().unwrap_or(Path::new(""));
    let flags = OFlags::DIRECTORY | OFlags::CLOEXEC | OFlags::RDONLY;
    let error = || failed("opening the directory of", path);
    let top = tree.real_path(&output.path);
    let top = rustix::fs::openat(CWD, &top, flags, Mode::empty()).map_err(error())?;
    if parent.as_os_str().is_empty() {
        return Ok((top, name));
    }
    if make {
        make_directories(&top, parent).map_err(failed("making the directory of", path))?;
    }
    let beneath = ResolveFlags::BENEATH | ResolveFlags::NO_MAGICLINKS;
    match rustix::fs::openat2(&top, parent, flags, Mode::empty(), beneath) {
        Err(Errno::NOSYS | Errno::PERM) => {}
        opened => return Ok((opened.map_err(error())?, name)),
    }
    // Without openat2, no link is followed at all.
    let mut directory = top;
    for component in parent.components() {
        directory = rustix::fs::openat(
            &directory,
            component.as_os_str(),
            flags | OFlags::NOFOLLOW,
            Mode::empty(),
        )
        .map_err(error())?;
    }
    Ok((directory, name))
}

fn make_directories(top: &OwnedFd, path: &Path) -> Result<(), Errno> {
    let mut made = PathBuf::new();
    for component in path.components() {
        made.push(component);
        match rustix::fs::mkdirat(top, &made, Mode::from_raw_mode(0o755)) {
            Ok(()) | Err(Errno::EXIST) => {}
            Err(errno) => return Err(errno),
        }
    }
    Ok(())
}

fn edit(edits: &FileEdits, package: &Package, tree: &Tree) -> Result<(), ApplyError> {
    let path = &edits.path;
    let (directory, name) = open_parent(path, package, tree, false)?;
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let old = rustix::fs::openat(&directory, name, flags, Mode::empty())
        .map_err(failed("opening", path))?;
    let mut old = File::from(old);
    let mut content = Vec::with_capacity(edits.before.len());
    old.read_to_end(&mut content)
        .map_err(|source| ApplyError::Io {
            action: "reading",
            path: path.clone(),
            source,
        })?;
    if content != edits.before {
        return Err(ApplyError::Changed { path: path.clone() });
    }
    let written = write_beside(&directory, &edits.after, &old)
        .and_then(|()| rustix::fs::renameat(&directory, TEMPORARY_NAME, &directory, name));
    written.map_err(|errno| {
        // Whatever failed, the temporary file must not stay; if it cannot go either, the next run
        // takes it over.
        let _ = rustix::fs::unlinkat(&directory, TEMPORARY_NAME, AtFlags::empty());
        failed("writing the new content of", path)(errno)
    })
}

/// Writes `content` to the temporary file in `directory`, with all that `old` has beside content.
fn write_beside(directory: &OwnedFd, content: &[u8], old: &File) -> Result<(), Errno> {
    let mut file = create_temporary(directory)?;
    file.write_all(content).map_err(|error| errno_of(&error))?;
    let stat = rustix::fs::fstat(old)?;
    let new_stat = rustix::fs::fstat(&file)?;
    if (stat.st_uid, stat.st_gid) != (new_stat.st_uid, new_stat.st_gid) {
        let owner = rustix::fs::Uid::from_raw(stat.st_uid);
        let group = rustix::fs::Gid::from_raw(stat.st_gid);
        // Only root can give files away; inside a build everything is the builder's.
        let _ = rustix::fs::fchown(&file, Some(owner), Some(group));
    }
    // After the owner: changing it clears the setuid bit.
    rustix::fs::fchmod(&file, Mode::from_raw_mode(stat.st_mode))?;
    copy_attributes(old, &file);
    let time = |seconds: i64, nanoseconds: u64| Timespec {
        tv_sec: seconds,
        tv_nsec: i64::try_from(nanoseconds).unwrap_or(UTIME_NOW),
    };
    let times = Timestamps {
        last_access: time(stat.st_atime, stat.st_atime_nsec),
        last_modification: time(stat.st_mtime, stat.st_mtime_nsec),
    };
    rustix::fs::futimens(&file, &times)
}

fn create_temporary(directory: &OwnedFd) -> Result<File, Errno> {
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let mode = Mode::from_raw_mode(0o600);
    match rustix::fs::openat(directory, TEMPORARY_NAME, flags, mode) {
        Err(Errno::EXIST) => {
            rustix::fs::unlinkat(directory, TEMPORARY_NAME, AtFlags::empty())?;
            rustix::fs::openat(directory, TEMPORARY_NAME, flags, mode).map(File::from)
        }
        opened => opened.map(File::from),
    }
}

fn errno_of(error: &io::Error) -> Errno {
    Errno::from_io_error(error).unwrap_or(Errno::IO)
}

/// Copies extended attributes as far as the file system and our rights allow.
fn copy_attributes(from: &File, to: &File) {
    let mut names = Vec::with_capacity(256);
    let Ok(_) = rustix::fs::flistxattr(from, rustix::buffer::spare_capacity(&mut names)) else {
        return;
    };
    for name in names
        .split(|byte: &u8| *byte == 0)
        .filter(|name| !name.is_empty())
    {
        let mut value = Vec::with_capacity(64 * 1024);
        let read = rustix::fs::fgetxattr(
            from.as_fd(),
            OsStr::from_bytes(name),
            rustix::buffer::spare_capacity(&mut value),
        );
        if read.is_ok() {
            let name = OsStr::from_bytes(name);
            let _ = rustix::fs::fsetxattr(to, name, &value, XattrFlags::empty());
        }
    }
}

fn rename(from: &Path, to: &Path, package: &Package, tree: &Tree) -> Result<(), ApplyError> {
    let (old, old_name) = open_parent(from, package, tree, false)?;
    let (new, new_name) = open_parent(to, package, tree, true)?;
    let flags = rustix::fs::RenameFlags::NOREPLACE;
    rustix::fs::renameat_with(old, old_name, new, new_name, flags).map_err(failed("moving", from))
}

fn create(
    path: &Path,
    content: &[u8],
    mode: u32,
    package: &Package,
    tree: &Tree,
) -> Result<(), ApplyError> {
    let (directory, name) = open_parent(path, package, tree, true)?;
    let write = || -> Result<(), Errno> {
        let mut file = create_temporary(&directory)?;
        file.write_all(content).map_err(|error| errno_of(&error))?;
        rustix::fs::fchmod(&file, Mode::from_raw_mode(mode))?;
        let flags = rustix::fs::RenameFlags::NOREPLACE;
        rustix::fs::renameat_with(&directory, TEMPORARY_NAME, &directory, name, flags)
    };
    write().map_err(|errno| {
        let _ = rustix::fs::unlinkat(&directory, TEMPORARY_NAME, AtFlags::empty());
        failed("creating", path)(errno)
    })
}

fn link(path: &Path, target: &Path, package: &Package, tree: &Tree) -> Result<(), ApplyError> {
    let (directory, name) = open_parent(path, package, tree, false)?;
    let write = || rustix::fs::symlinkat(target, &directory, TEMPORARY_NAME);
    let written = match write() {
        Err(Errno::EXIST) => rustix::fs::unlinkat(&directory, TEMPORARY_NAME, AtFlags::empty())
            .and_then(|()| write()),
        written => written,
    };
    written
        .and_then(|()| rustix::fs::renameat(&directory, TEMPORARY_NAME, &directory, name))
        .map_err(failed("giving another target to the link", path))
}

fn remove(path: &Path, package: &Package, tree: &Tree) -> Result<(), ApplyError> {
    let (directory, name) = open_parent(path, package, tree, false)?;
    match rustix::fs::unlinkat(&directory, name, AtFlags::empty()) {
        Err(Errno::ISDIR) => rustix::fs::unlinkat(&directory, name, AtFlags::REMOVEDIR),
        done => done,
    }
    .map_err(failed("removing", path))
}
