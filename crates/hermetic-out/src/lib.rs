//! What a package's files name, and what they should name instead.
//!
//! The model that all tools share: a scanner of [`hermetic_out_formats`] finds references, the
//! [`Resolver`] decides what each should be, a [`Plan`] holds what is to be done,
//! and [`apply`](apply::apply) does it. What is not right is a [`Finding`]. No command line, no
//! rendering, no printing.

pub mod apply;
pub mod finding;
pub mod outcome;
pub mod output_references;
pub mod package;
pub mod plan;
pub mod resolve;
pub mod tree;
pub mod walk;

pub use finding::{Finding, FindingKind, Group, Place, Severity, kind_by_id};
pub use outcome::Outcome;
pub use output_references::OutputReferences;
pub use package::{Output, Package};
pub use plan::{Change, Edit, FileEdits, Plan, PlanError};
pub use resolve::{Decision, Resolver};
pub use tree::{Listing, Tree};
