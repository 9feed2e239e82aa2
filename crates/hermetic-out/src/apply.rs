//! Doing what a plan says: every file is old or new, whenever the process dies.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use rustix::fs::{
    AtFlags, CWD, FileType, Mode, OFlags, ResolveFlags, Stat, Timespec, Timestamps, UTIME_NOW,
    XattrFlags,
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
            Change::MoveLeavingLink { from, to, target } => {
                copy(from, to, package, tree)?;
                put_link(
                    from,
                    target,
                    package,
                    tree,
                    "leaving a link in the place of",
                )?;
            }
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
    let directory = open_beneath(&top, parent).map_err(error())?;
    Ok((directory, name))
}

/// Opens a directory below `top`, following no link that leads out of it.
fn open_beneath(top: &OwnedFd, path: &Path) -> Result<OwnedFd, Errno> {
    let flags = OFlags::DIRECTORY | OFlags::CLOEXEC | OFlags::RDONLY;
    let beneath = ResolveFlags::BENEATH | ResolveFlags::NO_MAGICLINKS;
    match rustix::fs::openat2(top, path, flags, Mode::empty(), beneath) {
        Err(Errno::NOSYS | Errno::PERM) => {}
        opened => return opened,
    }
    // Without openat2, no link is followed at all.
    let mut directory = rustix::fs::openat(top, ".", flags, Mode::empty())?;
    for component in path.components() {
        directory = rustix::fs::openat(
            &directory,
            component.as_os_str(),
            flags | OFlags::NOFOLLOW,
            Mode::empty(),
        )?;
    }
    Ok(directory)
}

/// Makes a directory below `top`, and those above it.
fn make_directories(top: &OwnedFd, path: &Path) -> Result<(), Errno> {
    let mut made = PathBuf::new();
    for component in path.components() {
        // Each in the directory above it, as that was opened: a path would follow links.
        let above = if made.as_os_str().is_empty() {
            None
        } else {
            Some(open_beneath(top, &made)?)
        };
        made.push(component);
        let above = above.as_ref().unwrap_or(top);
        match rustix::fs::mkdirat(above, component.as_os_str(), Mode::from_raw_mode(0o755)) {
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
    rustix::fs::futimens(&file, &times(&stat))
}

/// The times of a file.
fn times(stat: &Stat) -> Timestamps {
    let time = |seconds: i64, nanoseconds: u64| Timespec {
        tv_sec: seconds,
        tv_nsec: i64::try_from(nanoseconds).unwrap_or(UTIME_NOW),
    };
    Timestamps {
        last_access: time(stat.st_atime, stat.st_atime_nsec),
        last_modification: time(stat.st_mtime, stat.st_mtime_nsec),
    }
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

/// Makes what is at `from` be at `to` as well, unless it is there already. It is copied, not linked: a
/// second name would let an edit of one place change the other.
fn copy(from: &Path, to: &Path, package: &Package, tree: &Tree) -> Result<(), ApplyError> {
    let (old_directory, old_name) = open_parent(from, package, tree, false)?;
    let (new_directory, new_name) = open_parent(to, package, tree, true)?;
    let open = |directory: &OwnedFd, name| {
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        rustix::fs::openat(directory, name, flags, Mode::empty()).map(File::from)
    };
    let content = |mut file: &File| {
        let mut content = Vec::new();
        let read = file.read_to_end(&mut content);
        read.map(|_| content).map_err(|error| errno_of(&error))
    };
    let written = || -> Result<bool, Errno> {
        let old = open(&old_directory, old_name)?;
        let old_content = content(&old)?;
        match open(&new_directory, new_name) {
            Ok(new) => return Ok(content(&new)? == old_content),
            Err(Errno::NOENT) => {}
            Err(errno) => return Err(errno),
        }
        write_beside(&new_directory, &old_content, &old)?;
        let flags = rustix::fs::RenameFlags::NOREPLACE;
        let directory = &new_directory;
        rustix::fs::renameat_with(directory, TEMPORARY_NAME, directory, new_name, flags)?;
        Ok(true)
    };
    match written() {
        Ok(true) => Ok(()),
        Ok(false) => Err(ApplyError::Changed {
            path: to.to_owned(),
        }),
        Err(errno) => {
            let _ = rustix::fs::unlinkat(&new_directory, TEMPORARY_NAME, AtFlags::empty());
            Err(failed("moving", from)(errno))
        }
    }
}

fn link(path: &Path, target: &Path, package: &Package, tree: &Tree) -> Result<(), ApplyError> {
    let (directory, name) = open_parent(path, package, tree, true)?;
    let there = rustix::fs::statat(&directory, name, AtFlags::SYMLINK_NOFOLLOW);
    // A file is no link that could get another target.
    if there.is_ok_and(|stat| !FileType::from_raw_mode(stat.st_mode).is_symlink()) {
        return Err(failed("making a link of", path)(Errno::EXIST));
    }
    put_link(
        path,
        target,
        package,
        tree,
        "giving another target to the link",
    )
}

/// Puts a symlink in the place of whatever is at `path`, but a directory, with the times of that.
fn put_link(
    path: &Path,
    target: &Path,
    package: &Package,
    tree: &Tree,
    action: &'static str,
) -> Result<(), ApplyError> {
    let (directory, name) = open_parent(path, package, tree, false)?;
    let write = || rustix::fs::symlinkat(target, &directory, TEMPORARY_NAME);
    let written = match write() {
        Err(Errno::EXIST) => rustix::fs::unlinkat(&directory, TEMPORARY_NAME, AtFlags::empty())
            .and_then(|()| write()),
        written => written,
    };
    let keep_times = || match rustix::fs::statat(&directory, name, AtFlags::SYMLINK_NOFOLLOW) {
        Ok(old) => {
            let flags = AtFlags::SYMLINK_NOFOLLOW;
            rustix::fs::utimensat(&directory, TEMPORARY_NAME, &times(&old), flags)
        }
        Err(_) => Ok(()),
    };
    written
        .and_then(|()| keep_times())
        .and_then(|()| rustix::fs::renameat(&directory, TEMPORARY_NAME, &directory, name))
        .map_err(failed(action, path))
}

fn remove(path: &Path, package: &Package, tree: &Tree) -> Result<(), ApplyError> {
    let (directory, name) = open_parent(path, package, tree, false)?;
    match rustix::fs::unlinkat(&directory, name, AtFlags::empty()) {
        Err(Errno::ISDIR) => rustix::fs::unlinkat(&directory, name, AtFlags::REMOVEDIR),
        done => done,
    }
    .map_err(failed("removing", path))
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::*;
    use crate::package::Output;

    /// A package of one output in a directory of its own.
    fn package() -> (tempfile::TempDir, Package, Tree) {
        let top = tempfile::tempdir().unwrap();
        let store_dir = top.path().join("store");
        let package = Package {
            outputs: vec![Output::new("out", store_dir.join("h-x"))],
            store_dir: store_dir.clone(),
            ..Package::default()
        };
        fs::create_dir_all(store_dir.join("h-x/etc")).unwrap();
        let tree = Tree::new(store_dir, None);
        (top, package, tree)
    }

    fn done(change: Change, package: &Package, tree: &Tree) -> Result<(), ApplyError> {
        let plan = Plan {
            changes: vec![change],
        };
        apply(&plan, package, tree)
    }

    #[test]
    fn a_link_comes_into_being_or_gets_another_target() {
        let (_top, package, tree) = package();
        let path = package.outputs[0].path.join("lib/deep/link");
        for target in ["one", "two"] {
            let change = Change::Link {
                path: path.clone(),
                target: target.into(),
            };
            done(change, &package, &tree).unwrap();
            assert_eq!(fs::read_link(&path).unwrap(), Path::new(target));
        }
        let file = package.outputs[0].path.join("file");
        fs::write(&file, "a").unwrap();
        let change = Change::Link {
            path: file.clone(),
            target: "one".into(),
        };
        let error = done(change, &package, &tree).unwrap_err();
        assert!(error.to_string().starts_with("making a link of"), "{error}");
        assert_eq!(fs::read(&file).unwrap(), b"a", "it is no link");
    }

    #[test]
    fn a_file_moves_and_leaves_a_link() {
        let (_top, package, tree) = package();
        let out = &package.outputs[0].path;
        let change = || Change::MoveLeavingLink {
            from: out.join("etc/x"),
            to: out.join("lib/x"),
            target: "../lib/x".into(),
        };
        fs::write(out.join("etc/x"), "a").unwrap();
        let before = fs::metadata(out.join("etc/x")).unwrap();
        done(change(), &package, &tree).unwrap();
        assert_eq!(
            fs::read_link(out.join("etc/x")).unwrap(),
            Path::new("../lib/x")
        );
        let after = fs::metadata(out.join("lib/x")).unwrap();
        assert_eq!(after.modified().unwrap(), before.modified().unwrap());
        // What a killed run leaves: both are there.
        fs::remove_file(out.join("etc/x")).unwrap();
        fs::write(out.join("etc/x"), "a").unwrap();
        done(change(), &package, &tree).unwrap();
        assert!(out.join("etc/x").symlink_metadata().unwrap().is_symlink());
        // Something else is there.
        fs::remove_file(out.join("etc/x")).unwrap();
        fs::write(out.join("etc/x"), "b").unwrap();
        let error = done(change(), &package, &tree).unwrap_err();
        assert!(matches!(error, ApplyError::Changed { .. }), "{error}");
        assert_eq!(fs::read(out.join("etc/x")).unwrap(), b"b");
        assert_eq!(fs::read(out.join("lib/x")).unwrap(), b"a");
    }

    #[test]
    fn no_directory_is_made_through_a_link_out_of_the_output() {
        let (top, package, tree) = package();
        let out = &package.outputs[0].path;
        let outside = top.path().join("outside");
        fs::create_dir(&outside).unwrap();
        symlink(&outside, out.join("lib")).unwrap();
        symlink("etc", out.join("share")).unwrap();
        let create = |path: &str| Change::Create {
            path: out.join(path),
            content: "a".into(),
            mode: 0o644,
        };
        assert!(done(create("lib/deep/x"), &package, &tree).is_err());
        assert!(fs::read_dir(&outside).unwrap().next().is_none());
        done(create("share/deep/x"), &package, &tree).unwrap();
        assert_eq!(fs::read(out.join("etc/deep/x")).unwrap(), b"a");
    }
}
