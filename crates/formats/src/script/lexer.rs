//! The lexer: commands, and what belongs to them.

mod word;

use super::{Script, Sourced, Use, Word};
use crate::mapped_text::{MappedText, Span};

/// The longest script that is read, in bytes: 1 MiB.
pub const MAX_SCRIPT_SIZE: usize = 1024 * 1024;

/// How deep substitutions, groups and quotes are followed into each other.
const MAX_DEPTH: usize = 64;

/// As much of a command's name as is kept.
const MAX_NAME: usize = 64;

/// Finds the words of a shell script that hold a slash. Any bytes give a result; a script that is too long
/// or that ends within a quote or a substitution has a `problem`.
#[must_use]
pub fn scan(file: &[u8]) -> Script {
    let mut lexer = Lexer {
        file,
        whole: MappedText::of_file(file, Span::new(0, file.len())),
        at: 0,
        limit: file.len(),
        depth: 0,
        in_backquotes: false,
        pending: Vec::new(),
        script: Script::default(),
    };
    if file.len() > MAX_SCRIPT_SIZE {
        lexer.fail(0);
    } else {
        lexer.commands(End::OfText);
    }
    lexer.script
}

/// What ends a sequence of commands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    OfText,
    Parenthesis,
}

/// How far a `case` has been read.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Case {
    /// Its `in` is to come.
    Subject,
    /// Patterns are to come.
    Pattern,
    /// Commands are to come.
    Commands,
}

/// A simple command that is being read.
#[derive(Default)]
struct Command {
    /// Its name, and where that begins; `None` while only assignments and redirections have been read.
    name: Option<(Vec<u8>, usize)>,
    /// How many arguments it has so far.
    arguments: usize,
    /// The options among them, each after a blank.
    options: Vec<u8>,
    /// Its last argument, if that is among the words of the script.
    last: Option<usize>,
    /// Whether something stands in front of its first argument beside its name.
    prefixed: bool,
}

/// A here-document whose body begins after the next line end.
struct HereDocument {
    delimiter: Vec<u8>,
    /// `<<-`: tabs at the start of a line count for nothing.
    indented: bool,
}

/// What ends a word outside quotes.
const METACHARACTERS: &[u8] = b" \t\n;&|<>()";

/// Reserved words after which a command begins.
const BEFORE_COMMANDS: &[&[u8]] = &[
    b"!", b"coproc", b"do", b"elif", b"else", b"if", b"then", b"time", b"until", b"while", b"{",
];

/// Reserved words that end a compound command.
const AFTER_COMMANDS: &[&[u8]] = &[b"done", b"fi", b"}"];

struct Lexer<'a> {
    file: &'a [u8],
    /// The file, as the text that words are parts of.
    whole: MappedText,
    at: usize,
    /// Where the text that is being read ends: the file, or a backquote.
    limit: usize,
    depth: usize,
    in_backquotes: bool,
    pending: Vec<HereDocument>,
    script: Script,
}

impl Lexer<'_> {
    fn peek(&self, ahead: usize) -> Option<u8> {
        let at = self.at + ahead;
        if at < self.limit {
            self.file.get(at).copied()
        } else {
            None
        }
    }

    fn starts_with(&self, text: &[u8]) -> bool {
        let rest = self.file.get(self.at..self.limit);
        rest.is_some_and(|rest| rest.starts_with(text))
    }

    /// Gives up: what begins at `at` is not understood.
    fn fail(&mut self, at: usize) {
        let end = self.file.len().min(at + 1);
        self.script
            .problem
            .get_or_insert(Span::new(at.min(end), end));
        self.at = self.limit;
    }

    fn failed(&self) -> bool {
        self.script.problem.is_some()
    }

    /// Whether there is room to go one deeper; else the script is given up.
    fn deeper(&mut self) -> bool {
        if self.depth == MAX_DEPTH {
            self.fail(self.at);
            return false;
        }
        self.depth += 1;
        true
    }

    fn commands(&mut self, end: End) {
        if !self.deeper() {
            return;
        }
        let start = self.at;
        let mut cases: Vec<Case> = Vec::new();
        let mut command = Command::default();
        while let Some(byte) = self.peek(0) {
            let in_pattern = cases.last() == Some(&Case::Pattern);
            match byte {
                b' ' | b'\t' => self.at += 1,
                b'\\' if self.peek(1) == Some(b'\n') => self.at += 2,
                b'#' => {
                    let rest = self.file.get(self.at..self.limit).unwrap_or_default();
                    self.at += memchr::memchr(b'\n', rest).unwrap_or(rest.len());
                }
                b'\n' => {
                    self.at += 1;
                    command = Command::default();
                    self.here_documents();
                }
                b';' => {
                    let ends_case = matches!(self.peek(1), Some(b';' | b'&'));
                    self.at += if self.starts_with(b";;&") {
                        3
                    } else {
                        1 + usize::from(ends_case)
                    };
                    if ends_case && let Some(last) = cases.last_mut() {
                        *last = Case::Pattern;
                    }
                    command = Command::default();
                }
                b'&' if self.peek(1) == Some(b'>') => {
                    self.at += if self.starts_with(b"&>>") { 3 } else { 2 };
                    self.redirection(Use::Write, &mut command);
                }
                b'&' | b'|' => {
                    self.at += 1;
                    command = Command::default();
                }
                b'(' if in_pattern => self.at += 1,
                b'(' => {
                    let arithmetic = command.name.is_none().then(|| self.arithmetic_end(self.at));
                    if let Some(after) = arithmetic.flatten() {
                        self.at = after;
                    } else {
                        self.at += 1;
                        self.commands(End::Parenthesis);
                    }
                    command = Command::default();
                }
                b')' if in_pattern => {
                    self.at += 1;
                    cases.pop();
                    cases.push(Case::Commands);
                    command = Command::default();
                }
                b')' if end == End::Parenthesis => {
                    self.at += 1;
                    self.depth -= 1;
                    return;
                }
                b')' => self.fail(self.at),
                b'<' | b'>' => self.operator(byte, &mut command),
                _ => self.command_word(&mut command, &mut cases),
            }
        }
        if end == End::Parenthesis && !self.failed() {
            self.fail(start.saturating_sub(1));
        }
        self.depth -= 1;
    }

    /// A redirection operator, a here-document, or a process substitution.
    fn operator(&mut self, byte: u8, command: &mut Command) {
        if self.peek(1) == Some(b'(') {
            self.at += 2;
            command.arguments += 1;
            return self.commands(End::Parenthesis);
        }
        if self.starts_with(b"<<") && !self.starts_with(b"<<<") {
            let indented = self.peek(2) == Some(b'-');
            self.at += 2 + usize::from(indented);
            self.skip_blanks();
            let delimiter = self.word().bytes().to_vec();
            self.pending.push(HereDocument {
                delimiter,
                indented,
            });
            command.prefixed |= command.arguments == 0;
            return;
        }
        let (length, place) = match (byte, self.peek(1)) {
            (b'<', Some(b'<')) => (3, Use::Argument),
            (b'<', Some(b'>')) => (2, Use::Write),
            (b'<', Some(b'&')) => (2, Use::Read),
            (b'<', _) => (1, Use::Read),
            (_, Some(b'>' | b'|' | b'&')) => (2, Use::Write),
            _ => (1, Use::Write),
        };
        self.at += length;
        self.redirection(place, command);
    }

    /// What a redirection is from or to.
    fn redirection(&mut self, place: Use, command: &mut Command) {
        self.skip_blanks();
        let text = self.word();
        command.prefixed |= command.arguments == 0;
        self.add(text, place, command);
    }

    fn skip_blanks(&mut self) {
        while let Some(byte) = self.peek(0) {
            match byte {
                b' ' | b'\t' => self.at += 1,
                b'\\' if self.peek(1) == Some(b'\n') => self.at += 2,
                _ => return,
            }
        }
    }

    /// Keeps a word if it holds a slash.
    fn add(&mut self, text: MappedText, place: Use, command: &Command) {
        if !self.failed() && text.bytes().contains(&b'/') {
            let name = command.name.as_ref().map(|(name, _)| name.clone());
            self.script.words.push(Word {
                text,
                place,
                command: name.unwrap_or_default(),
                options: command.options.clone(),
                is_last: true,
            });
        }
    }

    fn command_word(&mut self, command: &mut Command, cases: &mut Vec<Case>) {
        let start = self.at;
        let text = self.word();
        if self.failed() {
            return;
        }
        // A byte that no word begins with would be met again for ever.
        if self.at == start {
            return self.fail(start);
        }
        let file = self.file;
        let raw = file.get(start..self.at).unwrap_or_default();
        // The number in front of a redirection is a part of it.
        if raw.iter().all(u8::is_ascii_digit) && matches!(self.peek(0), Some(b'<' | b'>')) {
            return;
        }
        match cases.last() {
            Some(Case::Subject) if raw == b"in" && command.arguments != 0 => {
                cases.pop();
                cases.push(Case::Pattern);
                *command = Command::default();
                return;
            }
            // The subject stands on the line before.
            Some(Case::Subject) if raw == b"in" && command.name.is_none() => {
                cases.pop();
                cases.push(Case::Pattern);
                return;
            }
            Some(Case::Pattern | Case::Commands) if raw == b"esac" && command.name.is_none() => {
                cases.pop();
                return;
            }
            Some(Case::Pattern) => return self.add(text, Use::Pattern, command),
            _ => {}
        }
        if let Some((name, name_start)) = &command.name {
            command.arguments += 1;
            if let Some(last) = command.last.take() {
                self.script.words[last].is_last = false;
            }
            let sources = matches!(&name[..], b"." | b"source");
            if sources && command.arguments == 1 {
                self.script.sourced.push(Sourced {
                    text: text.clone(),
                    span: Span::new(*name_start, self.at),
                    alone: !command.prefixed,
                });
            } else if sources && let Some(last) = self.script.sourced.last_mut() {
                last.alone = false;
            }
            if text.bytes().starts_with(b"-") && command.options.len() < MAX_NAME {
                let option = text.bytes().get(..MAX_NAME).unwrap_or(text.bytes());
                command.options.extend([b" ", option].concat());
            }
            let before = self.script.words.len();
            self.add(text, Use::Argument, command);
            command.last = (self.script.words.len() > before).then_some(before);
            return;
        }
        if BEFORE_COMMANDS.contains(&raw) || AFTER_COMMANDS.contains(&raw) {
            return;
        }
        if is_assignment(raw) {
            command.prefixed = true;
            return self.add(text, Use::Value, command);
        }
        if raw == b"case" {
            cases.push(Case::Subject);
        }
        let name = base_name(text.bytes());
        let name = name.get(..MAX_NAME).unwrap_or(name).to_vec();
        command.name = Some((name, start));
        self.add(text, Use::Command, command);
    }

    /// The bodies of the here-documents that were announced on the line before.
    fn here_documents(&mut self) {
        for document in std::mem::take(&mut self.pending) {
            let start = self.at;
            let mut end = self.limit;
            while self.at < self.limit {
                let rest = self.file.get(self.at..self.limit).unwrap_or_default();
                let length = memchr::memchr(b'\n', rest).unwrap_or(rest.len());
                let mut line = rest.get(..length).unwrap_or_default();
                if document.indented {
                    let tabs = line.iter().take_while(|byte| **byte == b'\t').count();
                    line = line.get(tabs..).unwrap_or_default();
                }
                let here = self.at;
                self.at = self.limit.min(self.at + length + 1);
                if line == document.delimiter {
                    end = here;
                    break;
                }
            }
            self.script.here_documents.push(Span::new(start, end));
        }
    }
}

/// Whether a word in front of a command assigns: `NAME=`, `NAME+=`, `NAME[…]=`.
fn is_assignment(word: &[u8]) -> bool {
    let name = word
        .iter()
        .take_while(|byte| **byte == b'_' || byte.is_ascii_alphanumeric())
        .count();
    let starts_well = word
        .first()
        .is_some_and(|byte| *byte == b'_' || byte.is_ascii_alphabetic());
    let mut rest = &word[name..];
    if rest.first() == Some(&b'[') {
        let close = memchr::memchr(b']', rest);
        rest = close.map_or(&[][..], |close| &rest[close + 1..]);
    }
    starts_well && (rest.starts_with(b"=") || rest.starts_with(b"+="))
}

fn base_name(path: &[u8]) -> &[u8] {
    path.rsplit(|byte| *byte == b'/').next().unwrap_or_default()
}

#[cfg(test)]
mod tests;
