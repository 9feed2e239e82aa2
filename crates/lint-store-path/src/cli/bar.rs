//! A line on the terminal that says how far the work is.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use anyhow::Context;
use hermetic_out_command_line::Streams;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::progress::Progress;

/// Fewer store paths are looked at before anybody could read the line.
const WORTH_SAYING: u64 = 20;

/// The line.
pub(super) struct Bar {
    line: ProgressBar,
    is_terminal: bool,
    is_verbose: bool,
    /// What could not be kept, and why.
    not_cached: Mutex<Vec<(PathBuf, String)>>,
}

impl Bar {
    pub(super) fn new(is_terminal: bool, is_verbose: bool) -> Self {
        let bar = ProgressBar::with_draw_target(Some(0), ProgressDrawTarget::hidden());
        if let Ok(style) = ProgressStyle::with_template("{pos} of {len} store paths  {wide_msg}") {
            bar.set_style(style);
        }
        Self {
            line: bar,
            is_terminal,
            is_verbose,
            not_cached: Mutex::default(),
        }
    }

    /// Removes the line, and says what could not be said before.
    pub(super) fn finish(&self, streams: &mut Streams<'_>) -> anyhow::Result<()> {
        self.line.finish_and_clear();
        let mut not_cached = self
            .not_cached
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        not_cached.sort();
        // The reason is the same for all of them.
        if let Some((path, reason)) = not_cached.first().filter(|_| self.is_verbose) {
            let path = path.display();
            writeln!(
                streams.stderr,
                "what was read of {path} could not be kept for the next run: {reason}"
            )
            .context("writing to standard error")?;
        }
        Ok(())
    }
}

impl Progress for Bar {
    fn found(&self, store_paths: usize) {
        self.line.inc_length(store_paths as u64);
        if self.is_terminal && self.line.length() >= Some(WORTH_SAYING) {
            self.line.set_draw_target(ProgressDrawTarget::stderr());
        }
    }

    fn done(&self, store_path: &Path) {
        if self.is_terminal {
            let name = store_path.file_name().unwrap_or_default();
            self.line.set_message(name.to_string_lossy().into_owned());
            self.line.inc(1);
        }
    }

    fn not_cached(&self, store_path: &Path, error: &io::Error) {
        let mut not_cached = self
            .not_cached
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        not_cached.push((store_path.to_owned(), error.to_string()));
    }
}
