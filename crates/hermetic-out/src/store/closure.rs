//! Which store paths belong to a closure: what command lines name, lists of store paths, and what Nix
//! knows.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::{Store, StoreError};
use crate::regular_file;

/// The store paths that the arguments of a command line name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Closure {
    /// Those named by themselves: their closure is not known yet.
    pub paths: Vec<PathBuf>,
    /// Those in lists: these are whole closures.
    pub listed: Vec<PathBuf>,
}

impl Closure {
    /// All of them, sorted, each once.
    #[must_use]
    pub fn into_paths(self) -> Vec<PathBuf> {
        let all: BTreeSet<PathBuf> = self.paths.into_iter().chain(self.listed).collect();
        all.into_iter().collect()
    }
}

impl Store {
    /// What `arguments` name. A store path is itself, also as it lies on the disk (relative, below the root),
    /// unless it is the output of nixpkgs' closureInfo, which holds a list `store-paths`. A link to a store
    /// path (`./result`) is that store path; any other file is such a list, one store path a line.
    ///
    /// Fails if an argument is none of these, a list cannot be read, or a store path does not exist.
    pub fn read_closure(&self, arguments: &[PathBuf]) -> Result<Closure, StoreError> {
        let mut closure = Closure::default();
        for argument in arguments {
            let store_path = match self.store_path(argument) {
                Ok(path) => Ok(path),
                Err(error) => self.on_disk(argument).ok_or(error),
            };
            let list = match store_path {
                Ok(path) => {
                    let real = self.real_path(&path);
                    let list = real.join("store-paths");
                    if !(list.is_file() && real.join("registration").is_file()) {
                        self.check_exists(&path)?;
                        closure.paths.push(path);
                        continue;
                    }
                    list
                }
                // Read as it stands: a list is no part of the store.
                Err(_) if argument.is_file() => argument.clone(),
                Err(error) => return Err(error.with_advice(self, argument)),
            };
            let text = regular_file::read(&list).map_err(|source| StoreError::Io {
                action: "reading the closure in",
                path: list.clone(),
                source,
            })?;
            for line in text.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii) {
                if !line.is_empty() {
                    let path = self.listed(line).map_err(|error| error.named_in(&list));
                    closure.listed.push(path?);
                }
            }
        }
        Ok(closure)
    }

    /// The closure of store paths as `nix-store` knows it; `None` if it does not: there is no such
    /// program, the store is not its own, or a path is not registered there.
    #[must_use]
    pub fn requisites(&self, paths: &[PathBuf]) -> Option<Vec<PathBuf>> {
        if !self.is_real() || paths.is_empty() {
            return None;
        }
        let output = Command::new("nix-store")
            .args(["--query", "--requisites"])
            .args(paths)
            .env("NIX_STORE_DIR", &self.directory)
            .stderr(Stdio::null())
            .output()
            .ok()?;
        if !output.status.success() {
            return None;
        }
        let lines = output.stdout.split(|byte| *byte == b'\n');
        let mut found = BTreeSet::new();
        for line in lines.filter(|line| !line.is_empty()) {
            found.insert(self.store_path(Path::new(OsStr::from_bytes(line))).ok()?);
        }
        let has_all = paths.iter().all(|path| found.contains(path));
        has_all.then(|| found.into_iter().collect())
    }

    /// The store path on a line of a list.
    fn listed(&self, line: &[u8]) -> Result<PathBuf, StoreError> {
        let path = self.store_path(Path::new(OsStr::from_bytes(line)))?;
        self.check_exists(&path)?;
        Ok(path)
    }

    /// The store path that `argument` is on the disk, or that a link such as `./result` leads to.
    fn on_disk(&self, argument: &Path) -> Option<PathBuf> {
        let store = self.real_path(&self.directory).canonicalize().ok()?;
        let beside = |path: &Path| {
            let inside = path.strip_prefix(&store).ok()?;
            self.store_path(&self.directory.join(inside)).ok()
        };
        // A store path may itself be a link.
        let parent = match argument.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        let here = parent.canonicalize().ok()?.join(argument.file_name()?);
        beside(&here).or_else(|| beside(&argument.canonicalize().ok()?))
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::*;

    fn store() -> (tempfile::TempDir, Store) {
        let root = tempfile::tempdir().unwrap();
        let directory = root.path().join("nix/store");
        for name in ["h-a", "h-b", "h-info"] {
            fs::create_dir_all(directory.join(name)).unwrap();
        }
        fs::write(directory.join("h-info/store-paths"), "/nix/store/h-a\n").unwrap();
        fs::write(directory.join("h-info/registration"), "").unwrap();
        let store = Store::new("/nix/store", Some(root.path().into()));
        (root, store)
    }

    #[test]
    fn paths_and_lists() {
        let (root, store) = store();
        let list = root.path().join("list");
        fs::write(&list, "/nix/store/h-b\n\n").unwrap();
        let arguments = ["/nix/store/h-a".into(), list, "/nix/store/h-info".into()];
        let closure = store.read_closure(&arguments).unwrap();
        let (a, b) = (Path::new("/nix/store/h-a"), Path::new("/nix/store/h-b"));
        assert_eq!(closure.paths, [a]);
        assert_eq!(closure.listed, [b, a]);
        assert_eq!(closure.into_paths(), [a, b]);
    }

    #[test]
    fn a_link_is_what_it_leads_to() {
        let (root, _) = store();
        let store = Store::new(root.path().canonicalize().unwrap().join("nix/store"), None);
        let result = root.path().join("result");
        symlink(store.path_of_name(b"h-b"), &result).unwrap();
        let closure = store.read_closure(std::slice::from_ref(&result)).unwrap();
        assert_eq!(closure.paths, [store.path_of_name(b"h-b")]);
        // The output of closureInfo is a list, however it is named.
        fs::remove_file(&result).unwrap();
        symlink(store.path_of_name(b"h-info"), &result).unwrap();
        let list = store.path_of_name(b"h-a").into_os_string();
        fs::write(store.path_of_name(b"h-info/store-paths"), list.as_bytes()).unwrap();
        let closure = store.read_closure(&[result]).unwrap();
        assert_eq!(closure.listed, [store.path_of_name(b"h-a")]);
    }

    #[test]
    fn a_store_path_may_be_given_as_it_lies_on_the_disk() {
        let (root, store) = store();
        let given = [
            root.path().join("nix/store/./h-a/"),
            root.path().join("nix/store/../store/h-b"),
        ];
        let closure = store.read_closure(&given).unwrap();
        assert_eq!(
            closure.paths,
            [store.path_of_name(b"h-a"), store.path_of_name(b"h-b")]
        );
        // The store path is the link, not what it leads to.
        symlink("h-b", root.path().join("nix/store/h-link")).unwrap();
        let given = [root.path().join("nix/store/h-link")];
        let closure = store.read_closure(&given).unwrap();
        assert_eq!(closure.paths, [store.path_of_name(b"h-link")]);
    }

    #[test]
    fn what_is_no_store_path_is_refused() {
        let (root, store) = store();
        let write = |name: &str, text: &str| {
            let list = root.path().join(name);
            fs::write(&list, text).unwrap();
            list
        };
        let here = |path: &str| root.path().join(path).display().to_string();
        let outside = "is not directly below the store directory /nix/store";
        let directory = format!("{outside}; give the store path itself, or give --store-dir");
        let gone = format!(
            "does not exist as {}; build or copy it first, or give the right --root",
            here("nix/store/h-gone")
        );
        for (argument, expected) in [
            (
                "/nix/store/h-gone".into(),
                format!("/nix/store/h-gone {gone}"),
            ),
            (
                write("gone", "/nix/store/h-gone\n"),
                format!("/nix/store/h-gone, which {} names, {gone}", here("gone")),
            ),
            ("/gone".into(), format!("/gone {directory}")),
            (
                "/usr".into(),
                format!("/usr {outside}; to take it for a store path, give --store-dir /"),
            ),
            ("/nix/store/..".into(), format!("/nix/store/.. {directory}")),
            (
                "/nix/store/h-a/bin".into(),
                format!("/nix/store/h-a/bin {outside}; give the store path /nix/store/h-a"),
            ),
            (
                write("other", "/gnu/store/h-a\n"),
                format!("/gnu/store/h-a, which {} names, {directory}", here("other")),
            ),
            (
                write("long", &"x".repeat(9000)),
                format!(
                    "{}, which {} names, {directory}",
                    "x".repeat(200),
                    here("long")
                ),
            ),
        ] {
            let error = store.read_closure(&[argument]).unwrap_err();
            assert_eq!(error.to_string(), expected);
        }
    }

    #[test]
    fn nix_is_asked_only_about_its_own_store() {
        let (_root, store) = store();
        assert_eq!(store.requisites(&["/nix/store/h-a".into()]), None);
    }
}
