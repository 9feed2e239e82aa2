//! The link farm: what packages contribute to /usr and /etc, one relative link for each file.
//!
//! Links are relative because systemd's tools resolve absolute ones on the machine that builds the
//! image, whatever `--root` says, and silently ignore them if they lead nowhere there. Unit
//! files are copies: `systemctl preset-all` takes a link that leaves the search path for a unit
//! linked from elsewhere, and a link to an alias for a unit of its own.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use bstr::ByteSlice;
use hermetic_out::package::normalize;
use hermetic_out::{Finding, Store};
use hermetic_out_formats::unit::place::{Manager, load_path, requiring_unit};

use crate::closure::in_image;
use crate::error::{Error, io_error};
use crate::findings;
use crate::root_tree::{
    Entry, Node, RootTree, is_in, join, name_of, parent_of, relative_target, target_in_image,
};

/// Which directory of a package goes where, in this order. The rest of a package is only stored.
const MERGED: &[(&str, &str)] = &[
    ("bin", "usr/bin"),
    ("sbin", "usr/bin"),
    ("lib", "usr/lib"),
    ("lib64", "usr/lib64"),
    ("libexec", "usr/libexec"),
    ("share", "usr/share"),
    ("etc", "etc"),
];

/// What no running system looks for in /usr: documentation, and what compilers read.
const NOT_MERGED: &[&str] = &[
    "usr/lib/cmake",
    "usr/lib/debug",
    "usr/lib/pkgconfig",
    "usr/share/aclocal",
    "usr/share/doc",
    "usr/share/gtk-doc",
    "usr/share/info",
    "usr/share/man",
    "usr/share/pkgconfig",
];

/// What is made when the machine runs: links into it are not looked at.
const MADE_AT_RUN_TIME: &[&str] = &["dev", "proc", "run", "sys", "tmp", "var"];

/// What packages contributed, and by whom.
#[derive(Debug, Default)]
pub(crate) struct Farm {
    /// By path of the image: the package that it comes from.
    pub(crate) origin: BTreeMap<Vec<u8>, PathBuf>,
    /// Links that lead nowhere inside their store path, by path of the image, with where they come
    /// from: they may lead to what another package has. [`Farm::prune`] looks.
    pub(crate) unsettled: BTreeMap<Vec<u8>, Vec<u8>>,
    /// Findings.
    pub(crate) findings: Vec<Finding>,
}

impl Farm {
    /// Takes away the links that lead nowhere in the whole image either. To be called when
    /// everything else is there.
    pub(crate) fn prune(&mut self, tree: &mut RootTree) {
        for (to, from) in std::mem::take(&mut self.unsettled) {
            let Some(Node::Link(target)) = tree.get(&to).map(|entry| &entry.node) else {
                continue;
            };
            if tree.resolve(&to).is_ok() || made_at_run_time(&to, target, b"") {
                continue;
            }
            let message = format!(
                "the link leads to {}, which is not in the image",
                target.as_bstr()
            );
            let help = "remove the link from the package, or add the package that has the target";
            let kind = &findings::DANGLING_SYMLINK;
            self.findings
                .push(findings::about(kind, &from, message, help));
            tree.remove(&to);
        }
    }
}

/// Adds the farm of `packages`, in the order of their priority, to a tree that holds the store.
pub(crate) fn add_farm(
    tree: &mut RootTree,
    store: &Store,
    packages: &[PathBuf],
) -> Result<Farm, Error> {
    let mut farm = Farm::default();
    for package in packages {
        // A store path may be a link to another.
        let Ok(top) = tree.resolve(in_image(package)).map(|found| found.path) else {
            continue;
        };
        let mut walked = BTreeSet::new();
        for (directory, destination) in MERGED {
            let Ok(found) = tree.resolve(&join(&top, directory.as_bytes())) else {
                continue;
            };
            // sbin and lib64 are often links to bin and lib.
            if found.entry.node != Node::Directory || !walked.insert(found.path.clone()) {
                continue;
            }
            let source = found.path;
            let mut walk = Walk {
                tree,
                store,
                farm: &mut farm,
                package,
                top: top.clone(),
                open: Vec::new(),
            };
            walk.directory(&source, destination.as_bytes())?;
        }
    }
    Ok(farm)
}

/// The walk over one package.
struct Walk<'a> {
    tree: &'a mut RootTree,
    store: &'a Store,
    farm: &'a mut Farm,
    package: &'a PathBuf,
    top: Vec<u8>,
    /// The directories that are being walked: links can lead back to one.
    open: Vec<Vec<u8>>,
}

impl Walk<'_> {
    fn directory(&mut self, source: &[u8], destination: &[u8]) -> Result<(), Error> {
        if self.open.iter().any(|open| open == source) {
            return Ok(());
        }
        self.open.push(source.to_vec());
        let children: Vec<(Vec<u8>, Node)> = self
            .tree
            .children(source)
            .map(|(name, entry)| (name.to_vec(), entry.node.clone()))
            .collect();
        for (name, node) in children {
            let (from, to) = (join(source, &name), join(destination, &name));
            if NOT_MERGED.iter().any(|path| path.as_bytes() == to) {
                continue;
            }
            match node {
                Node::Directory => {
                    if self.is_free_for_directory(&to) {
                        self.directory(&from, &to)?;
                    }
                }
                Node::File(_) => self.file(&from, &to)?,
                Node::Link(target) => self.link(&from, &to, &target)?,
            }
        }
        self.open.pop();
        Ok(())
    }

    /// Whether a directory can be at `to`; if something else is, that is reported.
    fn is_free_for_directory(&mut self, to: &[u8]) -> bool {
        match self.tree.get(to).map(|entry| &entry.node) {
            None => {
                self.tree.insert(to, Entry::directory(0o755));
                true
            }
            Some(Node::Directory) => true,
            Some(_) => {
                self.conflict(to);
                false
            }
        }
    }

    fn file(&mut self, from: &[u8], to: &[u8]) -> Result<(), Error> {
        let entry = if is_unit_directory(parent_of(to).unwrap_or(b"")) {
            self.copy(from)
        } else {
            Entry::link(relative_target(to, from))
        };
        self.add(from, to, entry)
    }

    /// A copy of the file that `from` leads to.
    fn copy(&self, from: &[u8]) -> Entry {
        match self.tree.file(from) {
            Some(content) => Entry::file(content.clone(), 0o444),
            None => Entry::link(relative_target(from, from)),
        }
    }

    fn link(&mut self, from: &[u8], to: &[u8], target: &[u8]) -> Result<(), Error> {
        let in_units = is_unit_directory(parent_of(to).unwrap_or(b""));
        if made_at_run_time(from, target, &self.top) {
            return self.add(from, to, Entry::link(target));
        }
        let Ok(found) = self.tree.resolve(from) else {
            // Packages that were one share directories: `halt -> systemctl` works in /usr only.
            if self.tree.get(to).is_none() {
                self.add(from, to, Entry::link(target))?;
                self.farm.unsettled.insert(to.to_vec(), from.to_vec());
            }
            return Ok(());
        };
        let (path, is_directory) = (found.path, found.entry.node == Node::Directory);
        if is_directory {
            // stdenv makes lib/systemd/user a link to share/systemd/user; and where several packages
            // have the same directory, its content is merged.
            let merged = is_unit_directory(to)
                || matches!(
                    self.tree.get(to),
                    Some(Entry {
                        node: Node::Directory,
                        ..
                    })
                );
            if merged {
                if self.is_free_for_directory(to) {
                    self.directory(&path, to)?;
                }
                return Ok(());
            }
            return self.add(from, to, Entry::link(relative_target(to, from)));
        }
        if !in_units {
            return self.add(from, to, Entry::link(relative_target(to, from)));
        }
        // An alias, or a link in a .wants directory: what it names is beside it in the image.
        if !target.starts_with(b"/") && !climbs_out(from, target, &self.top) {
            return self.add(from, to, Entry::link(target));
        }
        let is_same_name = name_of(&path) == name_of(to);
        let in_requirements = parent_of(to).and_then(requiring_unit).is_some();
        if is_same_name && !in_requirements {
            let entry = self.copy(from);
            return self.add(from, to, entry);
        }
        // An absolute link to a unit: beside it, or in the directory above if it is a requirement.
        let mut alias = if in_requirements {
            b"../".to_vec()
        } else {
            Vec::new()
        };
        alias.extend_from_slice(name_of(&path));
        self.add(from, to, Entry::link(alias))
    }

    fn add(&mut self, from: &[u8], to: &[u8], entry: Entry) -> Result<(), Error> {
        let Some(existing) = self.tree.get(to) else {
            self.tree.insert(to, entry);
            self.farm.origin.insert(to.to_vec(), self.package.clone());
            return Ok(());
        };
        if *existing == entry {
            return Ok(());
        }
        if self.farm.unsettled.remove(to).is_some() {
            self.tree.insert(to, entry);
            self.farm.origin.insert(to.to_vec(), self.package.clone());
            return Ok(());
        }
        if is_in(to, b"etc") {
            if self
                .farm
                .origin
                .get(to)
                .is_none_or(|origin| origin != self.package)
            {
                self.conflict(to);
            }
            return Ok(());
        }
        if is_in(to, b"usr/bin") {
            let first = self.origin(to);
            // bin and sbin of one package.
            if first != *self.package {
                let (shadowed, first) = (self.package.display(), first.display());
                self.farm.findings.push(findings::about(
                    &findings::SHADOWED_PROGRAM,
                    to,
                    format!("the program of {first} hides the one of {shadowed}"),
                    findings::SHADOWED_PROGRAM.remedy,
                ));
            }
            return Ok(());
        }
        if !self.has_same_content(from, to)? {
            self.conflict(to);
        }
        Ok(())
    }

    /// Whether what is at `to` already and what `from` leads to are the same.
    fn has_same_content(&self, from: &[u8], to: &[u8]) -> Result<bool, Error> {
        let (Some(one), Some(other)) = (self.tree.file(from), self.tree.file(to)) else {
            return Ok(false);
        };
        if one.size() != other.size() {
            return Ok(false);
        }
        let path = self.store.real_path(&self.store.directory);
        let reading = || io_error("comparing files of", &path);
        Ok(one.read().map_err(reading())? == other.read().map_err(reading())?)
    }

    fn origin(&self, to: &[u8]) -> PathBuf {
        self.farm.origin.get(to).cloned().unwrap_or_default()
    }

    fn conflict(&mut self, to: &[u8]) {
        let below = |path: &Vec<u8>| is_in(path, to);
        let origin = self.farm.origin.iter().find(|(path, _)| below(path));
        let first = origin
            .map(|(_, package)| package.clone())
            .unwrap_or_default();
        let (first, second) = (first.display(), self.package.display());
        let (kind, help) = if is_in(to, b"etc") {
            (
                &findings::DUPLICATE_ETC_PATH,
                findings::DUPLICATE_ETC_PATH.remedy,
            )
        } else {
            (
                &findings::DUPLICATE_VENDOR_FILE,
                findings::DUPLICATE_VENDOR_FILE.remedy,
            )
        };
        let message = format!("{first} and {second} have different files at this path");
        self.farm
            .findings
            .push(findings::about(kind, to, message, help));
    }
}

/// Whether units, drop-ins or links to units lie directly in this directory.
pub(crate) fn is_unit_directory(path: &[u8]) -> bool {
    let managers = [Manager::System, Manager::User];
    managers
        .into_iter()
        .flat_map(load_path)
        .any(|directory| is_in(path, directory.as_bytes()))
}

/// Whether a link leads to what exists only when the machine runs.
pub(crate) fn made_at_run_time(link: &[u8], target: &[u8], top: &[u8]) -> bool {
    let absolute = if let Some(absolute) = target.strip_prefix(b"/") {
        normal(absolute)
    } else {
        // In a package, its top stands for / or /usr.
        let below = link.strip_prefix(top).unwrap_or(link);
        let below = below.strip_prefix(b"/").unwrap_or(below);
        normal(&join(parent_of(below).unwrap_or(b""), target))
    };
    MADE_AT_RUN_TIME
        .iter()
        .any(|directory| is_in(&absolute, directory.as_bytes()))
}

/// Whether a relative link leads out of its package.
fn climbs_out(link: &[u8], target: &[u8], top: &[u8]) -> bool {
    !is_in(&target_in_image(link, target), top)
}

/// A path without `.` and `..`, as far as it can be said without looking.
fn normal(path: &[u8]) -> Vec<u8> {
    let absolute = normalize(&[b"/", path].concat()).unwrap_or_default();
    absolute.trim_with(|char| char == '/').to_vec()
}

#[cfg(test)]
mod tests;
