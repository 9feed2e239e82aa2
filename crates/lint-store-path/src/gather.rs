//! Getting the facts of store paths: from files, from the cache, else by reading.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use hermetic_out::Store;
use rayon::prelude::*;

use crate::cache::Cache;
use crate::error::{Error, io_error};
use crate::facts::file::Reader;
use crate::facts::{self, FactSet, PathFacts};
use crate::progress::{Progress, Unit};
use crate::threads::with_threads;

/// What is to be looked at.
#[derive(Clone, Debug)]
pub struct Sources {
    /// The store.
    pub store: Store,
    /// Store paths, and lists of store paths: see [`Store::read_closure`].
    pub arguments: Vec<PathBuf>,
    /// Whether what they refer to is looked at, too.
    pub closure: bool,
    /// Where facts are kept from one run to the next.
    pub cache: Option<Cache>,
    /// Facts that were read before, by whoever: they take the place of reading.
    pub given: Vec<PathFacts>,
}

/// What is known of the store paths that were asked for.
#[derive(Debug)]
pub struct Gathered {
    /// Their facts.
    pub known: FactSet,
    /// How many of them were neither given nor in the cache.
    pub read: usize,
    /// One whose facts could not be kept for the next run, and why: the first in order.
    pub not_cached: Option<(PathBuf, String)>,
}

/// The arguments whose facts are not given: what is given need not exist.
fn not_given(sources: &Sources) -> Vec<PathBuf> {
    let Sources {
        store,
        arguments,
        given,
        ..
    } = sources;
    let given: BTreeSet<PathBuf> = given
        .iter()
        .map(|facts| store.path_of_name(&facts.name))
        .collect();
    let arguments = arguments.iter();
    arguments
        .filter(|path| !given.contains(*path))
        .cloned()
        .collect()
}

/// Gets the facts of all that is to be looked at.
pub fn gather(sources: Sources, progress: &dyn Progress) -> Result<Gathered, Error> {
    with_threads(|| gather_here(sources, progress))
}

fn gather_here(sources: Sources, progress: &dyn Progress) -> Result<Gathered, Error> {
    let named = sources.store.read_closure(&not_given(&sources))?;
    let store = &sources.store;
    let given = sources.given.into_iter();
    let mut known: BTreeMap<PathBuf, PathFacts> = given
        .map(|facts| (store.path_of_name(&facts.name), facts))
        .collect();
    let mut wanted: BTreeSet<PathBuf> = named.listed.into_iter().collect();
    // A list is a whole closure: only what else was named is followed.
    let mut followed: Vec<PathBuf> = Vec::new();
    if sources.closure {
        let arguments = sources.arguments.into_iter();
        followed.extend(arguments.filter(|path| known.contains_key(path)));
        match store.requisites(&named.paths) {
            Some(closure) => wanted.extend(closure),
            None => followed.extend_from_slice(&named.paths),
        }
    }
    wanted.extend(named.paths);

    let task = Task {
        reader: Reader::new(store).map_err(|error| {
            io_error("reading store paths of", &store.directory)(std::io::Error::other(error))
        })?,
        store,
        cache: sources.cache.as_ref(),
        progress,
        read: AtomicUsize::new(0),
        not_cached: Mutex::default(),
    };
    let mut seen: BTreeSet<PathBuf> = followed.iter().cloned().collect();
    loop {
        wanted.retain(|path| !known.contains_key(path));
        let next: Vec<PathBuf> = std::mem::take(&mut wanted).into_iter().collect();
        progress.total(next.len() as u64, Unit::StorePaths);
        let found: Result<Vec<PathFacts>, Error> =
            next.par_iter().map(|path| task.facts_of(path)).collect();
        known.extend(next.into_iter().zip(found?));
        if followed.is_empty() {
            break;
        }
        for path in std::mem::take(&mut followed) {
            let references = known.get(&path).map(|facts| facts.references.as_slice());
            for name in references.unwrap_or_default() {
                let path = store.path_of_name(name);
                if seen.contains(&path) {
                    continue;
                }
                // What only looks like a store path is none.
                if store.real_path(&path).symlink_metadata().is_ok() {
                    seen.insert(path.clone());
                    wanted.insert(path.clone());
                    followed.push(path);
                }
            }
        }
    }
    let read = task.read.into_inner();
    let not_cached = task.not_cached.into_inner();
    let mut not_cached = not_cached.unwrap_or_else(PoisonError::into_inner);
    let known = FactSet::new(store.clone(), known.into_values().collect());
    Ok(Gathered {
        known,
        read,
        not_cached: not_cached.pop_first(),
    })
}

struct Task<'a> {
    reader: Reader,
    store: &'a Store,
    cache: Option<&'a Cache>,
    progress: &'a dyn Progress,
    read: AtomicUsize,
    /// What could not be kept, and why.
    not_cached: Mutex<BTreeMap<PathBuf, String>>,
}

impl Task<'_> {
    fn facts_of(&self, path: &Path) -> Result<PathFacts, Error> {
        let store = self.store;
        let facts = if let Some(facts) = self.cache.and_then(|cache| cache.get(store, path)) {
            facts
        } else {
            self.read.fetch_add(1, Ordering::Relaxed);
            let facts = facts::read(store, &self.reader, path)?;
            if let Some(cache) = self.cache
                && let Err(error) = cache.put(store, path, &facts)
            {
                let not_cached = self.not_cached.lock();
                let mut not_cached = not_cached.unwrap_or_else(PoisonError::into_inner);
                not_cached.insert(path.to_owned(), error.to_string());
            }
            facts
        };
        let name = path.file_name().unwrap_or_default();
        self.progress.item(&name.to_string_lossy());
        self.progress.advance(1);
        Ok(facts)
    }
}
