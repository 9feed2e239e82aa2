//! What an output should not hold: empty directories of a machine's state, and what is to be removed.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::{Component, Path, PathBuf};

use hermetic_out::{Finding, Package, Tree};
use hermetic_out_formats::tables::state_directories;
use walkdir::WalkDir;

use crate::layout::{Layout, absolute, is_own_directory};
use crate::policy::Policy;
use crate::{Error, findings};

/// Directories that are for other package managers and boot loaders, relative to an output.
const UNUSED: &[&str] = &["lib/kernel", "lib/rpm"];

/// What goes, and what is to be said of what stays.
#[derive(Debug, Default)]
pub(crate) struct Pruned {
    /// All that goes, by its store path.
    pub(crate) paths: BTreeSet<PathBuf>,
    /// The same in an order in which each directory is empty when it goes.
    pub(crate) in_order: Vec<PathBuf>,
    /// Those of them that nobody asked to remove.
    empty: BTreeSet<PathBuf>,
    pub(crate) findings: Vec<Finding>,
}

/// Looks at the directories that are empty or to be removed.
pub(crate) fn find(package: &Package, tree: &Tree, policy: &Policy) -> Result<Pruned, Error> {
    let is_inside = |path: &Path| {
        let mut parts = path.components();
        !path.as_os_str().is_empty() && parts.all(|part| matches!(part, Component::Normal(_)))
    };
    if let Some(path) = policy.prune.iter().find(|path| !is_inside(path)) {
        return Err(Error::PruneOutside { path: path.clone() });
    }
    let mut pruned = Pruned::default();
    for output in &package.outputs {
        let is_directory = |path: &Path| is_own_directory(tree, &output.path, path);
        for directory in &policy.prune {
            let path = output.path.join(directory);
            if is_directory(&path) {
                let all = contents(tree, &path)?;
                pruned.add(all.into_iter().map(|(path, _)| path));
            }
        }
        for name in state_directories() {
            let path = output.path.join(name);
            if !is_directory(&path) || pruned.paths.contains(&path) {
                continue;
            }
            let all = contents(tree, &path)?;
            if all.iter().all(|(_, is_directory)| *is_directory) {
                pruned
                    .empty
                    .extend(all.iter().map(|(path, _)| path.clone()));
                pruned.add(all.into_iter().map(|(path, _)| path));
            } else {
                let finding = if name.contains("credstore") {
                    findings::about(
                        &findings::CREDENTIAL_IN_STORE,
                        &path,
                        name.as_bytes(),
                        "the directory contains credentials that everybody can read",
                        "remove them from the package, or with --prune",
                    )
                } else {
                    findings::about(
                        &findings::STATE_IN_OUTPUT,
                        &path,
                        name.as_bytes(),
                        "the directory is for the state of a machine, and contains files",
                        findings::STATE_IN_OUTPUT.remedy,
                    )
                };
                pruned.findings.push(finding);
            }
        }
        for name in UNUSED {
            let path = output.path.join(name);
            if is_directory(&path) && !pruned.paths.contains(&path) {
                pruned.findings.push(findings::about(
                    &findings::FOREIGN_PACKAGE_DIRECTORY,
                    &path,
                    name.as_bytes(),
                    "nothing reads the directory in a store path",
                    format!("remove the directory with --prune {name}"),
                ));
            }
        }
    }
    Ok(pruned)
}

impl Pruned {
    fn add(&mut self, paths: impl Iterator<Item = PathBuf>) {
        for path in paths {
            if self.paths.insert(path.clone()) {
                self.in_order.push(path);
            }
        }
    }

    /// Keeps the empty directories that symlinks lead to.
    pub(crate) fn keep(&mut self, led_to: &BTreeSet<PathBuf>) {
        let empty = &self.empty;
        let goes = |path: &PathBuf| !(empty.contains(path) && led_to.contains(path));
        self.paths.retain(goes);
        self.in_order.retain(goes);
    }

    /// Whether a file goes.
    pub(crate) fn holds(&self, path: &Path) -> bool {
        self.paths.contains(path)
    }
}

/// The directories of outputs that symlinks of all outputs lead to, when all has moved, and those above
/// them: a link must not lead to nothing because an empty directory has gone.
pub(crate) fn led_to(
    package: &Package,
    tree: &Tree,
    layout: &Layout,
) -> Result<BTreeSet<PathBuf>, Error> {
    let mut all = BTreeSet::new();
    for output in &package.outputs {
        let real = tree.real_path(&output.path);
        for entry in WalkDir::new(&real) {
            let failure = |path: &Path, source| Error::Read {
                path: path.to_owned(),
                source,
            };
            let entry = entry.map_err(|failed| {
                let path = failed.path().unwrap_or(&real).to_owned();
                failure(&path, failed.into())
            })?;
            if !entry.path_is_symlink() {
                continue;
            }
            let target =
                fs::read_link(entry.path()).map_err(|source| failure(entry.path(), source))?;
            let inside = entry.path().strip_prefix(&real).unwrap_or(entry.path());
            let means = absolute(&output.path.join(inside), &target);
            let means = layout.new_place(&means).unwrap_or(means);
            let is_directory = tree
                .real_path(&means)
                .symlink_metadata()
                .is_ok_and(|found| found.is_dir());
            if let Some(output) = package.output_of(&means).filter(|_| is_directory) {
                let parents = means.ancestors();
                let parents = parents.take_while(|parent| *parent != output.path);
                all.extend(parents.map(Path::to_owned));
            }
        }
    }
    Ok(all)
}

/// All that a directory holds, and itself last; and whether it is a directory.
fn contents(tree: &Tree, directory: &Path) -> Result<Vec<(PathBuf, bool)>, Error> {
    let real = tree.real_path(directory);
    let mut all = Vec::new();
    for entry in WalkDir::new(&real).sort_by_file_name().contents_first(true) {
        let entry = entry.map_err(|failed| Error::Read {
            path: failed.path().unwrap_or(&real).to_owned(),
            source: failed.into(),
        })?;
        let inside = entry.path().strip_prefix(&real).unwrap_or(entry.path());
        let path = if inside.as_os_str().as_bytes().is_empty() {
            directory.to_owned()
        } else {
            directory.join(inside)
        };
        all.push((path, entry.file_type().is_dir()));
    }
    Ok(all)
}
