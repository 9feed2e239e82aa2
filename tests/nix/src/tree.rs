//! What lies in a directory, in a form that two runs of a test share.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use bstr::ByteSlice as _;
use walkdir::WalkDir;

use crate::{Error, Result};

/// The files and links below a directory, by their paths in it. Directories count for nothing: git
/// cannot hold an empty one.
pub type Tree = BTreeMap<PathBuf, Entry>;

/// A file or a link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Entry {
    /// A file.
    File {
        /// Its bytes; an ELF file's are not kept.
        content: Vec<u8>,
        /// Whether its owner may run it.
        executable: bool,
    },
    /// A link, with its target.
    Link(Vec<u8>),
}

/// What stands for the content of an ELF file, which depends on the machine's compiler.
const ELF: &[u8] = b"an ELF file\n";

/// Reads a tree; `content` is applied to what files and links hold.
pub fn read(top: &Path, mut content: impl FnMut(&[u8]) -> Result<Vec<u8>>) -> Result<Tree> {
    let mut tree = Tree::new();
    for entry in WalkDir::new(top)
        .follow_root_links(false)
        .sort_by_file_name()
    {
        let entry = entry.map_err(|error| Error::Access {
            path: top.to_owned(),
            source: error.into(),
        })?;
        let access = |source| Error::Access {
            path: entry.path().to_owned(),
            source,
        };
        let name = entry
            .path()
            .strip_prefix(top)
            .unwrap_or(entry.path())
            .to_owned();
        if entry.file_type().is_file() {
            let bytes = fs::read(entry.path()).map_err(access)?;
            let mode = entry
                .metadata()
                .map_err(|error| access(error.into()))?
                .permissions()
                .mode();
            let bytes = if bytes.starts_with(b"\x7fELF") {
                ELF.to_vec()
            } else {
                content(&bytes)?
            };
            tree.insert(
                name,
                Entry::File {
                    content: bytes,
                    executable: mode & 0o100 != 0,
                },
            );
        } else if entry.path_is_symlink() {
            let target = fs::read_link(entry.path()).map_err(access)?;
            tree.insert(name, Entry::Link(content(target.as_os_str().as_bytes())?));
        }
    }
    Ok(tree)
}

/// Writes a tree; what was there is removed.
pub fn write(tree: &Tree, top: &Path) -> Result<()> {
    let access = |path: &Path| {
        let path = path.to_owned();
        move |source| Error::Access { path, source }
    };
    if top.exists() {
        fs::remove_dir_all(top).map_err(access(top))?;
    }
    for (name, entry) in tree {
        let path = top.join(name);
        let parent = path.parent().unwrap_or(top);
        fs::create_dir_all(parent).map_err(access(parent))?;
        match entry {
            Entry::Link(target) => {
                let target = std::ffi::OsStr::from_bytes(target);
                std::os::unix::fs::symlink(target, &path).map_err(access(&path))?;
            }
            Entry::File {
                content,
                executable,
            } => {
                fs::write(&path, content).map_err(access(&path))?;
                let mode = if *executable { 0o755 } else { 0o644 };
                fs::set_permissions(&path, fs::Permissions::from_mode(mode))
                    .map_err(access(&path))?;
            }
        }
    }
    Ok(())
}

/// Store paths of one run, written as all runs share them: in `/nix/store`, without their hashes.
#[derive(Debug)]
pub struct StorePaths {
    store: PathBuf,
    /// Those that were met, in full.
    pub met: BTreeSet<PathBuf>,
}

impl StorePaths {
    /// None met yet.
    #[must_use]
    pub fn of(store: PathBuf) -> Self {
        Self {
            store,
            met: BTreeSet::new(),
        }
    }

    /// `bytes` with the store paths in it written without their hashes.
    pub fn strip(&mut self, bytes: &[u8]) -> Vec<u8> {
        /// The hash and the hyphen after it.
        const HASH: usize = 33;
        let store = [self.store.as_os_str().as_bytes(), b"/"].concat();
        let mut stripped = Vec::with_capacity(bytes.len());
        let mut rest = bytes;
        while let Some(at) = rest.find(&store) {
            let (before, path) = rest.split_at(at);
            let path = &path[store.len()..];
            stripped.extend_from_slice(before);
            stripped.extend_from_slice(b"/nix/store/");
            let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || b"+-._?=".contains(byte);
            let end = path
                .iter()
                .position(|byte| !is_name(byte))
                .unwrap_or(path.len());
            if end > HASH && path[HASH - 1] == b'-' {
                let name = std::ffi::OsStr::from_bytes(&path[..end]);
                self.met.insert(self.store.join(name));
                stripped.extend_from_slice(&path[HASH..end]);
            } else {
                stripped.extend_from_slice(&path[..end]);
            }
            rest = &path[end..];
        }
        stripped.extend_from_slice(rest);
        stripped
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_go_and_names_stay() {
        let hash = "0123456789abcdfghijklmnpqrsvwxyz";
        let mut paths = StorePaths::of("/cache/store".into());
        let text = format!("a=/cache/store/{hash}-x-1.0/bin/y:/cache/store/{hash}-z\n/cache/store");
        assert_eq!(
            paths.strip(text.as_bytes()).as_bstr(),
            "a=/nix/store/x-1.0/bin/y:/nix/store/z\n/cache/store".as_bytes()
        );
        let met: Vec<String> = paths
            .met
            .iter()
            .map(|path| path.display().to_string())
            .collect();
        assert_eq!(
            met,
            ["x-1.0", "z"].map(|name| format!("/cache/store/{hash}-{name}"))
        );
    }
}
