//! What tells that something is still what it was.

use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::LazyLock;

use hermetic_out::Store;
use serde::{Deserialize, Serialize};

/// What the file system says of a file or directory itself. One that was deleted and made again has
/// another stamp: only store paths that are there can be relied on never to change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Stamp {
    device: u64,
    inode: u64,
    changed: i64,
    changed_nanoseconds: i64,
}

impl Stamp {
    /// The stamp of a store path; `None` if it is not there.
    pub(crate) fn of(store: &Store, path: &Path) -> Option<Self> {
        let metadata = store.real_path(path).symlink_metadata().ok()?;
        Some(Self::of_metadata(&metadata))
    }

    /// The stamp of the running program. A version number would not do: who changes a rule and builds
    /// it again wants to see what it finds now.
    pub(crate) fn of_build() -> Option<Self> {
        static BUILD: LazyLock<Option<Stamp>> = LazyLock::new(|| {
            let metadata = std::fs::metadata("/proc/self/exe").ok()?;
            Some(Stamp::of_metadata(&metadata))
        });
        *BUILD
    }

    fn of_metadata(metadata: &Metadata) -> Self {
        Self {
            device: metadata.dev(),
            inode: metadata.ino(),
            changed: metadata.ctime(),
            changed_nanoseconds: metadata.ctime_nsec(),
        }
    }
}
