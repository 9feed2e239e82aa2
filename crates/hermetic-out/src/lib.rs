//! What a package's files name, and what they should name instead.
//!
//! The model that all tools share: a scanner of [`hermetic_out_formats`] finds references, the
//! [`Resolver`](resolve::Resolver) decides what each should be, a [`Plan`](plan::Plan) holds what is
//! to be done, and [`apply`](apply::apply) does it. What is not right is a
//! [`Finding`](finding::Finding). No command line, no rendering, no printing.

pub mod finding;
pub mod plan;

pub use finding::{Finding, FindingKind, Place, Severity};
pub use plan::{Change, Edit, FileEdits, Plan, PlanError};
