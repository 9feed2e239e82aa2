//! Shell: the bodies of `sh -c`, modprobe's commands, and whole scripts.
//!
//! One reader (POSIX, Shell Command Language; bash(1)) goes through a text once and knows where commands
//! begin: reserved words, assignments, redirections, `case`, functions, here-documents. What is open
//! stands on a stack of its own, so that neither time nor memory grows faster than the text.
//! [`commands`] gives the commands that it finds, [`scan`] also where a script's output goes.

mod pieces;
mod reader;
mod references;

use std::collections::VecDeque;

use crate::mapped_text::{MappedText, Span};

pub(crate) use references::{Names, scan_script};

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
    /// The variable that the words of `for` or of an array are given to; else empty.
    pub variable: Vec<u8>,
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
    /// The file that it reads commands from, if it is `. FILE` or `source FILE`.
    #[must_use]
    pub fn sourced(&self) -> Option<Sourced> {
        let name = self.name()?;
        if !matches!(name.text.bytes(), b"." | b"source") {
            return None;
        }
        let words = self.words.iter().enumerate();
        let mut arguments = words.filter(|(_, word)| word.place == Use::Argument);
        let (index, file) = arguments.next()?;
        Some(Sourced {
            text: file.text.clone(),
            span: Span::new(name.span.start, file.span.end),
            alone: index == 1 && arguments.next().is_none(),
        })
    }

    #[cfg(test)]
    fn short_name(&self) -> &[u8] {
        match self.kind {
            CommandKind::For => b"for",
            CommandKind::Case if self.words.iter().all(|word| word.place == Use::Argument) => {
                b"case"
            }
            CommandKind::Test => b"[[",
            _ => self
                .name()
                .map_or(b"", |name| crate::paths::base_name(name.text.bytes())),
        }
    }
}

/// The commands of a shell's text, in the order in which they end, and the names of the functions that
/// it defines. Fails with the place that neither bash nor a POSIX shell understands.
pub fn commands(text: &MappedText) -> Result<(Vec<Command>, Vec<Vec<u8>>), Span> {
    let (found, problem) = reader::read(text, |found: &mut (Vec<_>, Vec<_>), event| match event {
        reader::Event::Command(command) => found.0.push(command),
        reader::Event::Function(name) => found.1.push(name),
        reader::Event::HereDocument(_) | reader::Event::Stretch(_) => {}
    });
    match problem {
        None => Ok(found),
        Some(problem) => Err(problem),
    }
}

/// What a script holds.
#[derive(Clone, Debug, Default)]
pub struct Script {
    /// Its commands, in the order in which they end; without those in here-documents.
    pub commands: Vec<Command>,
    /// Its here-documents, in their order.
    pub here_documents: Vec<HereDocument>,
    /// The stretches whose output goes elsewhere, and the bodies of functions.
    pub stretches: Vec<Stretch>,
    /// Where it cannot be understood: nothing of it should be changed then.
    pub problem: Option<Span>,
}

impl Script {
    /// The words that hold a slash, in the order in which they end, each with its command.
    #[must_use]
    pub fn words_with_slash(&self) -> Vec<(&Command, &CommandWord)> {
        let named =
            |word: &&CommandWord| word.place != Use::Delimiter && word.text.bytes().contains(&b'/');
        let mut words = Vec::new();
        for command in &self.commands {
            words.extend(
                command
                    .words
                    .iter()
                    .filter(named)
                    .map(|word| (command, word)),
            );
        }
        // A command is known only at its end, after those within it.
        words.sort_by_key(|(_, word)| word.span.end);
        words
    }
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

/// A here-document.
#[derive(Clone, Debug)]
pub struct HereDocument {
    /// What stands between its delimiters.
    pub body: Span,
    /// The command that reads it, by its position among the script's, if that is certain.
    pub command: Option<usize>,
}

/// A stretch of a script.
#[derive(Clone, Debug)]
pub struct Stretch {
    /// What holds for the commands in it.
    pub kind: StretchKind,
    /// Where it is.
    pub span: Span,
}

/// What holds for the commands in a stretch of a script.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum StretchKind {
    /// `$(…)`, backquotes, `<(…)`: the script itself takes their output.
    Substitution,
    /// A command in front of `|`.
    Piped,
    /// A compound command whose output goes to a file.
    Redirected,
    /// The body of the function of this name.
    Function(Vec<u8>),
}

/// Whether the target of a redirection is a descriptor, or a file that a person sees.
pub(crate) fn is_screen(target: &[u8]) -> bool {
    matches!(
        target,
        b"1" | b"2" | b"-" | b"/dev/stdout" | b"/dev/stderr" | b"/dev/tty" | b"/dev/console"
    )
}

/// Reads a shell script. Any bytes give a result; one that no shell understands has a `problem`.
#[must_use]
pub fn scan(file: &[u8]) -> Script {
    scan_text(&MappedText::of_file(file, Span::new(0, file.len())))
}

/// Reads a shell's text that stands in another.
#[must_use]
pub fn scan_text(text: &MappedText) -> Script {
    let (found, problem) = reader::read(text, |found: &mut Found, event| match event {
        reader::Event::Command(command) if !command.in_here_document => found.command(command),
        reader::Event::HereDocument(body) => found.here_document(body),
        reader::Event::Stretch(stretch) => found.script.stretches.push(stretch),
        _ => {}
    });
    Script {
        problem,
        ..found.script
    }
}

/// A script that is being read.
#[derive(Default)]
struct Found {
    script: Script,
    /// The commands whose here-documents follow.
    announced: VecDeque<usize>,
}

impl Found {
    fn command(&mut self, command: Command) {
        let is_delimiter = |word: &&CommandWord| word.place == Use::Delimiter;
        let documents = command.words.iter().filter(is_delimiter).count();
        let index = self.script.commands.len();
        self.announced.extend(std::iter::repeat_n(index, documents));
        self.script.commands.push(command);
    }

    fn here_document(&mut self, body: Span) {
        let command = self.announced.pop_front();
        self.script
            .here_documents
            .push(HereDocument { body, command });
    }
}

#[cfg(test)]
mod tests;
