//! Which outputs of a package refer to which: Nix refuses outputs that refer to each other.

use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

use memchr::memmem::Finder;
use thiserror::Error;
use walkdir::WalkDir;

use crate::apply::TEMPORARY_NAME;
use crate::package::Package;
use crate::regular_file;
use crate::store::hash_part;
use crate::tree::Tree;

/// Which outputs refer to which, as their positions in the package.
#[derive(Clone, Debug)]
pub struct OutputReferences(Vec<Vec<bool>>);

/// A file of an output could not be read.
#[derive(Debug, Error)]
#[error("looking for references between outputs in {path}")]
#[non_exhaustive]
pub struct ReferencesError {
    /// The file or directory.
    pub path: PathBuf,
    /// The system's reason.
    pub source: io::Error,
}

impl OutputReferences {
    /// What the outputs of `package` refer to now, by all their files but those for which
    /// `is_left_out` holds (the position of an output, and the path in it).
    pub fn of(
        package: &Package,
        tree: &Tree,
        is_left_out: impl Fn(usize, &[u8]) -> bool,
    ) -> Result<Self, ReferencesError> {
        let count = package.outputs.len();
        let mut references = Self(vec![vec![false; count]; count]);
        let paths = package.outputs.iter().map(|output| hash_part(&output.path));
        let finders: Vec<Finder> = paths.map(Finder::new).collect();
        for (index, output) in package.outputs.iter().enumerate() {
            let top = tree.real_path(&output.path);
            for entry in WalkDir::new(&top).follow_links(false) {
                let entry = entry.map_err(|error| ReferencesError {
                    path: error.path().unwrap_or(&top).to_owned(),
                    source: error.into(),
                })?;
                let sub_path = entry.path().strip_prefix(&top).unwrap_or(entry.path());
                // What a killed run left is no part of the package.
                let leftover = entry.file_name() == TEMPORARY_NAME;
                if leftover || is_left_out(index, sub_path.as_os_str().as_bytes()) {
                    continue;
                }
                let error = |source: io::Error| ReferencesError {
                    path: entry.path().to_owned(),
                    source,
                };
                let content = if entry.file_type().is_file() {
                    regular_file::read_unlinked(entry.path()).map_err(error)?
                } else if entry.path_is_symlink() {
                    let target = fs::read_link(entry.path()).map_err(error)?;
                    target.as_os_str().as_bytes().to_vec()
                } else {
                    continue;
                };
                for (other, finder) in finders.iter().enumerate() {
                    if other != index && !references.0[index][other] {
                        references.0[index][other] = finder.find(&content).is_some();
                    }
                }
            }
        }
        Ok(references)
    }

    /// Whether `from` refers to `to`, be it through others.
    #[must_use]
    pub fn reaches(&self, from: usize, to: usize) -> bool {
        let mut seen = vec![false; self.0.len()];
        let mut next = vec![from];
        while let Some(output) = next.pop() {
            if output == to {
                return true;
            }
            if !std::mem::replace(&mut seen[output], true) {
                next.extend((0..self.0.len()).filter(|other| self.0[output][*other]));
            }
        }
        false
    }

    /// Whether a file in `output` can refer to all of `targets` without closing a cycle.
    #[must_use]
    pub fn allows(&self, output: usize, targets: &[usize]) -> bool {
        targets
            .iter()
            .all(|target| *target == output || !self.reaches(*target, output))
    }

    /// From now on, `output` counts as referring to all of `targets`.
    pub fn add(&mut self, output: usize, targets: &[usize]) {
        for target in targets.iter().filter(|target| **target != output) {
            self.0[output][*target] = true;
        }
    }
}
