//! What a shell's command does with its words.

use std::collections::{BTreeMap, BTreeSet};

use super::Verdict;
use super::commands::{Done, Operand, of_test, operands, program_of};
use super::other_script::program_writes;
use super::output::Output;
use super::prose::natural_words;
use super::variables::Variables;
use crate::mapped_text::{MappedText, Span};
use crate::paths::PathInText;
use crate::shell::{Command, CommandKind, CommandWord, Use};

/// Why it is not known what is done with what a variable gets.
pub(super) const UNKNOWN_USE: &str = "in a variable whose use is not known";

/// The words of a simple command from its name on, by their positions.
pub(super) fn line_of(command: &Command) -> Vec<usize> {
    let words = command.words.iter().enumerate();
    let of_line = words.filter(|(_, word)| matches!(word.place, Use::Command | Use::Argument));
    match command.kind {
        CommandKind::Simple => of_line.map(|(index, _)| index).collect(),
        _ => Vec::new(),
    }
}

/// The texts of words, by their positions.
pub(super) fn texts(command: &Command, line: &[usize]) -> Vec<MappedText> {
    let words = line.iter().filter_map(|index| command.words.get(*index));
    words.map(|word| word.text.clone()).collect()
}

/// What is known of a word of a command.
#[derive(Clone, Debug)]
pub(super) struct Known {
    pub(super) operand: Operand,
    /// The programs one of which gets it, with `Done::Given`.
    pub(super) programs: BTreeSet<Vec<u8>>,
}

impl Known {
    /// What no program decides about.
    fn of(operand: Operand) -> Self {
        Self {
            operand,
            programs: BTreeSet::new(),
        }
    }

    fn unknown() -> Self {
        Self::of(Operand::whole(Done::Unknown))
    }

    /// What is known if it is one or the other.
    fn or(self, other: Self) -> Self {
        match (self.operand.done, other.operand.done) {
            (Done::Written | Done::Changed, _) => self,
            (_, Done::Written | Done::Changed) => other,
            (Done::Given(_), Done::Given(_)) => Self {
                operand: self.operand,
                programs: self.programs.into_iter().chain(other.programs).collect(),
            },
            (Done::Given(_), Done::Read) => self,
            (Done::Read, Done::Given(_)) => other,
            (one, another) if one == another => self,
            _ => Self::unknown(),
        }
    }
}

/// What a command does with its words.
pub(super) struct Roles {
    /// By the positions of the words.
    pub(super) operands: BTreeMap<usize, Known>,
    /// Whether it is a function of the script.
    pub(super) is_function: bool,
    /// What it prints is a text for people, and is shown to them.
    pub(super) shows_prose: bool,
    pub(super) is_test: bool,
}

/// What is done with one word.
pub(super) struct Role<'a> {
    pub(super) known: Known,
    /// Whether a variable gets it.
    pub(super) is_value: bool,
    pub(super) of: &'a Roles,
}

/// What is done with the words of a line; of what a program gets, which program that is, by its name or path.
fn known_of(line: &[MappedText], variables: &Variables) -> Vec<Known> {
    let found = operands(line).into_iter();
    let known = found.map(|operand| {
        let Done::Given(index) = operand.done else {
            return Known::of(operand);
        };
        let program = line.get(index);
        let names = program.and_then(|program| program_names(program, variables));
        names.map_or_else(Known::unknown, |programs| Known { operand, programs })
    });
    known.collect()
}

/// The names or paths that a program's word can stand for; `None` if that is not known.
fn program_names(program: &MappedText, variables: &Variables) -> Option<BTreeSet<Vec<u8>>> {
    if program.is_literal() {
        return Some(BTreeSet::from([program.bytes().to_vec()]));
    }
    if let Some(values) = variables.all_values(program) {
        return Some(values.into_iter().collect());
    }
    // `$DIRECTORY/name`
    let end = program.opaque_ranges().last().map_or(0, |range| range.end);
    let slash = memchr::memrchr(b'/', program.bytes()).filter(|slash| *slash >= end);
    slash.map(|slash| BTreeSet::from([program.bytes()[slash + 1..].to_vec()]))
}

/// What is done with the words of a line that a variable begins: what it can stand for runs, and to write it is
/// enough that one of these does, or that it stands for nothing.
fn known_of_variable(line: &[MappedText], variables: &Variables) -> Vec<Known> {
    let Some((program, rest)) = line.split_first() else {
        return Vec::new();
    };
    let with = |value: &[u8]| {
        let words = value.split(u8::is_ascii_whitespace);
        let words = words.filter(|word| !word.is_empty());
        let mut other: Vec<MappedText> = words
            .map(|word| MappedText::of_file(word, Span::new(0, word.len())))
            .collect();
        let offset = other.len();
        other.extend(rest.iter().cloned());
        known_of(&other, variables).split_off(offset)
    };
    let all = variables.all_values(program);
    let mut found = match &all {
        Some(values) => {
            let each = values.iter().map(|value| with(value));
            let both = |one: Vec<Known>, other: Vec<Known>| {
                one.into_iter()
                    .zip(other)
                    .map(|(one, other)| one.or(other))
                    .collect()
            };
            each.reduce(both).unwrap_or_default()
        }
        None => known_of(line, variables).split_off(1),
    };
    for value in variables.values(program).into_iter().chain([Vec::new()]) {
        for (known, other) in found.iter_mut().zip(with(&value)) {
            if matches!(other.operand.done, Done::Written | Done::Changed) {
                *known = other;
            }
        }
    }
    let mut of_line = vec![Known::unknown()];
    of_line.append(&mut found);
    of_line
}

impl Roles {
    pub(super) fn of(command: &Command, output: &Output<'_>, variables: &Variables) -> Self {
        let line: Vec<usize> = match command.kind {
            CommandKind::Test | CommandKind::Case => (0..command.words.len()).collect(),
            _ => line_of(command),
        };
        let texts = texts(command, &line);
        let is_variable = texts.first().is_some_and(|program| !program.is_literal());
        let found: Vec<Known> = if command.kind == CommandKind::Test {
            of_test(&texts).into_iter().map(Known::of).collect()
        } else if command.kind == CommandKind::Case {
            // Its subject.
            vec![Known::of(Operand::whole(Done::Compared)); line.len()]
        } else if is_variable {
            known_of_variable(&texts, variables)
        } else {
            known_of(&texts, variables)
        };
        let name = texts.get(program_of(&texts));
        let is_function = name.is_some_and(|name| output.functions.contains(name.bytes()));
        let done = || found.iter().map(|known| known.operand.done);
        let is_prose = done().any(|done| matches!(done, Done::Printed | Done::Shown))
            && texts
                .iter()
                .skip(1)
                .any(|text| natural_words(text.bytes()) > 0);
        let is_printed = done().any(|done| done == Done::Printed);
        let is_test = command.kind == CommandKind::Test
            || name.is_some_and(|name| matches!(name.bytes(), b"[" | b"test"));
        Self {
            is_function,
            shows_prose: is_prose && !(is_printed && output.goes_elsewhere(command)),
            is_test,
            operands: line.into_iter().zip(found).collect(),
        }
    }

    pub(super) fn of_word(&self, index: usize, is_value: bool) -> Role<'_> {
        let known = self.operands.get(&index).cloned();
        Role {
            known: known.unwrap_or_else(Known::unknown),
            is_value,
            of: self,
        }
    }
}

/// What stands in front of a part of a text, and behind it.
fn around<'a>(text: &'a MappedText, part: &MappedText) -> (&'a [u8], &'a [u8]) {
    let bytes = text.bytes();
    let start = |text: &MappedText| text.covering_span().map_or(0, |span| span.start);
    // Where nothing is encoded, they are as far apart as in the file.
    let distance = start(part).saturating_sub(start(text));
    let is_there = |at: &usize| {
        let rest = bytes.get(*at..);
        rest.is_some_and(|rest| rest.starts_with(part.bytes()))
    };
    let found = Some(distance).filter(is_there);
    let found = found.or_else(|| memchr::memmem::find(bytes, part.bytes()));
    let (before, rest) = bytes.split_at(found.unwrap_or(0));
    (before, rest.get(part.len()..).unwrap_or_default())
}

impl Role<'_> {
    pub(super) fn done(&self) -> Done {
        self.known.operand.done
    }

    /// Whether all that lies below a path is changed with it: of a directory, or of `DIR/*`.
    pub(super) fn changes_below(&self, word: &CommandWord, path: &PathInText) -> bool {
        let all = [path.text.bytes(), b"*"].concat();
        word.place == Use::Argument
            && self.done() == Done::Changed
            && (!path.goes_on || path.text.bytes().ends_with(b"/") && word.text.bytes() == all)
            && path.text.is_literal()
    }

    pub(super) fn verdict(&self, word: &CommandWord, path: &PathInText) -> (Verdict, &'static str) {
        const READ: (Verdict, &str) = (Verdict::Read, "where it is read");
        let value = word
            .text
            .bytes()
            .get(self.known.operand.from..)
            .unwrap_or_default();
        let is_start = value.starts_with(path.text.bytes());
        let is_whole = is_start && path.text.len() == value.len() && !path.goes_on;
        let goes_on = path.goes_on || !path.text.is_literal();
        let unless_in_text = |known, reason| {
            if is_whole || is_start && goes_on {
                known
            } else {
                (Verdict::Unknown, reason)
            }
        };
        let in_argument = "within an argument of a command";
        let is_long = natural_words(value) > 1;
        match (word.place, self.done()) {
            (Use::Write, _) => (Verdict::Written, "where output goes to"),
            (Use::Read, _) => READ,
            (Use::Command, _) => unless_in_text(READ, "in the name of a command"),
            (Use::Data, _) => (Verdict::Unknown, "in backquotes with backslashes"),
            (Use::Pattern, _) | (Use::Argument, Done::Compared) => {
                (Verdict::Named, "in a pattern that is compared")
            }
            (Use::Argument, Done::Shown | Done::Printed) if self.of.shows_prose => {
                (Verdict::Shown, "in a message")
            }
            (Use::Argument, Done::Printed) => (Verdict::Named, "in what a command prints"),
            (Use::Argument, Done::Shown) => (Verdict::Shown, "in a message"),
            _ if is_long && (self.is_value || self.of.is_function) => {
                (Verdict::Named, "within a longer text")
            }
            (Use::Argument, Done::Given(_)) if is_long => {
                (Verdict::Unknown, "within a longer text")
            }
            // What uses the variable decides.
            _ if self.is_value => (Verdict::Unknown, UNKNOWN_USE),
            (Use::Argument, _) if self.of.is_function => {
                (Verdict::Unknown, "an argument of a function of the script")
            }
            (Use::Argument, Done::Written | Done::Changed) => unless_in_text(
                (Verdict::Written, "where a command writes to it"),
                "within an argument of a command that writes",
            ),
            (Use::Argument, Done::Made) => (Verdict::Named, "where a directory is made"),
            (Use::Argument, Done::Watched) => (Verdict::Watched, "where a command watches it"),
            (Use::Argument, Done::Program) => {
                let (before, after) = around(&word.text, &path.text);
                if program_writes(before, after) {
                    (
                        Verdict::Written,
                        "where a program of another language writes to it",
                    )
                } else {
                    (Verdict::Named, "in a program of another language")
                }
            }
            (Use::Argument, Done::Ignored) => {
                (Verdict::Documentation, "where nothing is done with it")
            }
            (Use::Argument, Done::Read) => unless_in_text(READ, in_argument),
            (Use::Argument, Done::Given(_)) => (Verdict::Given, "an argument of a program"),
            _ => (
                Verdict::Unknown,
                "an argument of a command that can read or write it",
            ),
        }
    }
}
