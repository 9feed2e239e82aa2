//! Where store paths are.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Component, Path, PathBuf};

use crate::error::Error;

/// A store, as it lies below a root directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Store {
    /// What a store path begins with: `/nix/store`.
    pub directory: PathBuf,
    /// The tree in which store paths are read; `None` for `/`.
    pub root: Option<PathBuf>,
}

impl Store {
    /// Where a store path is to be read.
    #[must_use]
    pub fn real_path(&self, path: &Path) -> PathBuf {
        match &self.root {
            Some(root) => root.join(path.strip_prefix("/").unwrap_or(path)),
            None => path.to_owned(),
        }
    }

    /// The store path that `path` is in: the first component below the store directory. `None` if it
    /// is not below it.
    #[must_use]
    pub fn store_path_of(&self, path: &Path) -> Option<PathBuf> {
        let inside = path.strip_prefix(&self.directory).ok()?;
        match inside.components().next()? {
            Component::Normal(name) => Some(self.directory.join(name)),
            _ => None,
        }
    }

    /// `path` as a store path. Fails if it is not directly below the store directory.
    pub fn store_path(&self, path: &Path) -> Result<PathBuf, Error> {
        match self.store_path_of(path) {
            Some(store_path) if store_path.components().eq(path.components()) => Ok(store_path),
            _ => Err(Error::NotAStorePath {
                path: path.to_owned(),
                store: self.directory.clone(),
            }),
        }
    }

    /// The store path with this name.
    #[must_use]
    pub fn path_of_name(&self, name: &[u8]) -> PathBuf {
        self.directory.join(OsStr::from_bytes(name))
    }

    /// Whether Nix looks after it, so that what is in it never changes: its database is beside it
    /// (`/nix/var/nix/db`), and it is read where it is.
    #[must_use]
    pub fn is_real(&self) -> bool {
        let beside = self.directory.parent().map(|top| top.join("var/nix/db"));
        self.root.is_none() && beside.is_some_and(|database| database.is_dir())
    }
}

/// The length of the hash that a store path's name begins with.
const HASH_LENGTH: usize = 32;

/// The name of a store path at the start of `bytes`: a hash of 32 digits and lower case letters, a
/// dash, and letters, digits and `+-._?=` (Nix manual, "Store Path"). `None` if there is none.
#[must_use]
pub fn store_path_name(bytes: &[u8]) -> Option<&[u8]> {
    let (hash, rest) = bytes.split_at_checked(HASH_LENGTH)?;
    let is_hash = |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let rest = rest.strip_prefix(b"-")?;
    let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || b"+-._?=".contains(byte);
    let length = rest.iter().position(|byte| !is_name(byte));
    let length = length.unwrap_or(rest.len());
    (hash.iter().all(is_hash) && length > 0).then(|| &bytes[..HASH_LENGTH + 1 + length])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_store_paths() {
        let hash = "0123456789abcdfghijklmnpqrsvwxyz";
        for (text, expected) in [
            (format!("{hash}-x-1.0/bin/x"), Some(format!("{hash}-x-1.0"))),
            (format!("{hash}-x"), Some(format!("{hash}-x"))),
            (format!("{hash}-"), None),
            (format!("{hash}x-x"), None),
            (format!("{}-x", hash.to_uppercase()), None),
            (String::new(), None),
        ] {
            let found = store_path_name(text.as_bytes());
            assert_eq!(found, expected.as_ref().map(String::as_bytes), "{text}");
        }
    }

    #[test]
    fn only_what_is_directly_below_the_store_is_a_store_path() {
        let store = Store {
            directory: "/nix/store".into(),
            root: None,
        };
        assert!(store.store_path(Path::new("/nix/store/h-x/")).is_ok());
        for path in [
            "/nix/store",
            "/nix/store/h-x/bin",
            "/usr",
            "h-x",
            "/nix/store/..",
        ] {
            let error = store.store_path(Path::new(path)).unwrap_err().to_string();
            assert!(error.contains("give --store-dir"), "{error}");
        }
    }
}
