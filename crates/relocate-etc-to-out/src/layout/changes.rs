//! What is to be done so that everything is where it belongs.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use hermetic_out::Change;
use hermetic_out::apply::TEMPORARY_NAME;
use hermetic_out::package::relative;
use hermetic_out_formats::tables::vendor_directories;
use walkdir::WalkDir;

use super::{Content, Entry, Layout, is_own_directory, is_read, nest_of};
use crate::Error;

impl Layout<'_> {
    /// What is done before any file is edited: what is there twice becomes one, while both are the same.
    pub(crate) fn changes_before_edits(&self) -> Vec<Change> {
        let mut changes = Vec::new();
        for entry in self.entries.iter().filter(|entry| entry.is_double) {
            let is_file = |place: &&PathBuf| self.entry(place).is_some();
            if let Some(place) = entry.link.as_ref().filter(|place| !is_file(place)) {
                changes.push(link_to(place, &entry.to));
            }
            changes.push(change_of(entry));
        }
        changes
    }

    /// What is done after the files are edited where they are. A symlink is made before what it leads to
    /// arrives, so that a killed run leaves something from which the next one sees that it is wanted.
    pub(crate) fn changes_after_edits(&self) -> Vec<Change> {
        let mut changes = Vec::new();
        for entry in self.entries.iter().filter(|entry| !entry.is_double) {
            if let Some(place) = &entry.link {
                changes.push(link_to(place, &entry.to));
            }
            match &entry.content {
                Content::Link(target) => {
                    changes.push(Change::Link {
                        path: entry.to.clone(),
                        target: self.target_from(&entry.from, &entry.to, target),
                    });
                    changes.push(if entry.leaves_link {
                        link_to(&entry.from, &entry.to)
                    } else {
                        Change::Remove {
                            path: entry.from.clone(),
                        }
                    });
                }
                _ => changes.push(change_of(entry)),
            }
        }
        changes
    }

    /// The directories that are empty in the end, the deepest first: of the wrong places, and of those
    /// below etc that are moved as a whole.
    pub(crate) fn emptied_directories(
        &self,
        gone: &BTreeSet<PathBuf>,
        led_to: &BTreeSet<PathBuf>,
    ) -> Result<Vec<PathBuf>, Error> {
        let mut candidates = BTreeSet::new();
        for output in self.package.outputs.iter().filter(|output| is_read(output)) {
            let nest = nest_of(self.package);
            let mut tops = vec![output.path.join("usr/etc"), output.path.join(&nest)];
            if output.is_runtime() {
                let units = vendor_directories().filter(|known| !known.leaves_link);
                tops.extend(units.map(|known| output.path.join("etc").join(known.etc)));
            } else {
                tops.push(output.path.join("etc"));
            }
            for top in tops {
                let parents = top.ancestors().skip(1);
                let parents = parents.take_while(|parent| *parent != output.path);
                candidates.extend(parents.map(Path::to_owned));
                let real = self.tree.real_path(&top);
                if !is_own_directory(self.tree, &output.path, &top) {
                    continue;
                }
                for entry in WalkDir::new(&real).sort_by_file_name() {
                    let entry = entry.map_err(|failed| Error::Read {
                        path: failed.path().unwrap_or(&real).to_owned(),
                        source: failed.into(),
                    })?;
                    let inside = entry.path().strip_prefix(&real).unwrap_or(entry.path());
                    if entry.file_type().is_dir() && inside.as_os_str().is_empty() {
                        candidates.insert(top.clone());
                    } else if entry.file_type().is_dir() {
                        candidates.insert(top.join(inside));
                    }
                }
            }
        }
        let leaves = |entry: &&Entry| !entry.leaves_link;
        let mut gone: BTreeSet<PathBuf> = gone.clone();
        gone.extend(
            self.entries
                .iter()
                .filter(leaves)
                .map(|entry| entry.from.clone()),
        );
        let arrives: Vec<&PathBuf> = self
            .entries
            .iter()
            .flat_map(|entry| std::iter::once(&entry.to).chain(&entry.link))
            .collect();
        let mut emptied = Vec::new();
        // What is deeper sorts after what it is in.
        for directory in candidates.iter().rev() {
            let output = self.package.output_of(directory);
            let exists =
                output.is_some_and(|output| is_own_directory(self.tree, &output.path, directory));
            let is_new = arrives.iter().any(|path| path.starts_with(directory));
            if !exists || is_new || gone.contains(directory) || led_to.contains(directory) {
                continue;
            }
            let names = self.tree.names(directory).map_err(|source| Error::Read {
                path: directory.clone(),
                source,
            })?;
            let stays = |name: &std::ffi::OsString| {
                name != TEMPORARY_NAME && !gone.contains(&directory.join(name))
            };
            if !names.iter().any(stays) {
                gone.insert(directory.clone());
                emptied.push(directory.clone());
            }
        }
        Ok(emptied)
    }
}

/// What brings an entry to its new place.
fn change_of(entry: &Entry) -> Change {
    let (from, to) = (entry.from.clone(), entry.to.clone());
    match (&entry.content, entry.leaves_link, entry.is_double) {
        (Content::Link(_), true, _) => link_to(&from, &to),
        (_, true, _) => Change::MoveLeavingLink {
            target: relative(from.parent().unwrap_or(&from), &to),
            from,
            to,
        },
        (_, false, true) => Change::Remove { path: from },
        (_, false, false) => Change::Move { from, to },
    }
}

/// A relative symlink at `place` that leads to `to`.
fn link_to(place: &Path, to: &Path) -> Change {
    Change::Link {
        path: place.to_owned(),
        target: relative(place.parent().unwrap_or(place), to),
    }
}
