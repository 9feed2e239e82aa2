//! Facts of store paths that were read before.
//!
//! One file for each store path, in `$XDG_CACHE_HOME/hermetic-out/facts`: its name holds that of the
//! store path, its content says which build of the tool has written it. What is damaged or of another
//! build is thrown away. A file is replaced as a whole, so that several processes may share them.

use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::facts::{PathFacts, written};
use crate::stamp::Stamp;
use hermetic_out::regular_file;
use hermetic_out::store::{Store, store_path_name};

/// Where facts are kept.
#[derive(Clone, Debug)]
pub struct Cache {
    directory: PathBuf,
}

#[derive(Serialize)]
struct Written<'a> {
    build: Stamp,
    stamp: Stamp,
    facts: &'a PathFacts,
}

#[derive(Deserialize)]
struct Read {
    build: Stamp,
    stamp: Stamp,
    facts: PathFacts,
}

impl Cache {
    /// The user's cache for `store`; `None` if what is in that store may change, or if the user has no
    /// directory for caches (XDG Base Directory Specification).
    #[must_use]
    pub fn of_user(store: &Store) -> Option<Self> {
        if !store.is_real() {
            return None;
        }
        let variable = |name| std::env::var_os(name).map(PathBuf::from);
        let caches = variable("XDG_CACHE_HOME")
            .filter(|path| path.is_absolute())
            .or_else(|| Some(variable("HOME")?.join(".cache")))
            .filter(|path| path.is_absolute())?;
        Some(Self::new(&caches.join("hermetic-out/facts"), store))
    }

    /// A cache in `directory`, for the paths of one store.
    #[must_use]
    pub fn new(directory: &Path, store: &Store) -> Self {
        // Each store has a directory of its own.
        let mut name = Vec::new();
        for byte in store.directory.as_os_str().as_bytes() {
            match byte {
                b'/' => name.push(b'-'),
                b'-' | b'%' => name.extend(format!("%{byte:02x}").bytes()),
                byte => name.push(*byte),
            }
        }
        let name = std::ffi::OsStr::from_bytes(name.strip_prefix(b"-").unwrap_or(&name));
        Self {
            directory: directory.join(name),
        }
    }

    /// The facts of the store path `path`, if they are known.
    #[must_use]
    pub fn get(&self, store: &Store, path: &Path) -> Option<PathFacts> {
        let (name, file) = self.place(path)?;
        let bytes = match regular_file::read(&file) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return None,
            bytes => bytes.unwrap_or_default(),
        };
        let read: Result<Read, _> = written::decode(&bytes);
        match read {
            Ok(read)
                if read.facts.name == name
                    && Some(read.build) == Stamp::of_build()
                    && Some(read.stamp) == Stamp::of(store, path) =>
            {
                Some(read.facts)
            }
            _ => {
                // Nobody will want it any more; if it cannot be removed, it will be replaced.
                let _ = fs::remove_file(&file);
                None
            }
        }
    }

    /// Keeps the facts of the store path `path`, unless they are incomplete.
    pub fn put(&self, store: &Store, path: &Path, facts: &PathFacts) -> io::Result<()> {
        let Some((_, file)) = self.place(path) else {
            return Ok(());
        };
        let (Some(build), Some(stamp)) = (Stamp::of_build(), Stamp::of(store, path)) else {
            return Ok(());
        };
        if !facts.is_complete() {
            return Ok(());
        }
        fs::create_dir_all(&self.directory)?;
        let bytes = written::encode(&Written {
            build,
            stamp,
            facts,
        });
        written::replace(&file, &bytes)
    }

    /// The name of a store path, and the file for its facts; `None` if it has no proper name.
    fn place<'a>(&self, path: &'a Path) -> Option<(&'a [u8], PathBuf)> {
        let name = path.file_name()?;
        let bytes = name.as_bytes();
        (store_path_name(bytes) == Some(bytes)).then(|| (bytes, self.directory.join(name)))
    }
}

#[cfg(test)]
mod tests {
    use rustix::fs::Mode;

    use super::*;
    use crate::facts;
    use crate::facts::file::Reader;

    struct Place {
        _top: tempfile::TempDir,
        store: Store,
        path: PathBuf,
        cache: Cache,
    }

    fn place() -> Place {
        let top = tempfile::tempdir().unwrap();
        let store = Store::new(top.path().join("nix/store"), None);
        let path = store.directory.join("0123456789abcdfghijklmnpqrsvwxyz-x");
        fs::create_dir_all(path.join("bin")).unwrap();
        fs::write(path.join("bin/x"), "#!/bin/sh\n").unwrap();
        fs::create_dir_all(top.path().join("nix/var/nix/db")).unwrap();
        let cache = Cache::new(&top.path().join("cache"), &store);
        Place {
            _top: top,
            store,
            path,
            cache,
        }
    }

    fn read(place: &Place) -> PathFacts {
        let reader = Reader::new(&place.store).unwrap();
        facts::read(&place.store, &reader, &place.path).unwrap()
    }

    fn file_of(place: &Place) -> PathBuf {
        place.cache.place(&place.path).unwrap().1
    }

    #[test]
    fn what_was_put_is_got() {
        let place = place();
        assert!(place.cache.get(&place.store, &place.path).is_none());
        let facts = read(&place);
        place.cache.put(&place.store, &place.path, &facts).unwrap();
        let got = place.cache.get(&place.store, &place.path).unwrap();
        assert_eq!(format!("{got:?}"), format!("{facts:?}"));
    }

    #[test]
    fn a_damaged_file_is_thrown_away() {
        let place = place();
        let facts = read(&place);
        place.cache.put(&place.store, &place.path, &facts).unwrap();
        let file = file_of(&place);
        let mut bytes = fs::read(&file).unwrap();
        let last = bytes.len() - 1;
        bytes[last] ^= 0x40;
        fs::write(&file, bytes).unwrap();
        assert!(place.cache.get(&place.store, &place.path).is_none());
        assert!(!file.exists());
        // The facts of another store path are no better.
        place.cache.put(&place.store, &place.path, &facts).unwrap();
        let other = place
            .path
            .with_file_name("1123456789abcdfghijklmnpqrsvwxyz-x");
        fs::create_dir(&other).unwrap();
        fs::rename(file, place.cache.place(&other).unwrap().1).unwrap();
        assert!(place.cache.get(&place.store, &other).is_none());
    }

    #[test]
    fn a_fifo_in_the_cache_is_not_waited_for() {
        let place = place();
        let file = file_of(&place);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        let kind = rustix::fs::FileType::Fifo;
        rustix::fs::mknodat(rustix::fs::CWD, &file, kind, Mode::RWXU, 0).unwrap();
        assert!(place.cache.get(&place.store, &place.path).is_none());
        assert!(!file.exists());
    }

    #[test]
    fn a_path_that_was_made_again_is_read_again() {
        let place = place();
        place
            .cache
            .put(&place.store, &place.path, &read(&place))
            .unwrap();
        fs::rename(&place.path, place.path.with_extension("old")).unwrap();
        fs::create_dir(&place.path).unwrap();
        assert!(place.cache.get(&place.store, &place.path).is_none());
    }

    #[test]
    fn only_a_store_that_nix_looks_after_has_a_cache() {
        let place = place();
        assert!(place.store.is_real());
        let rooted = Store::new(place.store.directory.clone(), Some("/".into()));
        assert!(!rooted.is_real());
        let other = Store::new(&place.path, None);
        assert!(!other.is_real() && Cache::of_user(&other).is_none());
        let unnamed = place.store.directory.join("result");
        assert!(place.cache.place(&unnamed).is_none());
    }

    #[test]
    fn several_may_write_at_once() {
        let place = place();
        let facts = read(&place);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..50 {
                        place.cache.put(&place.store, &place.path, &facts).unwrap();
                        let got = place.cache.get(&place.store, &place.path);
                        assert!(got.is_some(), "it is whole at any moment");
                    }
                });
            }
        });
        let left = fs::read_dir(&place.cache.directory).unwrap().count();
        assert_eq!(left, 1, "no temporary file is left");
    }
}
