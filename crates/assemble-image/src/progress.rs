//! Progress of the work.

/// Receives progress. The library prints nothing itself.
pub(crate) trait Progress: Sync {
    /// A new step begins.
    fn step(&self, text: &str);
    /// The step will write so many bytes.
    fn total(&self, bytes: u64);
    /// So many bytes more were written.
    fn advance(&self, bytes: u64);
}

/// Discards progress.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Quiet;

impl Progress for Quiet {
    fn step(&self, _text: &str) {}
    fn total(&self, _bytes: u64) {}
    fn advance(&self, _bytes: u64) {}
}
