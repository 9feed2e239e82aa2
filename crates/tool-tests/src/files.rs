//! Files for a tool to work on.

use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, SystemTime};

/// A directory that other users, too, can get to.
pub fn directory() -> tempfile::TempDir {
    let top = tempfile::tempdir().expect("a temporary directory");
    set_mode(top.path(), 0o755);
    top
}

/// Writes a file, with the directories above it and a time of its own.
pub fn write(path: &Path, content: &[u8]) {
    fs::create_dir_all(path.parent().expect("a parent")).expect("the directory");
    fs::write(path, content).expect("the file");
    set_mtime(path);
}

/// Makes a symlink, with the directories above it.
pub fn link(target: impl AsRef<Path>, path: &Path) {
    fs::create_dir_all(path.parent().expect("a parent")).expect("the directory");
    symlink(target, path).expect("the link");
}

/// Sets the mode of a file or directory.
pub fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("the mode");
}

/// A copy of the program `tool` in `directory`, where every user can run it.
pub fn copied_tool(tool: &str, directory: &Path) -> PathBuf {
    let copy = directory.join("tool");
    if !copy.exists() {
        // By another process: one that another thread starts at this moment would inherit the
        // file opened for writing, and until it lets go of it, it cannot be run (ETXTBSY).
        let copied = Command::new("cp").args([Path::new(tool), &copy]).status();
        assert!(copied.expect("cp starts").success(), "the tool is copied");
    }
    copy
}

/// All times of [`write()`] are before this one.
pub(crate) const NEW: i64 = 1_100_000_000;

/// A time that differs between files, and from now.
fn set_mtime(path: &Path) {
    let name = path.as_os_str().as_bytes();
    let sum = name
        .iter()
        .fold(7_u64, |sum, byte| sum.wrapping_mul(31) + u64::from(*byte));
    let time = Duration::new(1_000_000_000 + sum % 10_000_000, 123_456_789);
    let file = fs::File::options()
        .write(true)
        .open(path)
        .expect("the file");
    file.set_modified(SystemTime::UNIX_EPOCH + time)
        .expect("the time");
}
