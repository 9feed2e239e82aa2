//! The tree as it will be: a plan's moves, and what is where once they are made.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use super::{Node, Tree};

/// The moves of a plan, in order. Each file moves at most once.
#[derive(Clone, Debug, Default)]
pub struct Moves {
    in_order: Vec<(PathBuf, PathBuf)>,
    by_from: HashMap<PathBuf, usize>,
    by_to: HashMap<PathBuf, usize>,
}

impl Moves {
    /// Adds the move of the file or symlink at `from` to `to`. Gives whether it is new: what moves
    /// already keeps its first new place.
    pub fn add(&mut self, from: PathBuf, to: PathBuf) -> bool {
        if self.by_from.contains_key(&from) {
            return false;
        }
        self.by_from.insert(from.clone(), self.in_order.len());
        self.by_to.insert(to.clone(), self.in_order.len());
        self.in_order.push((from, to));
        true
    }

    /// Whether nothing moves.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.in_order.is_empty()
    }

    /// Where what is at `path` will be, if it moves.
    #[must_use]
    pub fn new_place(&self, path: &Path) -> Option<&Path> {
        let index = self.by_from.get(path)?;
        Some(&self.in_order[*index].1)
    }

    /// Whether something moves to `path`.
    #[must_use]
    pub fn is_new_place(&self, path: &Path) -> bool {
        self.by_to.contains_key(path)
    }

    /// Where what will be at `path` is now; `None` if it moves away.
    fn old_place<'a>(&'a self, path: &'a Path) -> Option<&'a Path> {
        match self.by_to.get(path) {
            Some(index) => Some(&self.in_order[*index].0),
            None => (!self.by_from.contains_key(path)).then_some(path),
        }
    }
}

impl IntoIterator for Moves {
    type Item = (PathBuf, PathBuf);
    type IntoIter = std::vec::IntoIter<Self::Item>;

    /// Where each file is and where it will be, in order.
    fn into_iter(self) -> Self::IntoIter {
        self.in_order.into_iter()
    }
}

/// A tree as it will be after a plan's moves. It is a value: who has it sees the same tree as long as
/// they have it, whatever else is planned meanwhile.
#[derive(Clone, Copy, Debug)]
pub struct TreeView<'a> {
    tree: &'a Tree,
    moves: Option<&'a Moves>,
}

impl<'a> From<&'a Tree> for TreeView<'a> {
    /// The tree as it is.
    fn from(tree: &'a Tree) -> Self {
        Self { tree, moves: None }
    }
}

impl<'a> TreeView<'a> {
    /// The tree after `moves`.
    #[must_use]
    pub fn new(tree: &'a Tree, moves: &'a Moves) -> Self {
        let moves = Some(moves).filter(|moves| !moves.is_empty());
        Self { tree, moves }
    }

    /// What the path will lead to: see [`Tree::look_up`].
    #[must_use]
    pub fn look_up(&self, path: &Path) -> Option<Node> {
        self.tree.look_up(self.old_place(path)?)
    }

    /// The target of the symlink that will be at `path`: see [`Tree::link_at`].
    #[must_use]
    pub fn link_at(&self, path: &Path) -> Option<Vec<u8>> {
        self.tree.link_at(self.old_place(path)?)
    }

    /// Where what is at `path` will be, if it moves.
    #[must_use]
    pub fn new_place(&self, path: &Path) -> Option<&'a Path> {
        self.moves?.new_place(path)
    }

    /// Where a store path is to be read and written: see [`Tree::real_path`].
    #[must_use]
    pub fn real_path(&self, path: &Path) -> PathBuf {
        self.tree.real_path(path)
    }

    fn old_place<'p>(&'p self, path: &'p Path) -> Option<&'p Path> {
        match self.moves {
            Some(moves) => moves.old_place(path),
            None => Some(path),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::store::Store;

    #[test]
    fn the_tree_as_it_will_be() {
        let top = tempfile::tempdir().unwrap();
        let tree = Tree::new(Store::new(top.path(), None));
        let (from, to) = (top.path().join("h-x"), top.path().join("h-y"));
        fs::write(&from, "").unwrap();
        let mut moves = Moves::default();
        assert!(moves.add(from.clone(), to.clone()));
        assert!(!moves.add(from.clone(), top.path().join("h-z")));
        let view = TreeView::new(&tree, &moves);
        assert_eq!(view.look_up(&from), None);
        assert_eq!(view.look_up(&to), Some(Node::File));
        assert_eq!(view.new_place(&from), Some(to.as_path()));
        assert_eq!(TreeView::from(&tree).look_up(&from), Some(Node::File));
    }
}
