//! Telling how far the work is.

use std::io;
use std::path::Path;

/// Is told what is being done, by several threads. The library prints nothing itself.
pub trait Progress: Sync {
    /// So many store paths more are to be looked at.
    fn found(&self, store_paths: usize);
    /// A store path was looked at.
    fn done(&self, store_path: &Path);
    /// Its facts could not be kept for the next run.
    fn not_cached(&self, store_path: &Path, error: &io::Error);
}

/// Nobody is told.
#[derive(Clone, Copy, Debug, Default)]
pub struct Quiet;

impl Progress for Quiet {
    fn found(&self, _store_paths: usize) {}
    fn done(&self, _store_path: &Path) {}
    fn not_cached(&self, _store_path: &Path, _error: &io::Error) {}
}
