//! The lint as a whole: facts, rules and findings, or what was found the last time.

use std::sync::Arc;

use hermetic_out::{Finding, Tree};

use crate::check;
use crate::error::Error;
use crate::facts::{FactSet, Name};
use crate::gather::{self, Sources};
use crate::progress::Progress;
use crate::result_cache::{Answer, Question};

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
    let named = store.read_closure(&gather::not_given(&sources))?;
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
    let tree = Tree::new(store.clone());
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
