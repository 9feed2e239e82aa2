//! The closure: the store paths that the image holds.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use walkdir::WalkDir;

use crate::error::{Error, io_error, walk_error};
use crate::root_tree::{Content, Entry, RootTree};

/// A store, as it lies below a root directory.
#[derive(Clone, Debug)]
pub(crate) struct Store {
    /// What a store path begins with.
    pub(crate) directory: PathBuf,
    /// The tree in which store paths are read; `None` for `/`.
    pub(crate) root: Option<PathBuf>,
}

impl Store {
    /// Where a store path is to be read.
    pub(crate) fn real_path(&self, path: &Path) -> PathBuf {
        match &self.root {
            Some(root) => root.join(path.strip_prefix("/").unwrap_or(path)),
            None => path.to_owned(),
        }
    }

    /// The store directory as a path of the image.
    pub(crate) fn in_image(&self) -> &[u8] {
        in_image(&self.directory)
    }

    /// The store path that a path in the store belongs to: its first component below the store
    /// directory. `None` if the path is not below it.
    pub(crate) fn store_path_of(&self, path: &Path) -> Option<PathBuf> {
        let name = path
            .strip_prefix(&self.directory)
            .ok()?
            .components()
            .next()?;
        Some(self.directory.join(name))
    }
}

/// An absolute path without its slash.
pub(crate) fn in_image(path: &Path) -> &[u8] {
    let bytes = path.as_os_str().as_bytes();
    bytes.strip_prefix(b"/").unwrap_or(bytes)
}

/// The store paths of a closure, sorted, each once. Every argument is a store path, or a file that
/// lists some, one a line, as `closureInfo` of nixpkgs writes it.
pub(crate) fn read_closure(store: &Store, arguments: &[PathBuf]) -> Result<Vec<PathBuf>, Error> {
    let mut paths: Vec<PathBuf> = Vec::new();
    for argument in arguments {
        if argument.starts_with(&store.directory)
            && argument
                .strip_prefix(&store.directory)
                .is_ok_and(|below| below.components().count() == 1)
            && !store.real_path(argument).is_file()
        {
            add(store, argument, "--closure", &mut paths)?;
            continue;
        }
        // closureInfo's output is itself a store path: its file store-paths is the list.
        let list = fs::read(argument).map_err(io_error("reading the closure in", argument))?;
        let name = argument.display().to_string();
        for line in list.split(|byte| *byte == b'\n') {
            let line = line.trim_ascii();
            if !line.is_empty() {
                add(store, Path::new(OsStr::from_bytes(line)), &name, &mut paths)?;
            }
        }
    }
    paths.sort();
    paths.dedup();
    Ok(paths)
}

fn add(store: &Store, path: &Path, list: &str, paths: &mut Vec<PathBuf>) -> Result<(), Error> {
    let top = store.store_path_of(path).filter(|top| *top == path);
    let Some(path) = top else {
        return Err(Error::Option {
            option: "--closure",
            // What is no list at all may have no line ends.
            value: path.display().to_string().chars().take(200).collect(),
            reason: format!(
                "{list} names something that is not directly below the store directory {}; give \
                 --store-dir",
                store.directory.display()
            ),
        });
    };
    let real = store.real_path(&path);
    match fs::symlink_metadata(&real) {
        Ok(_) => {
            paths.push(path);
            Ok(())
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Err(Error::MissingStorePath {
            path: path.display().to_string(),
            list: list.to_owned(),
            real,
        }),
        Err(source) => Err(io_error("looking at", &real)(source)),
    }
}

/// Adds everything of a closure to the image, as Nix keeps it: owned by root, nothing writable.
pub(crate) fn add_closure(
    tree: &mut RootTree,
    store: &Store,
    closure: &[PathBuf],
) -> Result<(), Error> {
    tree.insert(store.in_image(), Entry::directory(0o755));
    for path in closure {
        let real = store.real_path(path);
        for entry in WalkDir::new(&real).follow_links(false) {
            let entry = entry.map_err(walk_error("reading the closure's", &real))?;
            let below = entry.path().strip_prefix(&real).unwrap_or(Path::new(""));
            // `join` of an empty path would add a slash.
            let place = if below.as_os_str().is_empty() {
                path.clone()
            } else {
                path.join(below)
            };
            tree.insert(
                in_image(&place),
                node(entry.path(), entry.file_type(), None)?,
            );
        }
    }
    Ok(())
}

/// What lies at a path of the disk, without following a link. The mode is that of a store unless one
/// is given.
pub(crate) fn node(
    path: &Path,
    file_type: fs::FileType,
    mode: Option<u32>,
) -> Result<Entry, Error> {
    if file_type.is_dir() {
        return Ok(Entry::directory(mode.unwrap_or(0o555)));
    }
    if file_type.is_symlink() {
        let target = fs::read_link(path).map_err(io_error("reading the link", path))?;
        return Ok(Entry::link(target.as_os_str().as_bytes()));
    }
    if !file_type.is_file() {
        return Err(Error::SpecialFile {
            path: path.to_owned(),
        });
    }
    let metadata = fs::symlink_metadata(path).map_err(io_error("looking at", path))?;
    let executable = metadata.permissions().mode() & 0o111 != 0;
    let content = Content::OnDisk {
        path: path.to_owned(),
        size: metadata.len(),
    };
    let of_store = if executable { 0o555 } else { 0o444 };
    Ok(Entry::file(content, mode.unwrap_or(of_store)))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;
    use crate::root_tree::Node;

    fn store() -> (tempfile::TempDir, Store) {
        let root = tempfile::tempdir().unwrap();
        let a = root.path().join("nix/store/h-a");
        fs::create_dir_all(a.join("bin")).unwrap();
        fs::write(a.join("bin/a"), "a").unwrap();
        fs::set_permissions(a.join("bin/a"), fs::Permissions::from_mode(0o4775)).unwrap();
        fs::write(a.join("data"), "data").unwrap();
        symlink("bin/a", a.join("link")).unwrap();
        fs::write(root.path().join("nix/store/h-file"), "x").unwrap();
        let store = Store {
            directory: "/nix/store".into(),
            root: Some(root.path().into()),
        };
        (root, store)
    }

    #[test]
    fn a_list_and_single_paths() {
        let (root, store) = store();
        let list = root.path().join("store-paths");
        fs::write(&list, "/nix/store/h-file\n\n/nix/store/h-a\n").unwrap();
        let paths = read_closure(&store, &[list, "/nix/store/h-a".into()]).unwrap();
        assert_eq!(
            paths,
            [Path::new("/nix/store/h-a"), Path::new("/nix/store/h-file")]
        );
    }

    #[test]
    fn a_path_that_is_missing_is_told() {
        let (root, store) = store();
        let list = root.path().join("store-paths");
        fs::write(&list, "/nix/store/h-gone\n").unwrap();
        let error = read_closure(&store, std::slice::from_ref(&list)).unwrap_err();
        let expected = format!(
            "/nix/store/h-gone is in the closure ({}) but does not exist as {}; build or copy it \
             first, or give the right --root",
            list.display(),
            root.path().join("nix/store/h-gone").display()
        );
        assert_eq!(error.to_string(), expected);
        fs::write(&list, "/gnu/store/h-a\n").unwrap();
        let error = read_closure(&store, &[list]).unwrap_err().to_string();
        assert!(
            error.ends_with("store directory /nix/store; give --store-dir"),
            "{error}"
        );
    }

    #[test]
    fn a_store_has_one_set_of_modes() {
        let (_root, store) = store();
        let mut tree = RootTree::default();
        let paths = ["/nix/store/h-a".into(), "/nix/store/h-file".into()];
        add_closure(&mut tree, &store, &paths).unwrap();
        let mode = |path: &str| tree.get(path.as_bytes()).unwrap().mode;
        assert_eq!(mode("nix/store/h-a"), 0o555);
        assert_eq!(mode("nix/store/h-a/bin/a"), 0o555);
        assert_eq!(mode("nix/store/h-a/data"), 0o444);
        assert_eq!(mode("nix/store/h-file"), 0o444);
        let link = tree.get(b"nix/store/h-a/link").unwrap();
        assert_eq!(link.node, Node::Link(b"bin/a".to_vec()));
    }

    #[test]
    fn what_no_store_path_holds_is_refused() {
        let (root, store) = store();
        let fifo = root.path().join("nix/store/h-a/fifo");
        let mode = rustix::fs::Mode::from(0o600);
        rustix::fs::mknodat(rustix::fs::CWD, &fifo, rustix::fs::FileType::Fifo, mode, 0).unwrap();
        let mut tree = RootTree::default();
        let error = add_closure(&mut tree, &store, &["/nix/store/h-a".into()]).unwrap_err();
        assert!(
            error.to_string().starts_with(&fifo.display().to_string()),
            "{error}"
        );
    }
}
