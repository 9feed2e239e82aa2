//! What a fixup comes to: a plan, what is not right, and how much there was.

use std::path::PathBuf;

use crate::configuration::ConfigurationFile;
use crate::finding::Finding;
use crate::plan::Plan;

/// What is to be done, and what was found.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Outcome {
    /// What is to be done.
    pub plan: Plan,
    /// What is not right, by output, file and line.
    pub findings: Vec<Finding>,
    /// How many references get another value, or are written in another way.
    pub replaced: usize,
    /// How many stay because they are right, or are to be kept.
    pub kept: usize,
    /// How many should be something else, but nobody has it.
    pub unresolved: usize,
    /// By output: the store paths that its files refer to after the plan and did not before.
    pub new_references: Vec<(String, Vec<PathBuf>)>,
    /// The configuration that the package ships, by path, if the tool is about that.
    pub configuration: Vec<ConfigurationFile>,
}
