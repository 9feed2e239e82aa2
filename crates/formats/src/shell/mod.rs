//! Shell: the bodies of `sh -c`, modprobe's commands, and whole scripts.
//!
//! One reader (POSIX, Shell Command Language; bash(1)) goes through a text once and knows where commands
//! begin: reserved words, assignments, redirections, `case`, functions, here-documents. What is open
//! stands on a stack of its own, so that neither time nor memory grows faster than the text.
//! [`commands`] gives what it finds, [`scan`] the words of a script that can hold a path.

mod pieces;
mod reader;
mod references;

use crate::command_line::base_name;
use crate::mapped_text::{MappedText, Span};

pub(crate) use references::{Names, scan_script};

/// As much of a command's name, and of each of its options, as a [`Word`] keeps.
const MAX_NAME: usize = 64;

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
    /// It ends a here-document.
    Delimiter,
    /// It stands where nothing is edited: in backquotes that hold no commands that can be read.
    Data,
}

/// What a group of words belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CommandKind {
    /// A simple command, or the redirections of a compound one.
    Simple,
    /// `for` or `select`: the words that it goes through.
    For,
    /// `case`: its subject, or the patterns of one of its clauses.
    Case,
    /// `[[ … ]]`
    Test,
    /// The elements of an array: `A=(…)`.
    Array,
    /// What stands in an expansion: `${A:-word}`, backquotes that cannot be read.
    Expansion,
}

/// A word of a command.
#[derive(Clone, Debug)]
pub struct CommandWord {
    /// What it means, without quotes; expansions and globs are opaque.
    pub text: MappedText,
    /// What is done with it.
    pub place: Use,
    /// The stretch of the file in which it stands, with its quotes.
    pub span: Span,
}

/// A command, with its words in their order.
#[derive(Clone, Debug)]
pub struct Command {
    /// What the words belong to.
    pub kind: CommandKind,
    /// The words: assignments, the name, arguments, targets of redirections.
    pub words: Vec<CommandWord>,
    /// Whether it stands in an expansion in the body of a here-document.
    pub in_here_document: bool,
}

impl Command {
    /// Its name; `None` for words that are no simple command's, and if it only assigns or redirects.
    #[must_use]
    pub fn name(&self) -> Option<&CommandWord> {
        self.words.iter().find(|word| word.place == Use::Command)
    }

    /// What its words are said to belong to: the name without the directory in front of it, or the
    /// reserved word.
    fn short_name(&self) -> &[u8] {
        let name: &[u8] = match self.kind {
            CommandKind::For => b"for",
            CommandKind::Case if self.words.iter().all(|word| word.place == Use::Argument) => {
                b"case"
            }
            CommandKind::Test => b"[[",
            _ => self.name().map_or(b"", |name| base_name(name.text.bytes())),
        };
        name.get(..MAX_NAME).unwrap_or(name)
    }
}

/// The commands of a shell's text, in the order in which they end, and the names of the functions that
/// it defines. Fails with the place that neither bash nor a POSIX shell understands.
pub fn commands(text: &MappedText) -> Result<(Vec<Command>, Vec<Vec<u8>>), Span> {
    let (found, problem) = reader::read(text, |found: &mut (Vec<_>, Vec<_>), event| match event {
        reader::Event::Command(command) => found.0.push(command),
        reader::Event::Function(name) => found.1.push(name),
        reader::Event::HereDocument(_) => {}
    });
    match problem {
        None => Ok(found),
        Some(problem) => Err(problem),
    }
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
    /// The words that hold a slash, in the order in which they end; without those in here-documents.
    pub words: Vec<Word>,
    /// The files that it reads commands from; they are among the words, too.
    pub sourced: Vec<Sourced>,
    /// The bodies of its here-documents.
    pub here_documents: Vec<Span>,
    /// Where it cannot be understood: nothing of it should be changed then.
    pub problem: Option<Span>,
}

/// Finds the words of a shell script that hold a slash. Any bytes give a result; one that no shell
/// understands has a `problem`.
#[must_use]
pub fn scan(file: &[u8]) -> Script {
    let text = MappedText::of_file(file, Span::new(0, file.len()));
    let (mut found, problem) = reader::read(&text, |found: &mut Found, event| match event {
        reader::Event::Command(command) if !command.in_here_document => found.add(command),
        reader::Event::HereDocument(body) => found.script.here_documents.push(body),
        _ => {}
    });
    // A command is known only at its end, after those within it.
    found.words.sort_by_key(|(end, _)| *end);
    found.script.words = found.words.into_iter().map(|(_, word)| word).collect();
    found.script.problem = problem;
    found.script
}

/// A script that is being read; each word with its end.
#[derive(Default)]
struct Found {
    script: Script,
    words: Vec<(usize, Word)>,
}

impl Found {
    fn add(&mut self, command: Command) {
        let is_argument = |word: &CommandWord| word.place == Use::Argument;
        let last = command.words.iter().rposition(is_argument);
        self.script.sourced.extend(sourced(&command));
        let name = command.short_name().to_vec();
        let named = |word: &CommandWord| word.place == Use::Command;
        let named_at = command.words.iter().position(named).unwrap_or(0);
        let mut options = Vec::new();
        for (index, word) in command.words.into_iter().enumerate() {
            let text = word.text.bytes();
            if is_argument(&word) && text.starts_with(b"-") && options.len() < MAX_NAME {
                options.push(b' ');
                options.extend_from_slice(text.get(..MAX_NAME).unwrap_or(text));
            }
            if word.place != Use::Delimiter && text.contains(&b'/') {
                let known = Word {
                    is_last: !is_argument(&word) || last == Some(index),
                    text: word.text,
                    place: word.place,
                    command: if index < named_at {
                        Vec::new()
                    } else {
                        name.clone()
                    },
                    options: options.clone(),
                };
                self.words.push((word.span.end, known));
            }
        }
    }
}

fn sourced(command: &Command) -> Option<Sourced> {
    let name = command.name()?;
    if !matches!(name.text.bytes(), b"." | b"source") {
        return None;
    }
    let words = command.words.iter().enumerate();
    let mut arguments = words.filter(|(_, word)| word.place == Use::Argument);
    let (index, file) = arguments.next()?;
    Some(Sourced {
        text: file.text.clone(),
        span: Span::new(name.span.start, file.span.end),
        alone: index == 1 && arguments.next().is_none(),
    })
}

#[cfg(test)]
mod tests;
