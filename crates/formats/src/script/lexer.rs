//! The lexer.

use std::ops::Range;

use super::{Script, Sourced, Use, Word};
use crate::encoding::{Encoding, Quote};
use crate::text::{Span, Text};

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
        whole: Text::of_file(file, Span::new(0, file.len())),
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
    whole: Text,
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
    fn add(&mut self, text: Text, place: Use, command: &Command) {
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

    /// Adds a stretch of the file to a word.
    fn push(&self, text: &mut Text, range: Range<usize>, quote: Quote) {
        let encoding = Some(Encoding::ShellWord(quote));
        if self.in_backquotes {
            let mut within = Text::new();
            within.push(&self.whole, range, Some(Encoding::ShellBackquote));
            text.push(&within, 0..within.len(), encoding);
        } else {
            text.push(&self.whole, range, encoding);
        }
    }

    /// Adds an escape, which stands for one byte.
    fn push_escaped(&self, text: &mut Text, byte: u8, range: Range<usize>, quote: Quote) {
        text.push_decoded(
            &[byte],
            &self.whole,
            range,
            Some(Encoding::ShellWord(quote)),
        );
    }

    fn push_opaque(&self, text: &mut Text, range: Range<usize>, quote: Quote) {
        text.push_opaque(&self.whole, range, Some(Encoding::ShellWord(quote)));
    }

    /// The word that begins here.
    fn word(&mut self) -> Text {
        let mut text = Text::new();
        self.pieces(&mut text, Quote::Bare, |byte| {
            METACHARACTERS.contains(&byte)
        });
        text
    }

    /// Reads the pieces of a word until `ends` says that a byte outside its quotes ends it.
    fn pieces(&mut self, text: &mut Text, quote: Quote, ends: impl Fn(u8) -> bool) {
        let start = self.at;
        let mut plain = start;
        while let Some(byte) = self.peek(0) {
            let is_bare = quote == Quote::Bare;
            let extends_glob = is_bare
                && byte == b'('
                && self.at > plain.max(start)
                && matches!(self.file.get(self.at - 1), Some(b'@' | b'!' | b'+'));
            let after_glob = is_bare
                && byte == b'('
                && self.at == plain
                && plain > start
                && matches!(self.file.get(self.at - 1), Some(b'*' | b'?'));
            if ends(byte) && !extends_glob && !after_glob {
                break;
            }
            let special = match byte {
                b'\\' | b'"' | b'$' | b'`' => true,
                b'\'' | b'*' | b'?' | b'[' | b'{' | b'(' => is_bare,
                b'~' => is_bare && self.at == start,
                _ => false,
            };
            if !special {
                self.at += 1;
                continue;
            }
            let here = self.at;
            self.push(text, plain..here, quote);
            match byte {
                b'\\' => self.escape(text, quote),
                b'\'' => self.single_quoted(text),
                b'"' => self.double_quoted(text),
                b'$' => self.expansion(text, quote),
                b'`' => self.backquoted(text, quote),
                b'(' => {
                    // bash(1), Pattern Matching: `@(a|b)`.
                    self.at += 1;
                    self.balanced_parenthesis();
                    self.push_opaque(text, here..self.at, quote);
                }
                _ => {
                    self.at += 1;
                    self.push_opaque(text, here..here + 1, quote);
                }
            }
            plain = self.at;
        }
        self.push(text, plain..self.at, quote);
    }

    fn balanced_parenthesis(&mut self) {
        let start = self.at;
        let mut depth = 1;
        while let Some(byte) = self.peek(0) {
            self.at += 1;
            match byte {
                b'\\' => self.at = self.limit.min(self.at + 1),
                b'(' => depth += 1,
                b')' => depth -= 1,
                b'\n' => break,
                _ => {}
            }
            if depth == 0 {
                return;
            }
        }
        self.fail(start);
    }

    fn escape(&mut self, text: &mut Text, quote: Quote) {
        let here = self.at;
        match (self.peek(1), quote) {
            // An escaped line end is nothing.
            (Some(b'\n'), _) => self.at += 2,
            (Some(next), Quote::Bare) => {
                self.push_escaped(text, next, here..here + 2, quote);
                self.at += 2;
            }
            // The brace counts within `${…}`; elsewhere its backslash is of no interest.
            (Some(next), _) if b"$`\"\\}".contains(&next) => {
                self.push_escaped(text, next, here..here + 2, quote);
                self.at += 2;
            }
            _ => {
                self.push(text, here..here + 1, quote);
                self.at += 1;
            }
        }
    }

    fn single_quoted(&mut self, text: &mut Text) {
        let start = self.at + 1;
        let rest = self.file.get(start..self.limit).unwrap_or_default();
        let Some(length) = memchr::memchr(b'\'', rest) else {
            return self.fail(self.at);
        };
        self.push(text, start..start + length, Quote::Single);
        self.at = start + length + 1;
    }

    fn double_quoted(&mut self, text: &mut Text) {
        let start = self.at;
        if !self.deeper() {
            return;
        }
        self.at += 1;
        let mut plain = self.at;
        loop {
            let Some(byte) = self.peek(0) else {
                self.fail(start);
                break;
            };
            if !matches!(byte, b'"' | b'\\' | b'$' | b'`') {
                self.at += 1;
                continue;
            }
            let here = self.at;
            self.push(text, plain..here, Quote::Double);
            match byte {
                b'"' => {
                    self.at += 1;
                    break;
                }
                b'\\' => self.escape(text, Quote::Double),
                b'$' => self.expansion(text, Quote::Double),
                _ => self.backquoted(text, Quote::Double),
            }
            plain = self.at;
        }
        self.depth -= 1;
    }

    fn expansion(&mut self, text: &mut Text, quote: Quote) {
        let start = self.at;
        match self.peek(1) {
            Some(b'(') => {
                let arithmetic = self.arithmetic_end(start + 1);
                if let Some(after) = arithmetic {
                    self.at = after;
                } else {
                    self.at += 2;
                    self.commands(End::Parenthesis);
                }
            }
            Some(b'{') => self.parameter(quote),
            Some(b'\'') if quote == Quote::Bare => self.ansi_quoted(),
            Some(b'"') if quote == Quote::Bare => {
                self.at += 1;
                return self.double_quoted(text);
            }
            Some(byte) if byte == b'_' || byte.is_ascii_alphabetic() => {
                self.at += 1;
                while let Some(byte) = self.peek(0)
                    && (byte == b'_' || byte.is_ascii_alphanumeric())
                {
                    self.at += 1;
                }
            }
            Some(byte) if byte.is_ascii_digit() || b"@*#?-$!".contains(&byte) => self.at += 2,
            _ => {
                self.at += 1;
                return self.push(text, start..start + 1, quote);
            }
        }
        self.push_opaque(text, start..self.at, quote);
    }

    /// `${NAME…}`: what stands after `:-` and its like is a word of its own.
    fn parameter(&mut self, quote: Quote) {
        let start = self.at;
        if !self.deeper() {
            return;
        }
        self.at += 2;
        // A name, or one of the special parameters, with `!` or `#` in front.
        while let Some(byte) = self.peek(0)
            && (byte == b'_' || byte.is_ascii_alphanumeric() || b"!#@*".contains(&byte))
        {
            self.at += 1;
        }
        let colon = usize::from(self.peek(0) == Some(b':'));
        let gives_word = matches!(self.peek(colon), Some(b'-' | b'=' | b'+'));
        if gives_word {
            self.at += colon + 1;
        }
        let mut word = Text::new();
        self.pieces(&mut word, quote, |byte| byte == b'}');
        if self.peek(0) == Some(b'}') {
            self.at += 1;
            if gives_word {
                self.add(word, Use::Value, &Command::default());
            }
        } else {
            self.fail(start);
        }
        self.depth -= 1;
    }

    /// `$'…'`
    fn ansi_quoted(&mut self) {
        let start = self.at;
        self.at += 2;
        while let Some(byte) = self.peek(0) {
            self.at += 1;
            match byte {
                b'\'' => return,
                b'\\' => self.at = self.limit.min(self.at + 1),
                _ => {}
            }
        }
        self.fail(start);
    }

    fn backquoted(&mut self, text: &mut Text, quote: Quote) {
        let start = self.at;
        let mut end = start + 1;
        let mut has_escape = false;
        loop {
            match self.file.get(end).filter(|_| end < self.limit) {
                None => return self.fail(start),
                Some(b'`') => break,
                Some(b'\\') => {
                    has_escape = true;
                    end += 2;
                }
                Some(_) => end += 1,
            }
        }
        if has_escape {
            // A backslash is read twice there; what it says is not worth a decoder.
            let within = Text::of_file(self.file, Span::new(start + 1, end));
            self.add(within, Use::Data, &Command::default());
        } else {
            let outer = (
                self.limit,
                self.in_backquotes,
                std::mem::take(&mut self.pending),
            );
            (self.at, self.limit, self.in_backquotes) = (start + 1, end, true);
            self.commands(End::OfText);
            (self.limit, self.in_backquotes, self.pending) = outer;
        }
        if self.failed() {
            self.at = self.limit;
            return;
        }
        self.at = end + 1;
        self.push_opaque(text, start..self.at, quote);
    }

    /// Where an arithmetic expression ends that begins at `start` with `((`; `None` if none does.
    fn arithmetic_end(&self, start: usize) -> Option<usize> {
        let text = self.file.get(start..self.limit)?;
        if !text.starts_with(b"((") {
            return None;
        }
        let mut depth = 0_usize;
        for (index, byte) in text.iter().enumerate() {
            match byte {
                b'(' => depth += 1,
                b')' => depth -= 1,
                _ => continue,
            }
            if depth == 1 && *byte == b')' && text.get(index + 1) != Some(&b')') {
                return None;
            }
            if depth == 0 {
                return Some(start + index + 1);
            }
        }
        None
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
