//! Getting the facts of store paths: from files, from the cache, else by reading.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use rayon::prelude::*;

use crate::cache::Cache;
use crate::closure::{ask_nix, named};
use crate::error::{Error, io_error};
use crate::facts::file::Reader;
use crate::facts::{self, Known, PathFacts};
use crate::progress::Progress;
use crate::store::Store;

/// What is to be looked at.
#[derive(Clone, Debug)]
pub struct Sources {
    /// The store.
    pub store: Store,
    /// Store paths, and lists of store paths: see [`named`].
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
    pub known: Known,
    /// How many of them were neither given nor in the cache.
    pub read: usize,
}

/// Gets the facts of all that is to be looked at.
pub fn gather(sources: Sources, progress: &dyn Progress) -> Result<Gathered, Error> {
    let Sources {
        store,
        mut arguments,
        closure,
        cache,
        given,
    } = sources;
    let store = &store;
    let given = given.into_iter();
    let mut known: BTreeMap<PathBuf, PathFacts> = given
        .map(|facts| (store.named(&facts.name), facts))
        .collect();
    // What is given need not exist.
    arguments.retain(|path| !known.contains_key(path));
    let named = named(store, &arguments)?;
    let mut wanted: BTreeSet<PathBuf> = named.listed.into_iter().collect();
    let mut follows = false;
    if closure {
        match ask_nix(store, &named.paths) {
            Some(closure) => wanted.extend(closure),
            None => follows = true,
        }
    }
    wanted.extend(named.paths);

    let task = Task {
        reader: Reader::new(store).map_err(|error| {
            io_error("reading store paths of", &store.directory)(std::io::Error::other(error))
        })?,
        store,
        cache: cache.as_ref(),
        progress,
        read: AtomicUsize::new(0),
    };
    wanted.retain(|path| !known.contains_key(path));
    let mut next: Vec<PathBuf> = wanted.into_iter().collect();
    loop {
        progress.found(next.len());
        let found: Result<Vec<PathFacts>, Error> =
            next.par_iter().map(|path| task.facts_of(path)).collect();
        for (path, facts) in next.drain(..).zip(found?) {
            known.insert(path, facts);
        }
        if follows {
            let references = known.values().flat_map(|facts| &facts.references);
            let paths: BTreeSet<PathBuf> = references
                .map(|name| store.named(name))
                .filter(|path| !known.contains_key(path))
                // What only looks like a store path is none.
                .filter(|path| store.real_path(path).symlink_metadata().is_ok())
                .collect();
            next.extend(paths);
        }
        if next.is_empty() {
            break;
        }
    }
    let read = task.read.into_inner();
    let known = Known::new(store.clone(), known.into_values().collect());
    Ok(Gathered { known, read })
}

struct Task<'a> {
    reader: Reader,
    store: &'a Store,
    cache: Option<&'a Cache>,
    progress: &'a dyn Progress,
    read: AtomicUsize,
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
                self.progress.not_cached(path, &error);
            }
            facts
        };
        self.progress.done(path);
        Ok(facts)
    }
}
