//! Whole shell scripts: the words that hold a path, what is done with each, and where there is no code.
//!
//! A script of its own is longer than the body of `sh -c` that [`shell`](crate::shell) parses, and holds
//! comments and here-documents. This is a lexer after POSIX, Shell Command Language, 2.2 to 2.10, and
//! bash(1): it knows quotes, expansions and where commands begin, but not which sequences of commands make
//! sense. Its time grows with the length of the script, whatever it holds.

mod interpreter;
mod lexer;
pub mod python;

pub use interpreter::{Language, interpreter, language};
pub use lexer::{MAX_SCRIPT_SIZE, scan};

use crate::mapped_text::{MappedText, Span};

/// What a script does with one of its words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Use {
    /// It is the name of a command.
    Command,
    /// It is an argument of a command.
    Argument,
    /// It is assigned to a variable, or what an expansion such as `${A:-word}` gives.
    Value,
    /// Input comes from it: `<`.
    Read,
    /// Output goes to it: `>`, `>>`, `<>`.
    Write,
    /// Something is compared with it: a pattern of `case`.
    Pattern,
    /// It stands where nothing is edited: in backquotes with backslashes.
    Data,
}

/// A word that holds a slash.
#[derive(Clone, Debug)]
pub struct Word {
    /// What it means, without quotes; expansions and globs are opaque.
    pub text: MappedText,
    /// What is done with it.
    pub place: Use,
    /// The name of the command that it belongs to, as it is written, without the directory in front of
    /// it; empty if there is none.
    pub command: Vec<u8>,
    /// The options in front of it, each after a blank.
    pub options: Vec<u8>,
    /// Whether no argument follows it.
    pub is_last: bool,
}

/// A command that reads commands from a file: `. FILE` or `source FILE`.
#[derive(Clone, Debug)]
pub struct Sourced {
    /// The file.
    pub text: MappedText,
    /// The command, from its name to the end of the file's word.
    pub span: Span,
    /// Whether another command can stand in its place: nothing stands in front of it or is handed to it.
    pub alone: bool,
}

/// What a script holds.
#[derive(Clone, Debug, Default)]
pub struct Script {
    /// The words that hold a slash, in the order in which they end.
    pub words: Vec<Word>,
    /// The files that it reads commands from; they are among the words, too.
    pub sourced: Vec<Sourced>,
    /// The bodies of its here-documents.
    pub here_documents: Vec<Span>,
    /// Where it cannot be understood: nothing of it should be changed then.
    pub problem: Option<Span>,
}
