//! Which store paths belong to a closure.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::error::{Error, io_error};
use crate::store::Store;

/// What the arguments of a command line name: store paths, and lists of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClosureArguments {
    /// Store paths whose closure has to be found.
    pub paths: Vec<PathBuf>,
    /// Store paths that lists name: these are whole closures.
    pub listed: Vec<PathBuf>,
}

/// What `arguments` name. A store path is itself, unless it is the output of nixpkgs' closureInfo,
/// which holds a list `store-paths`. A link to a store path is that store path; any other file is such a
/// list, one store path a line.
pub fn closure_arguments(store: &Store, arguments: &[PathBuf]) -> Result<ClosureArguments, Error> {
    let mut named = ClosureArguments::default();
    for argument in arguments {
        let list = match store.store_path(argument) {
            Ok(path) => {
                let real = store.real_path(&path);
                let list = real.join("store-paths");
                let is_closure_info = list.is_file() && real.join("registration").is_file();
                if !is_closure_info {
                    check_exists(store, &path)?;
                    named.paths.push(path);
                    continue;
                }
                list
            }
            Err(error) => {
                if let Some(path) = behind_link(store, argument) {
                    named.paths.push(path);
                    continue;
                }
                // Read as it stands: a list is no part of the store.
                if !argument.is_file() {
                    return Err(error);
                }
                argument.clone()
            }
        };
        let text = fs::read(&list).map_err(io_error("reading the closure in", &list))?;
        for line in text.split(|byte| *byte == b'\n') {
            let line = line.trim_ascii();
            if !line.is_empty() {
                let path = store.store_path(Path::new(OsStr::from_bytes(line)))?;
                check_exists(store, &path)?;
                named.listed.push(path);
            }
        }
    }
    Ok(named)
}

/// The store path that a link such as `./result` leads to.
fn behind_link(store: &Store, argument: &Path) -> Option<PathBuf> {
    let is_link = argument.symlink_metadata().ok()?.is_symlink();
    if store.root.is_some() || !is_link {
        return None;
    }
    store.store_path(&argument.canonicalize().ok()?).ok()
}

fn check_exists(store: &Store, path: &Path) -> Result<(), Error> {
    let real = store.real_path(path);
    match real.symlink_metadata() {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Err(Error::Missing {
            path: path.to_owned(),
            real,
        }),
        Err(error) => Err(io_error("looking at", real)(error)),
    }
}

/// The closure of store paths as `nix-store` knows it; `None` if it does not: there is no such program,
/// the store is not its own, or a path is not registered there.
#[must_use]
pub fn ask_nix(store: &Store, paths: &[PathBuf]) -> Option<Vec<PathBuf>> {
    if !store.is_real() || paths.is_empty() {
        return None;
    }
    let output = Command::new("nix-store")
        .args(["--query", "--requisites"])
        .args(paths)
        .env("NIX_STORE_DIR", &store.directory)
        .stderr(std::process::Stdio::null())
        .output()
        .ok()?;
    if !output.status.success() {
        return None;
    }
    let lines = output.stdout.split(|byte| *byte == b'\n');
    let mut found = BTreeSet::new();
    for line in lines.filter(|line| !line.is_empty()) {
        found.insert(store.store_path(Path::new(OsStr::from_bytes(line))).ok()?);
    }
    let has_all = paths.iter().all(|path| found.contains(path));
    has_all.then(|| found.into_iter().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn store() -> (tempfile::TempDir, Store) {
        let root = tempfile::tempdir().unwrap();
        for name in ["h-a", "h-b"] {
            fs::create_dir_all(root.path().join("nix/store").join(name)).unwrap();
        }
        let store = Store {
            directory: "/nix/store".into(),
            root: Some(root.path().into()),
        };
        (root, store)
    }

    #[test]
    fn paths_and_lists() {
        let (root, store) = store();
        let list = root.path().join("list");
        fs::write(&list, "/nix/store/h-b\n\n").unwrap();
        let info = root.path().join("nix/store/h-info");
        fs::create_dir(&info).unwrap();
        fs::write(info.join("store-paths"), "/nix/store/h-a\n").unwrap();
        fs::write(info.join("registration"), "").unwrap();
        let arguments = ["/nix/store/h-a".into(), list, "/nix/store/h-info".into()];
        let named = closure_arguments(&store, &arguments).unwrap();
        assert_eq!(named.paths, [Path::new("/nix/store/h-a")]);
        assert_eq!(
            named.listed,
            [Path::new("/nix/store/h-b"), Path::new("/nix/store/h-a")]
        );
    }

    #[test]
    fn what_is_not_there_is_told() {
        let (root, store) = store();
        let list = root.path().join("list");
        fs::write(&list, "/nix/store/h-gone\n").unwrap();
        for (argument, expected) in [
            (list, "does not exist as"),
            ("/nix/store/h-gone".into(), "does not exist as"),
            ("/usr".into(), "not directly below the store directory"),
        ] {
            let error = closure_arguments(&store, &[argument])
                .unwrap_err()
                .to_string();
            assert!(error.contains(expected), "{error}");
        }
    }

    #[test]
    fn nix_is_asked_only_about_its_own_store() {
        let (_root, store) = store();
        assert_eq!(ask_nix(&store, &["/nix/store/h-a".into()]), None);
    }
}
