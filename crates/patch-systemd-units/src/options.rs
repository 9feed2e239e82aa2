//! What the user can choose.

use std::path::PathBuf;

use hermetic_out::resolve::Choices;

/// What the user can choose beside the package.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// What the user says about single references.
    pub choices: Choices,
    /// Whether a missing program is an error.
    pub missing_is_error: bool,
    /// The output that takes the units that have to move.
    pub unit_output: Option<String>,
    /// Store paths that no replacement may refer to.
    pub forbidden_references: Vec<PathBuf>,
    /// Whether desktop entries are read: an absolute program breaks wrappers and autostart.
    pub desktop_entries: bool,
}
