//! `.pc` files: `pc(5)`, and what pkg-config 0.29.2 and pkgconf really read.
//!
//! A file is a list of statements: variables (`name=value`) and fields (`Name: value`), in which
//! `${name}` stands for the value of a variable defined further up. A `#` starts a comment anywhere, a
//! backslash at the end of a line continues it, `\#` is a `#`; every other backslash stays.

mod facts;
mod paths;
mod requirements;

use std::cell::Cell;
use std::collections::BTreeMap;
use std::ops::Range;

pub(crate) use facts::facts;
pub use paths::{PathWord, is_absolute_path, is_search_path, path_words};
pub use requirements::{GIVEN_VARIABLES, Requirement, Undefined};

use crate::encoding::Encoding;
use crate::format::{Files, Format, Paths};
use crate::mapped_text::{MappedText, Span};
use crate::reference::{Problem, ProblemKind};

pub(crate) static FORMAT: Format = Format {
    directories: &[],
    files: Files::Matching {
        is: is_pc_file,
        examples: &["lib/pkgconfig/x.pc"],
    },
    scan: facts,
    // Paths are put together of variables: `scan` has more.
    paths: Paths::Reported,
    pieces: &[
        b"prefix=/usr\n",
        b"exec_prefix=${prefix}\n",
        b"libdir=${exec_prefix}/lib",
        b"Cflags: -I${includedir} -DX=\\\"/usr/share/x\\\"\r\n",
        b"Libs: -L\\${libdir} -lx # why\n",
        b"Requires.private : a >= 1, b\n",
        b"a=${pcfiledir}/../..:/usr//lib:/lib\n",
        b"a=${a}${a}${a}\n",
        b"name = ",
        b"Field: ",
        b"${prefix}",
        b"${pc_sysrootdir}",
        b"${",
        b"$${x}",
        b"$(prefix)",
        b"}",
        b"/usr/lib/x86_64-linux-gnu",
        b"-I/usr/include",
        b"\\#",
        b"\\\n  ",
        b"\\\r\n",
        b"\\",
        b"#",
        b" ",
        b"\t",
        b"\n",
        b"\r",
        b"\0",
        b"=",
        b":",
        b"'",
        b"\"",
        b"\xff",
    ],
};

/// The variable that says where the package is installed.
pub const PREFIX: &[u8] = b"prefix";

/// The longest value that is worked out, in bytes: pkgconf's own buffer (`PKGCONF_BUFSIZE`). Without
/// a limit, twenty lines could ask for a gigabyte.
pub const MAX_VALUE: usize = 65535;

/// As many bytes of variables' values as are put into others: a chain of variables, or one long value that is
/// used again and again, could ask for the square of the file's size.
const MAX_INSERTED: usize = 64 * MAX_VALUE;

/// What a statement is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StatementKind {
    /// `name=value`
    Variable,
    /// `Name: value`
    Field,
}

/// A variable or a field.
#[derive(Clone, Debug)]
pub struct Statement {
    /// Which of the two.
    pub kind: StatementKind,
    /// Its name.
    pub name: Vec<u8>,
    /// The whole statement in the file: continued lines, its comment and the last line end included.
    pub lines: Span,
    /// What follows the `=` or `:`, without blanks at its ends.
    pub value: Value,
}

impl Statement {
    /// Whether it is a field whose value is a list of compiler or linker flags.
    #[must_use]
    pub fn is_flags(&self) -> bool {
        let known: &[&[u8]] = &[b"cflags", b"cflags.private", b"libs", b"libs.private"];
        self.kind == StatementKind::Field && known.contains(&&*self.name.to_ascii_lowercase())
    }

    /// Whether it defines the variable `name`.
    #[must_use]
    pub fn defines(&self, name: &[u8]) -> bool {
        self.kind == StatementKind::Variable && self.name == name
    }
}

/// A part of a value, by its place in the value's text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// Text that stands for itself.
    Literal(Range<usize>),
    /// `${name}`
    Variable {
        /// All of it.
        range: Range<usize>,
        /// The name.
        name: Range<usize>,
    },
    /// A `${` that is never closed, to the value's end, or a `$${name}`: readers differ in what they
    /// make of it. It is taken as text, and nothing can be written in its place.
    Unbalanced(Range<usize>),
}

impl Piece {
    /// Its place in the value's text.
    #[must_use]
    pub fn range(&self) -> Range<usize> {
        match self {
            Self::Literal(range) | Self::Variable { range, .. } | Self::Unbalanced(range) => {
                range.clone()
            }
        }
    }
}

/// The right side of a statement.
#[derive(Clone, Debug, Default)]
pub struct Value {
    /// Its bytes, continued lines joined, with their places in the file.
    pub text: MappedText,
    /// The parts it is made of, in order and without gaps.
    pub pieces: Vec<Piece>,
}

impl Value {
    /// The value, with what `variable` has for each `${name}`. `None` if one is not known, or if it
    /// gets longer than [`MAX_VALUE`].
    pub fn expand<'a>(&self, variable: impl Fn(&[u8]) -> Option<&'a [u8]>) -> Option<Vec<u8>> {
        self.expand_range(0..self.text.len(), variable)
    }

    /// The same for a part of the value; a variable that is not wholly in it counts for nothing.
    pub fn expand_range<'a>(
        &self,
        part: Range<usize>,
        variable: impl Fn(&[u8]) -> Option<&'a [u8]>,
    ) -> Option<Vec<u8>> {
        let mut expanded = Vec::new();
        let first = self
            .pieces
            .partition_point(|piece| piece.range().end <= part.start);
        let pieces = self.pieces.iter().skip(first);
        for piece in pieces.take_while(|piece| piece.range().start < part.end) {
            match piece {
                Piece::Literal(range) | Piece::Unbalanced(range) => {
                    let both = range.start.max(part.start)..range.end.min(part.end);
                    expanded.extend_from_slice(self.bytes(both));
                }
                Piece::Variable { range, name }
                    if part.start <= range.start && range.end <= part.end =>
                {
                    expanded.extend_from_slice(variable(self.bytes(name.clone()))?);
                }
                Piece::Variable { .. } => {}
            }
            if expanded.len() > MAX_VALUE {
                return None;
            }
        }
        Some(expanded)
    }

    /// The names of the variables in it, in order.
    pub fn variables(&self) -> impl Iterator<Item = &[u8]> {
        self.pieces.iter().filter_map(|piece| match piece {
            Piece::Variable { name, .. } => Some(self.bytes(name.clone())),
            Piece::Literal(_) | Piece::Unbalanced(_) => None,
        })
    }

    /// Bytes of its text; none if the range lies outside.
    #[must_use]
    pub fn bytes(&self, range: Range<usize>) -> &[u8] {
        self.text.bytes().get(range).unwrap_or_default()
    }
}

/// All that a `.pc` file says, in its order.
#[derive(Clone, Debug, Default)]
pub struct PkgConfig {
    /// Its variables and fields.
    pub statements: Vec<Statement>,
    /// Lines that are neither, and variables that are never closed.
    pub problems: Vec<Problem>,
}

/// The values of variables, as they are when a statement is read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Variables {
    values: BTreeMap<Vec<u8>, Option<Vec<u8>>>,
    /// How many bytes of them were asked for.
    inserted: Cell<usize>,
}

impl Variables {
    /// Those that a reader has before the first line: `pcfiledir`, the directory of the file.
    /// (`pc_sysrootdir` is whatever the caller of pkg-config says.)
    #[must_use]
    pub fn of_file_in(directory: &[u8]) -> Self {
        let mut variables = Self::default();
        variables.set(b"pcfiledir", Some(directory.to_vec()));
        variables
    }

    /// The value of a variable; `None` if there is none, if it is not known, or if so many were asked for that
    /// no more is worked out.
    #[must_use]
    pub fn get(&self, name: &[u8]) -> Option<&[u8]> {
        let value = self.values.get(name)?.as_deref()?;
        let inserted = self.inserted.get().saturating_add(value.len());
        if inserted > MAX_INSERTED {
            return None;
        }
        self.inserted.set(inserted);
        Some(value)
    }

    /// Whether it is defined, if only with a value that is not known.
    #[must_use]
    pub fn is_defined(&self, name: &[u8]) -> bool {
        self.values.contains_key(name)
    }

    /// Gives a variable a value, or makes it one whose value is not known.
    pub fn set(&mut self, name: &[u8], value: Option<Vec<u8>>) {
        self.values.insert(name.to_vec(), value);
    }

    /// Reads a statement: a variable gets its value, worked out with those that are known now, as
    /// readers do it.
    pub fn read(&mut self, statement: &Statement) {
        if statement.kind == StatementKind::Variable {
            let value = statement.value.expand(|name| self.get(name));
            self.set(&statement.name, value);
        }
    }
}

/// Whether a file at `path` is one: `….pc` in a directory called `pkgconfig`.
#[must_use]
pub fn is_pc_file(path: &[u8]) -> bool {
    let mut parts = path.rsplit(|byte| *byte == b'/');
    let name = parts.next().unwrap_or_default();
    name.len() > 3 && name.ends_with(b".pc") && parts.next() == Some(b"pkgconfig")
}

/// Finds the statements of a `.pc` file.
#[must_use]
pub fn scan(file: &[u8]) -> PkgConfig {
    let mut found = PkgConfig::default();
    let mut at = 0;
    while at < file.len() {
        let (line, next) = logical_line(file, at);
        found.statement(&line, Span::new(at, next));
        at = next;
    }
    found
}

/// The logical line that begins at `start`, decoded, and where the next one begins: pkgconf's
/// `pkgconf_fgetline()`.
fn logical_line(file: &[u8], start: usize) -> (MappedText, usize) {
    let mut text = MappedText::new();
    let mut at = start;
    let mut copied = start;
    loop {
        // Only these bytes mean anything.
        let rest = file.get(at..).unwrap_or_default();
        let special = rest.iter().position(|byte| b"\\#\n\r".contains(byte));
        let Some(special) = special.map(|offset| at + offset) else {
            text.push_file(file, Span::new(copied, file.len()));
            return (text, file.len());
        };
        let copy = |text: &mut MappedText| text.push_file(file, Span::new(copied, special));
        match (file[special], file.get(special + 1)) {
            (b'\\', Some(b'\n' | b'\r')) => {
                copy(&mut text);
                at = after_line_end(file, special + 1);
                // Blanks at the beginning of the next line are not part of the value.
                while matches!(file.get(at), Some(b' ' | b'\t')) {
                    at += 1;
                }
                copied = at;
            }
            (b'\\', Some(b'#')) => {
                copy(&mut text);
                text.push_file_decoded(b"#", Span::new(special, special + 2));
                at = special + 2;
                copied = at;
            }
            (b'\\', Some(b'\\')) => at = special + 2,
            (b'\\', _) => at = special + 1,
            (b'#', _) => {
                copy(&mut text);
                let comment = file.get(special..).unwrap_or_default();
                let length = comment.iter().position(|byte| b"\n\r".contains(byte));
                let end = length.map_or(file.len(), |length| special + length);
                return (text, after_line_end(file, end));
            }
            _ => {
                copy(&mut text);
                return (text, after_line_end(file, special));
            }
        }
    }
}

/// Past the line end (`\n`, `\r\n` or `\r`) that stands at `at`.
fn after_line_end(file: &[u8], at: usize) -> usize {
    match (file.get(at), file.get(at + 1)) {
        (Some(b'\r'), Some(b'\n')) => at + 2,
        (Some(_), _) => at + 1,
        (None, _) => at,
    }
}

/// C's `isspace()`.
pub(crate) fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t'..=b'\r')
}

fn is_of_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'.'
}

impl PkgConfig {
    fn statement(&mut self, line: &MappedText, lines: Span) {
        let bytes = line.bytes();
        let skip = |from: usize, of: fn(u8) -> bool| {
            let rest = bytes.get(from..).unwrap_or_default();
            from + rest.iter().take_while(|byte| of(**byte)).count()
        };
        let start = skip(0, is_space);
        if start == bytes.len() {
            return;
        }
        let end = skip(start, is_of_name);
        let operator = skip(end, is_space);
        let kind = match bytes.get(operator) {
            Some(b'=') if end > start => StatementKind::Variable,
            Some(b':') if end > start => StatementKind::Field,
            _ => return self.problem(ProblemKind::BadLine, line, start..bytes.len()),
        };
        let from = skip(operator + 1, is_space);
        let blanks = bytes.iter().rev().take_while(|byte| is_space(**byte));
        let to = (bytes.len() - blanks.count()).max(from);
        let mut text = MappedText::new();
        text.push(line, from..to, Some(Encoding::PkgConfigValue));
        let pieces = pieces(text.bytes());
        for piece in &pieces {
            if let Piece::Unbalanced(range) = piece {
                self.problem(ProblemKind::UnbalancedBrace, &text, range.clone());
            }
        }
        self.statements.push(Statement {
            kind,
            name: bytes.get(start..end).unwrap_or_default().to_vec(),
            lines,
            value: Value { text, pieces },
        });
    }

    fn problem(&mut self, kind: ProblemKind, text: &MappedText, range: Range<usize>) {
        if let Some(span) = text.slice(range).covering_span() {
            self.problems.push(Problem { kind, span });
        }
    }
}

/// The parts of a value.
fn pieces(bytes: &[u8]) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut at = 0;
    let literal = |pieces: &mut Vec<Piece>, range: Range<usize>| {
        if !range.is_empty() {
            pieces.push(Piece::Literal(range));
        }
    };
    while let Some(dollar) = memchr::memmem::find(bytes.get(at..).unwrap_or_default(), b"${") {
        let start = at + dollar;
        let rest = bytes.get(start..).unwrap_or_default();
        let end = memchr::memchr(b'}', rest).map(|brace| start + brace + 1);
        // pkg-config 0.29.2 takes `$$` for a `$`, pkgconf does not.
        let is_doubled = start > at && bytes[start - 1] == b'$';
        let (from, piece) = match end {
            None => (start, Piece::Unbalanced(start..bytes.len())),
            Some(end) if is_doubled => (start - 1, Piece::Unbalanced(start - 1..end)),
            Some(end) => {
                let (range, name) = (start..end, start + 2..end - 1);
                (start, Piece::Variable { range, name })
            }
        };
        literal(&mut pieces, at..from);
        at = piece.range().end;
        pieces.push(piece);
    }
    literal(&mut pieces, at..bytes.len());
    pieces
}

#[cfg(test)]
mod tests;
