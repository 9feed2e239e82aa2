//! The small staging root in which systemd's tools make /etc.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use hermetic_out::apply::NewTree;
use hermetic_out::regular_file;
use walkdir::WalkDir;

use crate::error::{Error, io_error, walk_error};
use crate::farm::is_unit_directory;
use crate::root_tree::{
    Content, Entry, Node, RootTree, as_path, is_in, join, parent_of, relative_target,
    target_in_image,
};

/// What systemd's tools read, and what they change.
const STAGED: &[&str] = &[
    "etc",
    "usr/lib/os-release",
    "usr/lib/systemd/catalog",
    "usr/lib/systemd/system",
    "usr/lib/systemd/system-preset",
    "usr/lib/systemd/user",
    "usr/lib/systemd/user-preset",
    "usr/lib/sysusers.d",
    "usr/lib/tmpfiles.d",
    "usr/lib/udev/hwdb.d",
    "usr/share/factory",
    "usr/share/systemd/user",
];

/// systemd-sysusers' lock, and the copies that it makes of files before it changes them.
const LEFT_BEHIND: &[&str] = &[
    "etc/.pwd.lock",
    "etc/group-",
    "etc/gshadow-",
    "etc/passwd-",
    "etc/shadow-",
];

/// The staging root. Nothing is written through a link, and no link leads out of it while tools run, which
/// would write or read there: on the machine that builds the image.
#[derive(Debug)]
pub(crate) struct Staging {
    root: PathBuf,
    tree: NewTree,
    /// What was put there, by path.
    staged: BTreeMap<Vec<u8>, Entry>,
    /// The links that have another target in the image, by path.
    contained: BTreeMap<Vec<u8>, Contained>,
}

/// A link whose target would lead out of the staging root.
#[derive(Clone, Debug)]
struct Contained {
    /// The target that it has in the staging root.
    here: Vec<u8>,
    /// The one that it has in the image.
    in_image: Vec<u8>,
}

impl Staging {
    /// Puts there what the tools need of a tree. Everything is writable, and links to the store are
    /// copies of what they lead to: the store is not there.
    pub(crate) fn new(root: PathBuf, tree: &RootTree) -> Result<Self, Error> {
        let mut staging = Self {
            tree: NewTree::make(&root).map_err(io_error("making the directory", &root))?,
            root,
            staged: BTreeMap::new(),
            contained: BTreeMap::new(),
        };
        staging.make_directory(b"")?;
        for top in STAGED {
            staging.stage(tree, top.as_bytes())?;
            let below = tree.below(top.as_bytes());
            let paths: Vec<Vec<u8>> = below.map(|(path, _)| path.to_vec()).collect();
            for path in paths {
                staging.stage(tree, &path)?;
            }
        }
        Ok(staging)
    }

    /// The staging root's path.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// Puts one path of a tree there, and what is below it if it leads to a directory elsewhere.
    fn stage(&mut self, tree: &RootTree, path: &[u8]) -> Result<(), Error> {
        let Some(entry) = tree.get(path) else {
            return Ok(());
        };
        match &entry.node {
            Node::Directory => self.make_directory(path),
            Node::File(content) => self.write(path, content, entry.mode),
            Node::Link(target) => {
                let in_units = is_unit_directory(parent_of(path).unwrap_or(b""));
                let found = tree.resolve(path).ok();
                let found = found.filter(|found| !is_in_staged(&found.path));
                match found.map(|found| (found.path, &found.entry.node)) {
                    Some((source, Node::Directory)) => self.stage_copy(tree, &source, path),
                    Some((source, Node::File(content))) if !in_units => {
                        let mode = tree.get(&source).map_or(0o644, |entry| entry.mode);
                        self.write(path, content, mode)
                    }
                    _ => self.link(path, target),
                }
            }
        }
    }

    /// Copies a file or directory of the tree, from wherever it is, to a path.
    pub(crate) fn stage_copy(
        &mut self,
        tree: &RootTree,
        source: &[u8],
        path: &[u8],
    ) -> Result<(), Error> {
        let Ok(found) = tree.resolve(source) else {
            return Ok(());
        };
        match &found.entry.node {
            Node::Directory => {
                self.make_directory(path)?;
                let children: Vec<Vec<u8>> = tree
                    .children(&found.path)
                    .map(|(name, _)| name.to_vec())
                    .collect();
                for name in children {
                    let from = join(&found.path, &name);
                    match tree.get(&from).map(|entry| &entry.node) {
                        Some(Node::Link(target)) => self.link(&join(path, &name), target)?,
                        _ => self.stage_copy(tree, &from, &join(path, &name))?,
                    }
                }
                Ok(())
            }
            Node::File(content) => self.write(path, content, found.entry.mode),
            Node::Link(_) => Ok(()),
        }
    }

    /// Replaces the content of a staged file.
    pub(crate) fn rewrite(&mut self, path: &[u8], content: &[u8]) -> Result<(), Error> {
        self.write(path, &Content::Bytes(content.to_vec()), 0o644)
    }

    fn place(&self, path: &[u8]) -> PathBuf {
        self.root.join(as_path(path))
    }

    fn make_directory(&mut self, path: &[u8]) -> Result<(), Error> {
        self.tree
            .make_directory(as_path(path))
            .map_err(io_error("making the directory", &self.place(path)))?;
        self.staged.insert(path.to_vec(), Entry::directory(0o755));
        Ok(())
    }

    fn make_parent(&mut self, path: &[u8]) -> Result<(), Error> {
        match parent_of(path) {
            Some(parent) if !self.staged.contains_key(parent) => {
                self.make_parent(parent)?;
                self.make_directory(parent)
            }
            _ => Ok(()),
        }
    }

    fn write(&mut self, path: &[u8], content: &Content, mode: u32) -> Result<(), Error> {
        self.make_parent(path)?;
        let place = self.place(path);
        let source = match content {
            Content::OnDisk { path, .. } => path.clone(),
            Content::Bytes(_) => place.clone(),
        };
        let bytes = content.read().map_err(io_error("reading", &source))?;
        // The tools replace it.
        let mode = (mode & 0o777) | 0o600;
        self.tree
            .write(as_path(path), &bytes, mode)
            .map_err(io_error("writing", &place))?;
        self.staged.insert(path.to_vec(), Entry::bytes(bytes, mode));
        Ok(())
    }

    fn link(&mut self, path: &[u8], target: &[u8]) -> Result<(), Error> {
        self.make_parent(path)?;
        self.link_contained(path, target)?;
        self.staged.insert(path.to_vec(), Entry::link(target));
        Ok(())
    }

    /// Makes a link that does not lead out, whatever its target in the image is.
    fn link_contained(&mut self, path: &[u8], in_image: &[u8]) -> Result<(), Error> {
        let here = contained(path, in_image);
        self.tree
            .link(as_path(path), as_path(&here))
            .map_err(io_error("making the link", &self.place(path)))?;
        let in_image = in_image.to_vec();
        let link = Contained { here, in_image };
        self.contained.insert(path.to_vec(), link);
        Ok(())
    }

    /// The target that a link has in the image; `target` is the one in the staging root.
    fn in_image(&self, path: &[u8], target: Vec<u8>) -> Vec<u8> {
        match self.contained.get(path) {
            Some(link) if link.here == target => link.in_image.clone(),
            _ => target,
        }
    }

    /// Makes the links that a tool has made below a path lead nowhere out, as long as other tools run.
    pub(crate) fn contain(&mut self, top: &[u8]) -> Result<(), Error> {
        for (path, entry) in self.present(top)? {
            if let Node::Link(target) = entry.node {
                let in_image = self.in_image(&path, target.clone());
                if contained(&path, &in_image) != target {
                    self.link_contained(&path, &in_image)?;
                }
            }
        }
        Ok(())
    }

    /// Says that a tool has copied `source`, with its links.
    pub(crate) fn copied(&mut self, source: &[u8], target: &[u8]) {
        let links = self.contained.iter();
        let links: Vec<_> = links
            .filter(|(path, _)| is_in(path, source))
            .map(|(path, link)| ([target, &path[source.len()..]].concat(), link.clone()))
            .collect();
        self.contained.extend(links);
    }

    /// Takes over into the tree what the tools made, changed and removed below a path. What they left
    /// alone stays as it is in the tree: a link to the store remains one.
    pub(crate) fn take_over(&self, tree: &mut RootTree, top: &[u8]) -> Result<(), Error> {
        if !self.has(top) {
            return Ok(());
        }
        let present = self.present(top)?;
        let gone = self.staged.keys().filter(|path| is_in(path, top));
        for path in gone.filter(|path| !present.contains_key(*path)) {
            tree.remove(path);
        }
        for (path, mut entry) in present {
            if let Node::Link(target) = entry.node {
                entry.node = Node::Link(self.in_image(&path, target));
            }
            let staged = self.staged.get(&path);
            if staged.is_some_and(|staged| staged.node == entry.node) {
                continue;
            }
            // A tool that keeps the mode of what it changes keeps that of the tree.
            let keeps_mode = staged.is_some_and(|staged| staged.mode == entry.mode);
            if let Some(old) = tree.get(&path).filter(|_| keeps_mode)
                && matches!(old.node, Node::File(_))
            {
                entry.mode = old.mode;
            }
            tree.insert(path, entry);
        }
        Ok(())
    }

    /// What is there now at a path and below, but for what is of no use to an image.
    fn present(&self, top: &[u8]) -> Result<BTreeMap<Vec<u8>, Entry>, Error> {
        let mut present = BTreeMap::new();
        let start = self.place(top);
        for entry in walk(&start).sort_by_file_name() {
            let entry = entry.map_err(walk_error("reading", &start))?;
            let path = entry
                .path()
                .strip_prefix(&self.root)
                .unwrap_or(entry.path());
            let path = path.as_os_str().as_bytes().to_vec();
            if LEFT_BEHIND.iter().any(|left| left.as_bytes() == path) {
                continue;
            }
            let found = read_entry(entry.path(), entry.file_type())?;
            present.insert(path, found);
        }
        Ok(present)
    }

    /// Whether a file or directory has the same names and contents as another, both as they are in
    /// the staging root now.
    pub(crate) fn is_same(&self, one: &[u8], other: &[u8]) -> Result<bool, Error> {
        Ok(self.contents(one)? == self.contents(other)?)
    }

    /// Whether something is there now, if only a link to nowhere.
    pub(crate) fn has(&self, path: &[u8]) -> bool {
        fs::symlink_metadata(self.place(path)).is_ok()
    }

    /// Whether something was there before the tools ran.
    pub(crate) fn was_staged(&self, path: &[u8]) -> bool {
        self.staged.contains_key(path)
    }

    fn contents(&self, top: &[u8]) -> Result<BTreeMap<PathBuf, Node>, Error> {
        let start = self.place(top);
        walk(&start)
            .into_iter()
            .map(|entry| {
                let entry = entry.map_err(walk_error("reading", &start))?;
                let node = read_entry(entry.path(), entry.file_type())?.node;
                let below = entry.path().strip_prefix(&start).unwrap_or(entry.path());
                Ok((below.to_owned(), node))
            })
            .collect()
    }
}

/// A walk that follows no link, not even at its start.
fn walk(start: &Path) -> WalkDir {
    WalkDir::new(start)
        .follow_links(false)
        .follow_root_links(false)
}

/// The target of a link at `path` that leads where the given one leads in the image, and not out of the
/// staging root. /dev/null, which masks units, is known by its name.
fn contained(path: &[u8], target: &[u8]) -> Vec<u8> {
    if target == b"/dev/null" || stays_inside(path, target) {
        return target.to_vec();
    }
    let mut target = relative_target(path, &target_in_image(path, target));
    if target.is_empty() {
        target.push(b'.');
    }
    target
}

/// Whether a target climbs no higher than the link's place is deep. What comes after a name may be in
/// another depth: the name may be a link.
fn stays_inside(path: &[u8], target: &[u8]) -> bool {
    let mut depth = memchr::memchr_iter(b'/', path).count();
    let mut has_name = false;
    for component in target.split(|byte| *byte == b'/') {
        match component {
            b"" | b"." => {}
            b".." if has_name || depth == 0 => return false,
            b".." => depth -= 1,
            _ => has_name = true,
        }
    }
    !target.starts_with(b"/")
}

fn is_in_staged(path: &[u8]) -> bool {
    STAGED.iter().any(|top| is_in(path, top.as_bytes()))
}

/// What is at a path of the staging root, with its content and mode.
fn read_entry(path: &Path, file_type: fs::FileType) -> Result<Entry, Error> {
    if file_type.is_symlink() || file_type.is_dir() {
        return crate::closure::node(path, file_type, Some(0o755));
    }
    if !file_type.is_file() {
        return Err(Error::SpecialFile {
            path: path.to_owned(),
        });
    }
    let metadata = fs::symlink_metadata(path).map_err(io_error("looking at", path))?;
    let mode = metadata.permissions().mode() & 0o7777;
    if mode & 0o400 == 0 {
        // systemd-sysusers makes shadow files that not even their owner may read.
        fs::set_permissions(path, fs::Permissions::from_mode(0o600))
            .map_err(io_error("setting the mode of", path))?;
    }
    let content = regular_file::read(path).map_err(io_error("reading", path))?;
    if mode & 0o400 == 0 {
        fs::set_permissions(path, fs::Permissions::from_mode(mode))
            .map_err(io_error("setting the mode of", path))?;
    }
    Ok(Entry::bytes(content, mode))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    fn tree() -> RootTree {
        let mut tree = RootTree::default();
        let file = |text: &str| Entry::bytes(text, 0o444);
        tree.insert("nix/store/h-x/etc/x.conf", file("conf"));
        tree.insert("nix/store/h-x/etc/dir/inner", file("inner"));
        tree.insert("etc/x.conf", Entry::link("../nix/store/h-x/etc/x.conf"));
        tree.insert("etc/dir", Entry::link("../nix/store/h-x/etc/dir"));
        tree.insert("etc/mtab", Entry::link("../proc/self/mounts"));
        tree.insert("usr/lib/systemd/system/x.service", file("unit"));
        tree.insert(
            "usr/lib/systemd/system/alias.service",
            Entry::link("x.service"),
        );
        tree.insert("usr/bin/not-needed", file("program"));
        tree
    }

    fn staging(tree: &RootTree) -> (tempfile::TempDir, Staging) {
        let directory = tempfile::tempdir().unwrap();
        let staging = Staging::new(directory.path().join("root"), tree).unwrap();
        (directory, staging)
    }

    #[test]
    fn links_to_the_store_are_copies_and_other_links_are_links() {
        let (_directory, staging) = staging(&tree());
        let at = |path: &str| staging.root().join(path);
        assert_eq!(fs::read(at("etc/x.conf")).unwrap(), b"conf");
        assert!(at("etc/x.conf").symlink_metadata().unwrap().is_file());
        assert_eq!(fs::read(at("etc/dir/inner")).unwrap(), b"inner");
        let alias = at("usr/lib/systemd/system/alias.service");
        assert_eq!(fs::read_link(alias).unwrap(), Path::new("x.service"));
        assert_eq!(
            fs::read_link(at("etc/mtab")).unwrap(),
            Path::new("../proc/self/mounts")
        );
        assert!(!at("usr/bin").exists() && !at("nix").exists());
    }

    #[test]
    fn only_what_the_tools_did_is_taken_over() {
        let mut tree = tree();
        let before = tree.clone();
        let (_directory, staging) = staging(&tree);
        staging.take_over(&mut tree, b"etc").unwrap();
        assert!(
            tree.iter().eq(before.iter()),
            "nothing happened, so nothing changes"
        );

        let at = |path: &str| staging.root().join(path);
        fs::write(at("etc/passwd"), "root").unwrap();
        fs::set_permissions(at("etc/passwd"), fs::Permissions::from_mode(0o000)).unwrap();
        fs::write(at("etc/.pwd.lock"), "").unwrap();
        fs::remove_file(at("etc/mtab")).unwrap();
        fs::create_dir(at("etc/new")).unwrap();
        symlink("/usr/lib/systemd/system/x.service", at("etc/new/x.service")).unwrap();
        staging.take_over(&mut tree, b"etc").unwrap();
        let passwd = tree.get(b"etc/passwd").unwrap();
        assert_eq!(passwd.mode, 0);
        assert_eq!(passwd.node, Node::File(Content::Bytes(b"root".to_vec())));
        assert!(tree.get(b"etc/.pwd.lock").is_none() && tree.get(b"etc/mtab").is_none());
        assert!(tree.exists(b"etc/new/x.service"));
        let link = Node::Link(b"../nix/store/h-x/etc/x.conf".to_vec());
        assert_eq!(tree.get(b"etc/x.conf").unwrap().node, link);
    }

    #[test]
    fn no_link_leads_out_and_the_image_has_what_was_meant() {
        for (path, target, expected) in [
            ("etc/x", "../run/x", "../run/x"),
            ("etc/x", "/dev/null", "/dev/null"),
            ("etc/d/x", "/run/x", "../../run/x"),
            ("etc/x", "../../../home/x", "../home/x"),
            // A name may be a link to what is higher.
            ("etc/x", "d/../../y", "../y"),
            ("x", "/", "."),
        ] {
            let here = contained(path.as_bytes(), target.as_bytes());
            assert_eq!(here, expected.as_bytes(), "{path} -> {target}");
        }

        let mut tree = tree();
        tree.insert("etc/out", Entry::link("/home/x"));
        tree.insert("usr/share/factory/etc/d/out", Entry::link("/home/y"));
        let (_directory, mut staging) = staging(&tree);
        let at = |path: &str| staging.root().join(path);
        assert_eq!(
            fs::read_link(at("etc/out")).unwrap(),
            Path::new("../home/x")
        );
        let (made, copied) = (at("etc/made"), at("etc/d/out"));
        symlink("/home/z", &made).unwrap();
        fs::create_dir(at("etc/d")).unwrap();
        let factory = at("usr/share/factory/etc/d/out");
        symlink(fs::read_link(factory).unwrap(), &copied).unwrap();
        staging.copied(b"usr/share/factory/etc/d", b"etc/d");
        staging.contain(b"etc").unwrap();
        assert_eq!(fs::read_link(made).unwrap(), Path::new("../home/z"));
        assert_eq!(fs::read_link(copied).unwrap(), Path::new("../../home/y"));
        staging.take_over(&mut tree, b"etc").unwrap();
        for (path, target) in [
            ("etc/out", "/home/x"),
            ("etc/made", "/home/z"),
            ("etc/d/out", "/home/y"),
        ] {
            assert_eq!(
                tree.get(path.as_bytes()),
                Some(&Entry::link(target)),
                "{path}"
            );
        }
    }

    #[test]
    fn a_file_keeps_its_mode_if_the_tool_does() {
        let mut tree = tree();
        tree.insert("etc/shadow", Entry::bytes("root", 0o000));
        let (_directory, staging) = staging(&tree);
        let shadow = staging.root().join("etc/shadow");
        let mode = fs::metadata(&shadow).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        fs::write(&shadow, "root and others").unwrap();
        staging.take_over(&mut tree, b"etc").unwrap();
        let expected = Entry::bytes("root and others", 0o000);
        assert_eq!(tree.get(b"etc/shadow"), Some(&expected));
    }

    #[test]
    fn nothing_is_staged_through_a_link() {
        let outside = tempfile::tempdir().unwrap();
        let mut tree = tree();
        let target = outside.path().as_os_str().as_bytes();
        tree.insert("usr/lib/tmpfiles.d", Entry::link(target));
        tree.insert("usr/lib/tmpfiles.d/x.conf", Entry::bytes("x", 0o644));
        let directory = tempfile::tempdir().unwrap();
        assert!(Staging::new(directory.path().join("root"), &tree).is_err());
        assert!(fs::read_dir(outside.path()).unwrap().next().is_none());
    }

    #[test]
    fn trees_are_compared() {
        let (_directory, staging) = staging(&tree());
        assert!(staging.is_same(b"etc/dir", b"etc/dir").unwrap());
        fs::create_dir(staging.root().join("etc/empty")).unwrap();
        assert!(!staging.is_same(b"etc/dir", b"etc/empty").unwrap());
    }
}
