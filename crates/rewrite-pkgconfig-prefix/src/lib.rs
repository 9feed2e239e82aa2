//! Makes `.pc` files tell the truth in a store.
//!
//! [`provider::plan`] is about the files that a package ships: every directory of its own outputs is
//! written through a variable, and what still says `/usr` becomes the output that has it.
//! [`consumer::plan`] is about the files that a build reads: those that say where *others* are to
//! install get a copy that says the package's own output. Both read the disk and write nothing;
//! `hermetic_out::apply` does what they say.

pub mod cli;
pub mod consumer;
mod error;
pub mod findings;
pub mod pc_files;
pub mod provider;

pub use error::Error;
