//! How many bytes each store path and each directory takes.

use hermetic_out_command_line::size::{Size, SizeSum};
use serde::Serialize;

use crate::root_tree::{Node, RootTree, is_in};

/// Depth to which directories are distinguished.
const DEPTH: usize = 2;

/// The sizes of an image.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Sizes {
    /// All bytes of all files.
    pub bytes: u64,
    /// All files and links.
    pub files: u64,
    /// Store paths, largest first, with their directories.
    pub store_paths: Vec<Size>,
    /// What is not in the store: the directories of the root.
    pub directories: Vec<Size>,
}

impl Sizes {
    /// The sizes of a tree whose store is at `store`.
    pub(crate) fn of(tree: &RootTree, store: &[u8]) -> Self {
        let (mut in_store, mut elsewhere) = (SizeSum::default(), SizeSum::default());
        for (path, entry) in tree.iter() {
            let bytes = match &entry.node {
                Node::Directory => continue,
                Node::Link(_) => 0,
                Node::File(content) => content.size(),
            };
            let (sum, below, depth) = if is_in(path, store) {
                (&mut in_store, &path[store.len()..], DEPTH + 1)
            } else {
                (&mut elsewhere, path, DEPTH)
            };
            let names: Vec<&[u8]> = below
                .split(|byte| *byte == b'/')
                .filter(|name| !name.is_empty())
                .collect();
            // A store path that is a file counts under its own name; other files under their directory.
            let is_top = names.len() == 1 && is_in(path, store);
            let directories = if is_top {
                &names[..]
            } else {
                &names[..names.len().saturating_sub(1)]
            };
            sum.add(&directories[..directories.len().min(depth)], bytes);
        }
        Self {
            bytes: in_store.bytes + elsewhere.bytes,
            files: in_store.files + elsewhere.files,
            store_paths: in_store.sizes(&[b"/", store].concat()),
            directories: elsewhere.sizes(b"/"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::root_tree::Entry;

    #[test]
    fn bytes_by_store_path_and_directory() {
        let mut tree = RootTree::default();
        for (path, size) in [
            ("nix/store/h-a/bin/a", 10),
            ("nix/store/h-a/share/x/y/z/deep", 20),
            ("nix/store/h-b/lib/b", 100),
            ("nix/store/h-file", 1),
            ("etc/passwd", 5),
            ("usr/lib/systemd/system/x.service", 7),
        ] {
            tree.insert(path, Entry::bytes(vec![0; size], 0o444));
        }
        tree.insert("usr/bin/a", Entry::link("x"));
        let sizes = Sizes::of(&tree, b"nix/store");
        assert_eq!((sizes.bytes, sizes.files), (143, 7));
        let flat = |sizes: &[Size]| -> Vec<(String, u64)> {
            sizes
                .iter()
                .map(|size| (size.path.clone(), size.bytes))
                .collect()
        };
        let expected = [
            ("/nix/store/h-b", 100),
            ("/nix/store/h-a", 30),
            ("/nix/store/h-file", 1),
        ];
        assert_eq!(
            flat(&sizes.store_paths),
            expected.map(|(path, bytes)| (path.to_owned(), bytes))
        );
        let inner = flat(&sizes.store_paths[1].directories);
        let expected = [("/nix/store/h-a/share", 20), ("/nix/store/h-a/bin", 10)];
        assert_eq!(
            inner,
            expected.map(|(path, bytes)| (path.to_owned(), bytes))
        );
        let expected = [("/usr", 7), ("/etc", 5)];
        assert_eq!(
            flat(&sizes.directories),
            expected.map(|(path, bytes)| (path.to_owned(), bytes))
        );
    }
}
