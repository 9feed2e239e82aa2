//! Scripts: the language that their first line names, and what is read of others than
//! [`shell`](crate::shell).

mod interpreter;
pub mod python;

pub use interpreter::{Language, interpreter, language};
