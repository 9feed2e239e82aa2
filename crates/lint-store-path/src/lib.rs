//! Says everything that a finished store path gets wrong, whoever built it.
//!
//! Files are read once, and become [facts](facts::PathFacts); [rules](rules::RULES) look at facts alone.
//! So facts can come from a [cache](cache::Cache), or from a file that another process wrote, and rules
//! always see the closure that they are asked about. Only if all of that is as it was the last time, what
//! was found then is taken. Nothing is written but the cache.
//!
//! ```
//! use lint_store_path::{Sources, Store, lint, progress::Quiet};
//!
//! let root = tempfile::tempdir()?;
//! let path = "nix/store/0123456789abcdfghijklmnpqrsvwxyz-x";
//! std::fs::create_dir_all(root.path().join(path))?;
//! std::os::unix::fs::symlink("gone", root.path().join(path).join("link"))?;
//! let sources = Sources {
//!     store: Store { directory: "/nix/store".into(), root: Some(root.path().into()) },
//!     arguments: vec![format!("/{path}").into()],
//!     closure: false,
//!     cache: None,
//!     given: Vec::new(),
//!     wants_facts: false,
//! };
//! let linted = lint(sources, &Quiet)?;
//! assert_eq!(linted.findings[0].kind.id, "dangling-symlink");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod cache;
pub mod check;
pub mod cli;
pub mod closure;
mod directives;
pub mod error;
mod etc_mentions;
pub mod facts;
pub mod gather;
pub mod libraries;
mod links;
mod merged_unit;
mod pkg_config;
pub mod progress;
pub mod reporter;
mod resolved_reference;
mod result_cache;
pub mod rule;
pub mod rules;
mod shebang;
mod stamp;
pub mod store;
mod systemd;

use std::sync::Arc;

use hermetic_out::{Finding, Tree};

pub use error::Error;
pub use facts::FactSet;
use facts::Name;
pub use gather::Sources;
use progress::Progress;
pub use reporter::Diagnostic;
use result_cache::{Answer, Question};
pub use store::Store;

/// What was found, and how much was looked at.
#[derive(Debug)]
pub struct Linted {
    /// What is not right, sorted by file and place.
    pub findings: Vec<Finding>,
    /// How much that took.
    pub looked_at: Stats,
    /// All that is known of the store paths; `None` if nothing has changed since they were linted last,
    /// and [`Sources::wants_facts`] was not set.
    pub known: Option<Arc<FactSet>>,
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
}

/// Lints store paths: gets their facts, and asks all rules about them. Rules about closures are asked if
/// the sources are a closure.
///
/// Fails if a store path does not exist or cannot be looked at; a file in it that cannot be read is
/// something that is found.
pub fn lint(sources: Sources, progress: &dyn Progress) -> Result<Linted, Error> {
    let store = sources.store.clone();
    let named = closure::closure_arguments(&store, &gather::not_given(&sources))?;
    let cache = sources.cache.as_ref().filter(|_| sources.given.is_empty());
    let question = cache.map(|cache| Question::new(&store, cache, &named, sources.closure));
    if let Some(question) = &question
        && !sources.wants_facts
        && let Some(Answer {
            findings,
            looked_at,
        }) = question.answer()
    {
        return Ok(Linted {
            findings,
            looked_at,
            known: None,
        });
    }
    let is_closure = sources.closure;
    let gathered = gather::gather_arguments(sources, named, progress)?;
    let known = Arc::new(gathered.known);
    let (found, mut asked) = check::check_and_note(&known, is_closure);
    let tree = Tree::new(store.directory.clone(), store.root.clone());
    let findings = check::located(found, &tree);
    // One store path is linted as fast as it is looked for here.
    if let Some(question) = question.filter(|_| known.paths().len() > 1) {
        asked.extend(gathered.absent);
        if let Err(error) = question.keep(known.paths(), &asked, &findings) {
            progress.not_cached(&store.directory, &error);
        }
    }
    let paths = known.paths().iter();
    let looked_at = Stats {
        files: paths.clone().map(|facts| facts.files.len()).sum(),
        paths: paths.map(|facts| Name::from(facts.name.clone())).collect(),
        read: gathered.read,
    };
    Ok(Linted {
        findings,
        looked_at,
        known: Some(known),
    })
}
