#![doc = include_str!("../README.md")]

pub mod apply;
pub mod configuration;
pub mod finding;
mod glob;
pub mod kinds;
pub mod outcome;
pub mod output_references;
pub mod package;
pub mod plan;
pub mod regular_file;
pub mod resolve;
mod source_text;
pub mod store;
pub mod tree;
pub mod walk;

pub use finding::{Finding, FindingKind, Group, Place, Severity, kind_by_id};
pub use glob::Glob;
pub use outcome::Outcome;
pub use output_references::OutputReferences;
pub use package::{Output, Package};
pub use plan::{Change, Edit, FileEdits, Plan, PlanError};
pub use resolve::{Decision, Resolver};
pub use source_text::{Line, SourceText};
pub use store::{Store, StoreError};
pub use tree::{Listing, Moves, Tree, TreeView};
