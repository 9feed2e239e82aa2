//! Opening and reading regular files, and nothing else.
//!
//! What was a file when it was looked at may be a FIFO when it is opened, and whoever opens that waits for a
//! writer. So whatever is opened is opened without waiting, and looked at once it is open.

use std::fs::File;
use std::io::{self, Read};
use std::os::fd::AsFd;
use std::path::Path;

use rustix::fs::{CWD, FileType, Mode, OFlags, makedev};

/// What was read of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Loaded {
    /// All of it.
    Content(Vec<u8>),
    /// Nothing: it has so many bytes, more than were wanted.
    TooLarge(u64),
}

/// How regular files are opened for reading.
pub(crate) const FLAGS: OFlags = OFlags::RDONLY
    .union(OFlags::NONBLOCK)
    .union(OFlags::CLOEXEC);

/// Opens the regular file that `path` leads to, for reading. Fails if it is anything else; but `/dev/null` is an
/// empty file.
pub fn open(path: &Path) -> io::Result<File> {
    let file = File::from(rustix::fs::open(path, FLAGS, Mode::empty())?);
    let stat = rustix::fs::fstat(&file)?;
    let is_device = FileType::from_raw_mode(stat.st_mode) == FileType::CharacterDevice;
    // null(4).
    if is_device && stat.st_rdev == makedev(1, 3) {
        return Ok(file);
    }
    checked(file)
}

/// Opens the regular file `path`, relative to `directory`, for reading. Fails if it is anything else, a link
/// included.
pub fn open_at(directory: impl AsFd, path: &Path) -> io::Result<File> {
    let flags = FLAGS | OFlags::NOFOLLOW;
    checked(rustix::fs::openat(directory, path, flags, Mode::empty())?.into())
}

/// Reads the file that [`open`] opens.
pub fn read(path: &Path) -> io::Result<Vec<u8>> {
    to_end(&open(path)?, u64::MAX)
}

/// Reads the regular file `path`. Fails if it is anything else, a link included.
pub fn read_unlinked(path: &Path) -> io::Result<Vec<u8>> {
    to_end(&open_at(CWD, path)?, u64::MAX)
}

/// Reads `file` if it has at most `limit` bytes.
pub fn load(file: &File, limit: usize) -> io::Result<Loaded> {
    let limit = u64::try_from(limit).unwrap_or(u64::MAX);
    let size = file.metadata()?.len();
    if size > limit {
        return Ok(Loaded::TooLarge(size));
    }
    // One more, in case it grew.
    let content = to_end(file, limit.saturating_add(1))?;
    let length = content.len() as u64;
    Ok(if length > limit {
        Loaded::TooLarge(length)
    } else {
        Loaded::Content(content)
    })
}

/// Passes a regular file on; fails if it is anything else.
pub(crate) fn checked(file: File) -> io::Result<File> {
    match FileType::from_raw_mode(rustix::fs::fstat(&file)?.st_mode) {
        FileType::RegularFile => Ok(file),
        FileType::Directory => Err(io::ErrorKind::IsADirectory.into()),
        _ => Err(io::Error::other("it is no regular file")),
    }
}

fn to_end(file: &File, limit: u64) -> io::Result<Vec<u8>> {
    let size = file.metadata()?.len().min(limit);
    let mut content = Vec::with_capacity(usize::try_from(size).unwrap_or(0));
    file.take(limit).read_to_end(&mut content)?;
    Ok(content)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn only_regular_files_are_read() {
        let top = tempfile::tempdir().unwrap();
        let place = |name: &str| top.path().join(name);
        fs::write(place("file"), "abc").unwrap();
        symlink("file", place("link")).unwrap();
        let mode = Mode::from_raw_mode(0o644);
        rustix::fs::mknodat(CWD, place("fifo"), FileType::Fifo, mode, 0).unwrap();
        assert_eq!(read(&place("file")).unwrap(), b"abc");
        assert_eq!(read(&place("link")).unwrap(), b"abc");
        assert_eq!(read(Path::new("/dev/null")).unwrap(), b"");
        assert!(read(Path::new("/dev/zero")).is_err());
        assert_eq!(read_unlinked(&place("file")).unwrap(), b"abc");
        assert!(read_unlinked(&place("link")).is_err());
        for read in [read, read_unlinked] {
            let error = |path: &Path| read(path).unwrap_err();
            assert_eq!(error(&place("fifo")).to_string(), "it is no regular file");
            assert_eq!(error(top.path()).kind(), io::ErrorKind::IsADirectory);
            assert_eq!(error(&place("gone")).kind(), io::ErrorKind::NotFound);
        }
    }

    #[test]
    fn what_is_too_large_is_not_read() {
        let top = tempfile::tempdir().unwrap();
        let path = top.path().join("file");
        fs::write(&path, "abc").unwrap();
        let file = || open(&path).unwrap();
        assert_eq!(load(&file(), 3).unwrap(), Loaded::Content(b"abc".into()));
        assert_eq!(load(&file(), 2).unwrap(), Loaded::TooLarge(3));
    }
}
