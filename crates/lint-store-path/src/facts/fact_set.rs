//! The facts of several store paths, as one thing that can be asked.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use hermetic_out::tree::{self, Listed, Listing};
use hermetic_out::{Output, Package, Store};

use super::{FileFacts, Node, PathFacts};

/// Files, by the places of their store path and of themselves in it.
type Places = Vec<(usize, usize)>;

/// The facts of some store paths: those that are linted, and what is known of their closure.
#[derive(Debug)]
pub struct FactSet {
    store: Store,
    paths: Vec<PathFacts>,
    index: HashMap<Vec<u8>, usize>,
    /// By the name of the directory that they lie in.
    by_directory: OnceLock<HashMap<Vec<u8>, Places>>,
}

impl FactSet {
    /// These facts, of store paths of `store`; sorted by name, each once.
    #[must_use]
    pub fn new(store: Store, mut paths: Vec<PathFacts>) -> Self {
        paths.sort_by(|one, other| one.name.cmp(&other.name));
        paths.dedup_by(|one, other| one.name == other.name);
        let names = paths.iter().enumerate();
        let index = names
            .map(|(index, path)| (path.name.clone(), index))
            .collect();
        Self {
            store,
            paths,
            index,
            by_directory: OnceLock::new(),
        }
    }

    /// The store that they are in.
    #[must_use]
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// The facts of each store path, sorted by name.
    #[must_use]
    pub fn paths(&self) -> &[PathFacts] {
        &self.paths
    }

    /// The facts of the store path with this name.
    #[must_use]
    pub fn named(&self, name: &[u8]) -> Option<&PathFacts> {
        self.index
            .get(name)
            .and_then(|index| self.paths.get(*index))
    }

    /// The file, directory or link at a path in the store, if it is known; a link in the middle of the
    /// path is not followed.
    #[must_use]
    pub fn file(&self, path: &Path) -> Option<(&PathFacts, &FileFacts)> {
        let (name, sub_path) = self.split(path)?;
        let facts = self.named(name)?;
        Some((facts, facts.file(sub_path)?))
    }

    /// What lies in directories of this name, in order; with its store path.
    pub fn in_directories(&self, name: &[u8]) -> impl Iterator<Item = (&PathFacts, &FileFacts)> {
        let index = self.by_directory.get_or_init(|| self.by_directory());
        let places = index.get(name).into_iter().flatten();
        places.filter_map(|(path, file)| {
            let path = self.paths.get(*path)?;
            Some((path, path.files.get(*file)?))
        })
    }

    fn by_directory(&self) -> HashMap<Vec<u8>, Places> {
        let mut index: HashMap<Vec<u8>, Places> = HashMap::new();
        for (at, path) in self.paths.iter().enumerate() {
            for (place, file) in path.files.iter().enumerate() {
                let mut parts = file.sub_path.rsplit(|byte| *byte == b'/').skip(1);
                let Some(name) = parts.next() else { continue };
                match index.get_mut(name) {
                    Some(places) => places.push((at, place)),
                    None => {
                        index.insert(name.to_vec(), vec![(at, place)]);
                    }
                }
            }
        }
        index
    }

    /// The package that consists of the store path `facts` alone: what it refers to are its
    /// dependencies, and their `bin` is the search path. What a fixup of it would write is what the
    /// resolver says about this package.
    #[must_use]
    pub fn package(&self, facts: &PathFacts) -> Package {
        let dependencies = facts
            .references
            .iter()
            .map(|name| self.store.path_of_name(name));
        let dependencies: Vec<PathBuf> = dependencies.collect();
        let output = Output::new("out", self.store.path_of_name(&facts.name));
        Package::new(self.store.clone(), vec![output])
            .with_search_path(dependencies.iter().map(|path| path.join("bin")).collect())
            .with_dependencies(dependencies)
    }

    /// The name of the store path that a path is in, and the path below it.
    fn split<'a>(&self, path: &'a Path) -> Option<(&'a [u8], &'a [u8])> {
        let bytes = path.as_os_str().as_bytes();
        let inside = bytes.strip_prefix(self.store.directory.as_os_str().as_bytes())?;
        let inside = inside.strip_prefix(b"/")?;
        match inside.iter().position(|byte| *byte == b'/') {
            Some(slash) => Some((&inside[..slash], &inside[slash + 1..])),
            None => Some((inside, b"")),
        }
    }
}

impl Listing for FactSet {
    fn at(&self, path: &Path) -> Listed<'_> {
        // What this machine has beside its store says nothing about a store path.
        let Some((name, sub_path)) = self.split(path) else {
            return Listed::Nothing;
        };
        let Some(facts) = self.named(name) else {
            return Listed::Unknown;
        };
        let sub_path = sub_path.strip_suffix(b"/").unwrap_or(sub_path);
        let Some(file) = facts.file(sub_path) else {
            return Listed::Nothing;
        };
        match &file.node {
            Node::Link { target } => Listed::Link(target),
            Node::Directory => Listed::Node(tree::Node::Directory),
            Node::File { .. } if file.is_executable() => Listed::Node(tree::Node::Program),
            Node::File { .. } => Listed::Node(tree::Node::File),
            Node::Special => Listed::Node(tree::Node::Special),
            // Nothing is known of it; it is there.
            Node::Unreadable { .. } => Listed::Node(tree::Node::Directory),
        }
    }
}

/// The path of `sub_path` in a store path.
#[must_use]
pub fn join(store_path: &Path, sub_path: &[u8]) -> PathBuf {
    store_path.join(OsStr::from_bytes(sub_path))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use hermetic_out::Tree;

    use super::*;

    #[test]
    fn what_the_machine_has_outside_its_store_has_no_say() {
        let known = Arc::new(FactSet::new(Store::default(), Vec::new()));
        let tree = Tree::new(Store::default());
        assert!(tree.look_up(Path::new("/usr/bin/env")).is_some());
        let tree = tree.with_listing(known);
        assert!(tree.look_up(Path::new("/usr/bin/env")).is_none());
    }
}
