//! The lint as a whole: facts, rules and findings.

use std::path::PathBuf;
use std::sync::Arc;

use hermetic_out::{Finding, Tree};

use crate::check;
use crate::error::Error;
use crate::facts::{FactSet, Name};
use crate::gather::{self, Sources};
use crate::progress::Progress;
use crate::threads::with_threads;

/// What was found, and how much was looked at.
#[derive(Debug)]
pub struct Linted {
    /// What is not right, sorted by file and place.
    pub findings: Vec<Finding>,
    /// How much that took.
    pub looked_at: Stats,
    /// All that is known of the store paths.
    pub known: Arc<FactSet>,
}

/// How much was looked at.
#[derive(Clone, Debug, Default)]
pub struct Stats {
    /// The names of the store paths, sorted.
    pub paths: Vec<Name>,
    /// How many files, directories and links they have.
    pub files: usize,
    /// How many of the store paths were read in this run, and not known before.
    pub read: usize,
    /// A path of which something could not be kept for the next run, and why: the first in order.
    pub not_cached: Option<(PathBuf, String)>,
}

/// Lints store paths: gets their facts, and asks all rules about them. Rules about closures are asked if
/// the sources are a closure.
///
/// Fails if a store path does not exist or cannot be looked at; a file in it that cannot be read is
/// something that is found.
pub fn lint(sources: Sources, progress: &dyn Progress) -> Result<Linted, Error> {
    with_threads(|| lint_here(sources, progress))
}

fn lint_here(sources: Sources, progress: &dyn Progress) -> Result<Linted, Error> {
    let is_closure = sources.closure;
    let gathered = gather::gather(sources, progress)?;
    let known = Arc::new(gathered.known);
    let tree = Tree::new(known.store().clone());
    let findings = check::located(check::check(&known, is_closure), &tree);
    let paths = known.paths().iter();
    let looked_at = Stats {
        files: paths.clone().map(|facts| facts.files.len()).sum(),
        paths: paths.map(|facts| Name::from(facts.name.clone())).collect(),
        read: gathered.read,
        not_cached: gathered.not_cached,
    };
    Ok(Linted {
        findings,
        looked_at,
        known,
    })
}
