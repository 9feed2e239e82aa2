//! The reader of shell in `hermetic-out-formats`, held against others that read shell: tree-sitter's
//! grammar of bash, which gives the commands of a text, and bash and dash themselves, which only say
//! whether they accept it.
//!
//! It is a package of its own, since it needs the reader, the real packages (which depend on none of the
//! product's crates) and a parser in C that nothing else is to be built with.

mod compare;
mod grammar;
mod shells;
pub mod texts;

pub use compare::{Difference, Outcome, compare};
pub use grammar::MAX_SIZE;

/// Where a command's name stands in a text, and how it is written there.
pub type Name = (usize, Vec<u8>);
