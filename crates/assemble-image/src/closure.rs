//! The closure: the store paths that the image holds.

use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use hermetic_out::Store;
use walkdir::WalkDir;

use crate::error::{Error, io_error, walk_error};
use crate::root_tree::{Content, Entry, Node, RootTree, as_path, is_in, target_in_image};

/// An absolute path without its slash.
pub(crate) fn in_image(path: &Path) -> &[u8] {
    let bytes = path.as_os_str().as_bytes();
    bytes.strip_prefix(b"/").unwrap_or(bytes)
}

/// Adds everything of a closure to the image, as Nix keeps it: owned by root, nothing writable.
pub(crate) fn add_closure(
    tree: &mut RootTree,
    store: &Store,
    closure: &[PathBuf],
) -> Result<(), Error> {
    tree.insert(in_image(&store.directory), Entry::directory(0o755));
    for path in closure {
        let real = store.real_path(path);
        // Not even a store path that is a link is followed.
        let walk = WalkDir::new(&real).follow_root_links(false);
        for entry in walk {
            let entry = entry.map_err(walk_error("reading the closure's", &real))?;
            let below = entry.path().strip_prefix(&real).unwrap_or(Path::new(""));
            // `join` of an empty path would add a slash.
            let place = if below.as_os_str().is_empty() {
                path.clone()
            } else {
                path.join(below)
            };
            let added = node(entry.path(), entry.file_type(), None)?;
            if let Node::Link(target) = &added.node
                && place == *path
            {
                check_link(path, target, store)?;
            }
            tree.insert(in_image(&place), added);
        }
    }
    Ok(())
}

/// A store path may be a link to another, or into one, but the image has nothing else to lead to.
fn check_link(path: &Path, target: &[u8], store: &Store) -> Result<(), Error> {
    let leads_to = target_in_image(in_image(path), target);
    let directory = in_image(&store.directory);
    if leads_to != directory && is_in(&leads_to, directory) {
        return Ok(());
    }
    Err(Error::LinkOutOfStore {
        path: path.to_owned(),
        target: as_path(target).to_owned(),
        store: store.directory.clone(),
    })
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

    fn store() -> (tempfile::TempDir, Store) {
        let root = tempfile::tempdir().unwrap();
        let a = root.path().join("nix/store/h-a");
        fs::create_dir_all(a.join("bin")).unwrap();
        fs::write(a.join("bin/a"), "a").unwrap();
        fs::set_permissions(a.join("bin/a"), fs::Permissions::from_mode(0o4775)).unwrap();
        fs::write(a.join("data"), "data").unwrap();
        symlink("bin/a", a.join("link")).unwrap();
        fs::write(root.path().join("nix/store/h-file"), "x").unwrap();
        let store = Store::new("/nix/store", Some(root.path().into()));
        (root, store)
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
    fn a_store_path_that_is_a_link_stays_one() {
        let (root, store) = store();
        let link = root.path().join("nix/store/h-link");
        for (target, is_good) in [
            ("/nix/store/h-a", true),
            ("h-a/bin", true),
            ("../../etc", false),
            ("/nix/store", false),
            ("/", false),
        ] {
            symlink(target, &link).unwrap();
            let mut tree = RootTree::default();
            let added = add_closure(&mut tree, &store, &["/nix/store/h-link".into()]);
            if is_good {
                added.unwrap();
                let entry = tree.get(b"nix/store/h-link").unwrap();
                assert_eq!(entry.node, Node::Link(target.into()));
                assert_eq!(tree.below(b"nix/store/h-link").count(), 0, "{target}");
            } else {
                let expected = format!(
                    "the store path /nix/store/h-link is a link to {target}, which is not in a store \
                     path of /nix/store"
                );
                assert_eq!(added.unwrap_err().to_string(), expected);
            }
            fs::remove_file(&link).unwrap();
        }
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
