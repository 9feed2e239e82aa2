//! What a tree holds.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use walkdir::WalkDir;

/// What a file is, as far as a run of the tool may change it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its mode, with its type.
    pub mode: u32,
    /// Of files; directories get a new one with every change in them.
    pub mtime: Option<(i64, i64)>,
    /// User and group.
    pub owner: (u32, u32),
    /// Of files; of symlinks: the target.
    pub content: Vec<u8>,
}

/// Everything below a directory, by path.
pub type Snapshot = BTreeMap<PathBuf, Entry>;

/// All that `directory` holds; links are not followed, FIFOs not opened.
pub fn snapshot(directory: &Path) -> Snapshot {
    let mut snapshot = Snapshot::new();
    for entry in WalkDir::new(directory).min_depth(1) {
        let entry = entry.expect("the tree can be read");
        let path = entry.path().to_owned();
        let metadata = path.symlink_metadata().expect("the entry");
        let content = if metadata.is_file() {
            fs::read(&path).expect("the file")
        } else if metadata.is_symlink() {
            let target = fs::read_link(&path).expect("the link");
            target.as_os_str().as_bytes().to_vec()
        } else {
            Vec::new()
        };
        let is_file = metadata.is_file();
        let found = Entry {
            mode: metadata.mode(),
            mtime: is_file.then(|| (metadata.mtime(), metadata.mtime_nsec())),
            owner: (metadata.uid(), metadata.gid()),
            content,
        };
        snapshot.insert(path, found);
    }
    snapshot
}

/// Says where two trees differ, if they do.
#[track_caller]
pub fn assert_same(found: &Snapshot, expected: &Snapshot, what: &str) {
    let describe = |entry: Option<&Entry>| match entry {
        None => "absent".to_owned(),
        Some(entry) => format!(
            "{:o} {:?} {:?} {}",
            entry.mode,
            entry.mtime,
            entry.owner,
            entry.content.escape_ascii()
        ),
    };
    let paths = found.keys().chain(expected.keys());
    for path in paths {
        let (one, other) = (found.get(path), expected.get(path));
        assert!(
            one == other,
            "{what}: {}\nfound:    {}\nexpected: {}",
            path.display(),
            describe(one),
            describe(other)
        );
    }
}
