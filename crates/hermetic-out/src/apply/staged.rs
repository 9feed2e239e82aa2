//! New files, written where nobody sees them, and then given a name in one step.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::sync::LazyLock;

use rustix::fs::{
    AtFlags, CWD, Gid, Mode, OFlags, RenameFlags, Stat, Timespec, Timestamps, UTIME_NOW, Uid,
    XattrFlags,
};
use rustix::io::Errno;

use crate::regular_file::open_at;

/// The name that a new file has beside the one whose place it takes, for the moment between two system
/// calls. A run that is killed there leaves it behind; the next one has the same file to replace, and
/// takes it over. A package that ships a file of this name keeps it.
pub const TEMPORARY_NAME: &str = ".hermetic-out.tmp";

/// Whether a file without a name can be given one: linkat(2) wants `/proc` for that.
static HAS_PROC: LazyLock<bool> = LazyLock::new(|| Path::new("/proc/self/fd").is_dir());

/// A file that has no name yet, or a temporary one.
pub(super) struct Staged<'a> {
    directory: &'a OwnedFd,
    file: File,
    /// Its name, on a file system on which files have to have one.
    name: Option<OsString>,
}

impl<'a> Staged<'a> {
    /// Writes `content` to a new file that is to come to `directory`.
    pub(super) fn write(directory: &'a OwnedFd, content: &[u8]) -> Result<Self, Errno> {
        let mode = Mode::from_raw_mode(0o600);
        let flags = OFlags::WRONLY | OFlags::TMPFILE | OFlags::CLOEXEC;
        let nameless = if *HAS_PROC {
            rustix::fs::openat(directory, ".", flags, mode)
        } else {
            Err(Errno::OPNOTSUPP)
        };
        let mut staged = match nameless {
            Ok(file) => Self {
                directory,
                file: file.into(),
                name: None,
            },
            // open(2), O_TMPFILE: older kernels, and file systems that do not have it.
            Err(Errno::OPNOTSUPP | Errno::ISDIR | Errno::INVAL | Errno::NOENT) => {
                let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC;
                let open = |name: &OsStr| rustix::fs::openat(directory, name, flags, mode);
                let (file, name) =
                    with_free_name(directory, open, |name| is_part_of(directory, name, content))?;
                Self {
                    directory,
                    file: file.into(),
                    name: Some(name),
                }
            }
            Err(errno) => return Err(errno),
        };
        staged
            .file
            .write_all(content)
            .map_err(|error| errno_of(&error))?;
        Ok(staged)
    }

    /// Gives it the permission bits `mode`.
    pub(super) fn set_mode(&self, mode: u32) -> Result<(), Errno> {
        rustix::fs::fchmod(&self.file, Mode::from_raw_mode(mode))
    }

    /// Gives it all that `old` has beside content.
    pub(super) fn take_after(&self, old: &File) -> Result<(), Errno> {
        let stat = rustix::fs::fstat(old)?;
        let own = rustix::fs::fstat(&self.file)?;
        if (stat.st_uid, stat.st_gid) != (own.st_uid, own.st_gid) {
            let owner = Uid::from_raw(stat.st_uid);
            let group = Gid::from_raw(stat.st_gid);
            // Only root can give files away; inside a build everything is the builder's.
            let _ = rustix::fs::fchown(&self.file, Some(owner), Some(group));
        }
        // After the owner: changing it clears the setuid bit.
        self.set_mode(stat.st_mode)?;
        copy_attributes(old, &self.file)?;
        rustix::fs::futimens(&self.file, &times(&stat))
    }

    /// Gives it the name `name`, which nothing may have.
    pub(super) fn place(mut self, name: &OsStr) -> Result<(), Errno> {
        match self.name.as_deref() {
            None => self.link(name),
            Some(own) => {
                let flags = RenameFlags::NOREPLACE;
                rustix::fs::renameat_with(self.directory, own, self.directory, name, flags)?;
                self.name = None;
                Ok(())
            }
        }
    }

    /// Puts it in the place of the file called `name`, whose new content it has.
    pub(super) fn replace(mut self, name: &OsStr, content: &[u8]) -> Result<(), Errno> {
        if self.name.is_none() {
            let link = |name: &OsStr| self.link(name);
            let is_leftover = |name: &OsStr| is_part_of(self.directory, name, content);
            let ((), own) = with_free_name(self.directory, link, is_leftover)?;
            self.name = Some(own);
        }
        if let Some(own) = &self.name {
            rustix::fs::renameat(self.directory, &**own, self.directory, name)?;
            self.name = None;
        }
        Ok(())
    }

    fn link(&self, name: &OsStr) -> Result<(), Errno> {
        let file = format!("/proc/self/fd/{}", self.file.as_raw_fd());
        rustix::fs::linkat(CWD, file, self.directory, name, AtFlags::SYMLINK_FOLLOW)
    }
}

impl Drop for Staged<'_> {
    fn drop(&mut self) {
        // Whatever failed, the temporary name must not stay. If it cannot go either, the next run takes
        // it over.
        if let Some(name) = &self.name {
            let _ = rustix::fs::unlinkat(self.directory, &**name, AtFlags::empty());
        }
    }
}

/// Puts a symlink in the place of whatever is called `name`, but a directory, with the times of that.
pub(super) fn replace_by_link(
    directory: &OwnedFd,
    name: &OsStr,
    target: &Path,
) -> Result<(), Errno> {
    let write = |name: &OsStr| rustix::fs::symlinkat(target, directory, name);
    let is_leftover = |name: &OsStr| {
        rustix::fs::readlinkat(directory, name, Vec::new())
            .is_ok_and(|known| known.to_bytes() == target.as_os_str().as_bytes())
    };
    let ((), temporary) = with_free_name(directory, write, is_leftover)?;
    let keep_times = || match rustix::fs::statat(directory, name, AtFlags::SYMLINK_NOFOLLOW) {
        Ok(old) => {
            let flags = AtFlags::SYMLINK_NOFOLLOW;
            rustix::fs::utimensat(directory, &*temporary, &times(&old), flags)
        }
        Err(_) => Ok(()),
    };
    keep_times()
        .and_then(|()| rustix::fs::renameat(directory, &*temporary, directory, name))
        .inspect_err(|_| {
            let _ = rustix::fs::unlinkat(directory, &*temporary, AtFlags::empty());
        })
}

/// Makes something under a temporary name. What has the name already goes if a killed run of this very
/// step left it; anything else stays, and another name is taken.
fn with_free_name<T>(
    directory: &OwnedFd,
    make: impl Fn(&OsStr) -> Result<T, Errno>,
    is_leftover: impl Fn(&OsStr) -> bool,
) -> Result<(T, OsString), Errno> {
    let mut name = OsString::from(TEMPORARY_NAME);
    let mut count = 0_u32;
    loop {
        match make(&name) {
            Err(Errno::EXIST) if is_leftover(&name) => {
                rustix::fs::unlinkat(directory, &*name, AtFlags::empty())?;
            }
            Err(Errno::EXIST) => {
                count += 1;
                name = format!(".hermetic-out.{count}.tmp").into();
            }
            result => return Ok((result?, name)),
        }
    }
}

/// Whether the file called `name` is what a run left that was writing `content`: the beginning of it.
fn is_part_of(directory: &OwnedFd, name: &OsStr, content: &[u8]) -> bool {
    let read = || -> Option<Vec<u8>> {
        let file = open_at(directory, Path::new(name)).ok()?;
        let mut part = Vec::new();
        let limit = content.len() as u64 + 1;
        file.take(limit).read_to_end(&mut part).ok()?;
        Some(part)
    };
    read().is_some_and(|part| !part.is_empty() && content.starts_with(&part))
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

pub(super) fn errno_of(error: &io::Error) -> Errno {
    Errno::from_io_error(error).unwrap_or(Errno::IO)
}

/// Copies extended attributes as far as the file system and our rights allow: a file system may have
/// none, and those of `security.` are root's.
fn copy_attributes(from: &File, to: &File) -> Result<(), Errno> {
    let names = sized(
        || rustix::fs::flistxattr_query(from),
        |buffer| rustix::fs::flistxattr(from, buffer),
    );
    let names = match names {
        Err(Errno::OPNOTSUPP) => return Ok(()),
        names => names?,
    };
    let names = names.split(|byte| *byte == 0);
    for name in names.filter(|name| !name.is_empty()).map(OsStr::from_bytes) {
        let value = sized(
            || rustix::fs::fgetxattr_query(from.as_fd(), name),
            |buffer| rustix::fs::fgetxattr(from.as_fd(), name, buffer),
        );
        let copied = value
            .and_then(|value| rustix::fs::fsetxattr(to.as_fd(), name, &value, XattrFlags::empty()));
        match copied {
            // Gone meanwhile, not ours to read or to write, or of another file system.
            Ok(()) | Err(Errno::NODATA | Errno::PERM | Errno::ACCESS | Errno::OPNOTSUPP) => {}
            Err(errno) => return Err(errno),
        }
    }
    Ok(())
}

/// What a call gives that wants a buffer as long as another says: listxattr(2). What grows in between is
/// asked for again.
fn sized(
    length: impl Fn() -> Result<usize, Errno>,
    read: impl Fn(&mut [u8]) -> Result<usize, Errno>,
) -> Result<Vec<u8>, Errno> {
    loop {
        let mut buffer = vec![0; length()?];
        // Of an empty buffer the length would be given again.
        if buffer.is_empty() {
            return Ok(buffer);
        }
        match read(&mut buffer) {
            Ok(length) => {
                buffer.truncate(length);
                return Ok(buffer);
            }
            Err(Errno::RANGE) => {}
            Err(errno) => return Err(errno),
        }
    }
}
