//! The store: where store paths are, and what their names consist of.

mod closure;

use std::ffi::OsStr;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Component, Path, PathBuf};

use memchr::memmem;
use thiserror::Error;

pub use self::closure::Closure;

/// A store, as it lies below a root directory.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Store {
    /// What a store path begins with: `/nix/store`.
    pub directory: PathBuf,
    /// The tree in which store paths are read and written; `None` for `/`.
    pub root: Option<PathBuf>,
}

impl Default for Store {
    /// The store of this machine: `/nix/store`.
    fn default() -> Self {
        Self::new("/nix/store", None)
    }
}

impl Store {
    /// The store `directory` below `root` (`/` if there is none).
    pub fn new(directory: impl Into<PathBuf>, root: Option<PathBuf>) -> Self {
        Self {
            directory: directory.into(),
            root,
        }
    }

    /// Where a store path is to be read and written.
    #[must_use]
    pub fn real_path(&self, path: &Path) -> PathBuf {
        match &self.root {
            Some(root) => root.join(path.strip_prefix("/").unwrap_or(path)),
            None => path.to_owned(),
        }
    }

    /// Whether an absolute path, as text, is below the store directory.
    #[must_use]
    pub fn contains(&self, path: &[u8]) -> bool {
        let below = path.strip_prefix(self.directory.as_os_str().as_bytes());
        below.is_some_and(|below| below.starts_with(b"/"))
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
    pub fn store_path(&self, path: &Path) -> Result<PathBuf, StoreError> {
        match self.store_path_of(path) {
            Some(store_path) if store_path.components().eq(path.components()) => Ok(store_path),
            _ => Err(StoreError::NotAStorePath {
                path: path.to_owned(),
                directory: self.directory.clone(),
                list: None,
                advice: None,
            }),
        }
    }

    /// The store path with this name.
    #[must_use]
    pub fn path_of_name(&self, name: &[u8]) -> PathBuf {
        self.directory.join(OsStr::from_bytes(name))
    }

    /// Fails if nothing is at a store path.
    pub fn check_exists(&self, path: &Path) -> Result<(), StoreError> {
        let real = self.real_path(path);
        match real.symlink_metadata() {
            Ok(_) => Ok(()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Err(StoreError::Missing {
                path: path.to_owned(),
                real,
                list: None,
            }),
            Err(source) => Err(StoreError::Io {
                action: "looking at",
                path: real,
                source,
            }),
        }
    }

    /// Whether Nix looks after it, so that what is in it never changes: its database is beside it
    /// (`/nix/var/nix/db`), and it is read where it is.
    #[must_use]
    pub fn is_real(&self) -> bool {
        let beside = self.directory.parent().map(|top| top.join("var/nix/db"));
        self.root.is_none() && beside.is_some_and(|database| database.is_dir())
    }
}

/// `text` with `replacement` in place of each `STORE_DIR/HASH-` in it, where `directory` is the store
/// directory: what follows the hash stays the same from build to build.
#[must_use]
pub fn replace_hashes(text: &[u8], directory: &Path, replacement: &[u8]) -> Vec<u8> {
    let prefix = [directory.as_os_str().as_bytes(), b"/"].concat();
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = memmem::find(rest, &prefix) {
        let after = &rest[at + prefix.len()..];
        out.extend_from_slice(&rest[..at]);
        if store_path_name(after).is_some() {
            out.extend_from_slice(replacement);
            rest = &after[HASH_LENGTH + 1..];
        } else {
            out.extend_from_slice(&prefix);
            rest = after;
        }
    }
    out.extend_from_slice(rest);
    out
}

/// Something is not in the store, or is not as it is said to be.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum StoreError {
    /// Something else than a store path.
    #[error(
        "{}{} is not directly below the store directory {directory}; {}", start_of(path),
        named_in(list.as_deref()),
        advice.as_deref().unwrap_or("give the store path itself, or give --store-dir")
    )]
    NotAStorePath {
        /// What was given.
        path: PathBuf,
        /// The store directory.
        directory: PathBuf,
        /// The list that names it.
        list: Option<PathBuf>,
        /// What to give in its place, if that is known.
        advice: Option<String>,
    },
    /// A store path that is not there.
    #[error(
        "{path}{} does not exist as {real}; build or copy it first, or give the right --root",
        named_in(list.as_deref())
    )]
    Missing {
        /// The store path.
        path: PathBuf,
        /// Where it was looked for.
        real: PathBuf,
        /// The list that names it.
        list: Option<PathBuf>,
    },
    /// Something cannot be read.
    #[error("{action} {path}")]
    Io {
        /// What was being done.
        action: &'static str,
        /// To what.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
}

impl StoreError {
    /// The same, with what to type instead of `argument`.
    fn with_advice(mut self, store: &Store, argument: &Path) -> Self {
        if let Self::NotAStorePath { advice, .. } = &mut self {
            *advice = match (store.store_path_of(argument), argument.canonicalize()) {
                (Some(store_path), _) => {
                    Some(format!("give the store path {}", store_path.display()))
                }
                (None, Ok(real)) if real.is_dir() && !argument.starts_with(&store.directory) => {
                    real.parent().map(|parent| {
                        format!(
                            "to take it for a store path, give --store-dir {}",
                            parent.display()
                        )
                    })
                }
                _ => None,
            };
        }
        self
    }

    fn named_in(mut self, file: &Path) -> Self {
        if let Self::NotAStorePath { list, .. } | Self::Missing { list, .. } = &mut self {
            *list = Some(file.to_owned());
        }
        self
    }
}

/// A path as it is shown: a file that is no list may have no line ends.
fn start_of(path: &Path) -> String {
    path.display().to_string().chars().take(200).collect()
}

fn named_in(list: Option<&Path>) -> String {
    list.map_or_else(String::new, |list| {
        format!(", which {} names,", list.display())
    })
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

/// The name of a store path without the hash in front of it: what follows the first dash.
#[must_use]
pub fn name_without_hash(store_path: &Path) -> &[u8] {
    let name = store_path.file_name().unwrap_or_default().as_bytes();
    match memchr::memchr(b'-', name) {
        Some(dash) => &name[dash + 1..],
        None => name,
    }
}

/// What Nix looks for to know that a file refers to a store path: the hash in its name.
#[must_use]
pub fn hash_part(store_path: &Path) -> &[u8] {
    let name = store_path.file_name().unwrap_or_default().as_bytes();
    name.get(..HASH_LENGTH).unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HASH: &str = "0123456789abcdfghijklmnpqrsvwxyz";

    #[test]
    fn names_of_store_paths() {
        for (text, expected) in [
            (format!("{HASH}-x-1.0/bin/x"), Some(format!("{HASH}-x-1.0"))),
            (format!("{HASH}-x"), Some(format!("{HASH}-x"))),
            (format!("{HASH}-"), None),
            (format!("{HASH}x-x"), None),
            (format!("{}-x", HASH.to_uppercase()), None),
            (String::new(), None),
        ] {
            let found = store_path_name(text.as_bytes());
            assert_eq!(found, expected.as_ref().map(String::as_bytes), "{text}");
        }
        for (path, expected) in [("/s/h-x-1.0", "x-1.0"), ("/s/x", "x"), ("/", "")] {
            assert_eq!(name_without_hash(Path::new(path)), expected.as_bytes());
        }
    }

    #[test]
    fn hashes_are_replaced_and_nothing_else() {
        let text =
            format!("P=/nix/store/{HASH}-x/bin:/nix/store/{HASH}-y /nix/store/short-x /nix/store/");
        let found = replace_hashes(text.as_bytes(), Path::new("/nix/store"), b"");
        let expected = "P=x/bin:y /nix/store/short-x /nix/store/";
        assert_eq!(String::from_utf8_lossy(&found), expected);
    }

    #[test]
    fn the_store_path_of_a_file() {
        let of = |path: &str| Store::default().store_path_of(Path::new(path));
        assert_eq!(of("/nix/store/h-x/bin/y"), Some("/nix/store/h-x".into()));
        for path in ["/nix/store", "/nix/store/..", "/nix/storefoo/x", "x"] {
            assert_eq!(of(path), None, "{path}");
        }
    }

    #[test]
    fn only_what_is_directly_below_the_store_is_a_store_path() {
        let store = Store::default();
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
