//! What the user chooses.

use hermetic_out::resolve::Choices;

use crate::policy::Policy;

/// What the user can choose beside the package.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// What the user says about single references: what stays, and what becomes what.
    pub choices: Choices,
    /// What becomes of the package's configuration.
    pub policy: Policy,
}
