//! Showing how far the work is.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::exit_status::Streams;
use crate::report::Style;

/// Receives how far the work is, from several threads. Libraries print nothing themselves.
pub trait Progress: Sync {
    /// A step begins. How long it takes is unknown until [`Progress::total`].
    fn step(&self, text: &str);
    /// The step has so many units, in addition to those it had.
    fn total(&self, amount: u64, unit: Unit);
    /// So many units more are done.
    fn advance(&self, amount: u64);
    /// What the step is at.
    fn item(&self, name: &str);
}

/// In what the length of a step is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Unit {
    /// Bytes that are written.
    Bytes,
    /// Store paths that are read.
    StorePaths,
}

/// Shows nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Quiet;

impl Progress for Quiet {
    fn step(&self, _text: &str) {}
    fn total(&self, _amount: u64, _unit: Unit) {}
    fn advance(&self, _amount: u64) {}
    fn item(&self, _name: &str) {}
}

/// With fewer store paths, the line would be gone before anybody could read it.
const MANY_STORE_PATHS: u64 = 20;

/// A line on standard error, removed when this is dropped; nothing where it could not be replaced.
#[derive(Debug)]
pub struct Bar {
    line: ProgressBar,
    is_wanted: bool,
}

impl Bar {
    /// No line yet: it appears with the first step, or once there is much to do.
    #[must_use]
    pub fn new(streams: &Streams<'_>, style: Style) -> Self {
        // A Nix build has a terminal, too, whose lines go into a log.
        let can_move = std::env::var_os("TERM").is_some_and(|terminal| terminal != "dumb");
        Self {
            line: ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden()),
            is_wanted: streams.stderr_is_terminal && can_move && !style.quiet,
        }
    }

    fn show(&self) {
        if self.line.is_hidden() {
            self.line.set_draw_target(ProgressDrawTarget::stderr());
        }
    }
}

impl Progress for Bar {
    fn step(&self, text: &str) {
        if !self.is_wanted {
            return;
        }
        self.show();
        self.line.enable_steady_tick(Duration::from_millis(120));
        self.line.unset_length();
        self.line.set_position(0);
        self.line.set_style(ProgressStyle::default_spinner());
        self.line.set_message(text.to_owned());
    }

    fn total(&self, amount: u64, unit: Unit) {
        if !self.is_wanted {
            return;
        }
        let template = match unit {
            Unit::Bytes => "{msg} {wide_bar} {binary_bytes}/{binary_total_bytes}",
            Unit::StorePaths => "{pos} of {len} store paths  {wide_msg}",
        };
        if let Ok(style) = ProgressStyle::with_template(template) {
            self.line.set_style(style);
        }
        let total = self.line.length().unwrap_or(0) + amount;
        self.line.set_length(total);
        if unit == Unit::Bytes || total >= MANY_STORE_PATHS {
            self.show();
        }
    }

    fn advance(&self, amount: u64) {
        if self.is_wanted {
            self.line.inc(amount);
        }
    }

    fn item(&self, name: &str) {
        if self.is_wanted {
            self.line.set_message(name.to_owned());
        }
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.line.finish_and_clear();
    }
}
