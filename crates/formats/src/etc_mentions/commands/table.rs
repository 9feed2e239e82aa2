//! The table of commands: `data/etc-commands.txt`.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use super::{Done, Operand};
use crate::mapped_text::MappedText;
use crate::tables::entries;

const COMMANDS: &str = include_str!("../../../data/etc-commands.txt");

/// What a command does with the arguments that are no options.
#[derive(Clone, Copy, Debug)]
enum Operands {
    All(Done),
    /// The first, and all others.
    First(Done, Done),
    /// The last, and all others.
    Last(Done, Done),
    /// A program in the first, unless an option holds it, then files.
    Program(Done),
    /// A file that is read and run, unless an option holds the program; it gets the others.
    Runs(Done),
}

/// What an option is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Takes {
    /// It takes a value.
    Value(Done),
    /// Its value is the program.
    Script,
    /// Its value is a script for a shell.
    Commands,
    /// Its value is a file that has the program.
    ScriptFile,
    /// Its value is the directory that all operands are put into.
    Target,
    /// The operands are written in place; what follows the letter is a suffix.
    InPlace,
    /// The same, and its value says so.
    InPlaceBy,
    /// The operands are directories to be made.
    Directories,
    /// Nothing is written.
    ReadsOnly,
    /// The operands are read.
    AllRead,
    /// What is done with operands that are read is not known.
    Unclear,
}

/// A row of the table.
#[derive(Clone, Debug)]
pub(super) struct FileCommand {
    operands: Operands,
    options: Vec<(&'static str, Takes)>,
}

static TABLE: LazyLock<BTreeMap<&'static [u8], FileCommand>> = LazyLock::new(|| {
    let rows = entries(COMMANDS).filter_map(|line| {
        let (names, row) = row(line)?;
        Some(
            names
                .split(' ')
                .map(move |name| (name.as_bytes(), row.clone())),
        )
    });
    rows.flatten().collect()
});

/// The row of a command.
pub(super) fn find(name: &[u8]) -> Option<&'static FileCommand> {
    TABLE.get(name)
}

/// The names of a line of the table, and what it says of them; `None` for what is no line of one.
fn row(line: &'static str) -> Option<(&'static str, FileCommand)> {
    let mut fields = line.split('|').map(str::trim);
    let (names, operands, options, manual) = (
        fields.next()?,
        fields.next()?,
        fields.next()?,
        fields.next()?,
    );
    let options = options.split(' ').filter(|option| !option.is_empty());
    let row = FileCommand {
        operands: operands_of(operands)?,
        options: options.map(option).collect::<Option<_>>()?,
    };
    (!manual.is_empty()).then_some((names, row))
}

fn operands_of(text: &str) -> Option<Operands> {
    let two = |text: &str| {
        let (one, other) = text.split_once(',')?;
        Some((done(one)?, done(other)?))
    };
    Some(if let Some(text) = text.strip_prefix("first:") {
        let (first, others) = two(text)?;
        Operands::First(first, others)
    } else if let Some(text) = text.strip_prefix("last:") {
        let (last, others) = two(text)?;
        Operands::Last(last, others)
    } else if let Some(text) = text.strip_prefix("program,") {
        Operands::Program(done(text)?)
    } else if let Some(text) = text.strip_prefix("runs,") {
        Operands::Runs(done(text)?)
    } else {
        Operands::All(done(text)?)
    })
}

fn option(text: &'static str) -> Option<(&'static str, Takes)> {
    if let Some((name, effect)) = text.split_once(':') {
        let takes = match effect {
            "in-place" => Takes::InPlace,
            "directories" => Takes::Directories,
            "reads-only" => Takes::ReadsOnly,
            "all-read" => Takes::AllRead,
            "unclear" => Takes::Unclear,
            _ => return None,
        };
        return Some((name, takes));
    }
    let (name, value) = text.split_once('=')?;
    let takes = match value {
        "script" => Takes::Script,
        "commands" => Takes::Commands,
        "script-file" => Takes::ScriptFile,
        "target" => Takes::Target,
        "in-place-by" => Takes::InPlaceBy,
        _ => Takes::Value(done(value)?),
    };
    Some((name, takes))
}

fn done(text: &str) -> Option<Done> {
    Some(match text {
        "read" => Done::Read,
        "written" => Done::Written,
        "changed" => Done::Changed,
        "made" => Done::Made,
        "watched" => Done::Watched,
        "printed" => Done::Printed,
        "shown" => Done::Shown,
        "program" => Done::Program,
        "ignored" => Done::Ignored,
        "unknown" => Done::Unknown,
        _ => return None,
    })
}

impl Takes {
    fn has_value(self) -> bool {
        use Takes::{Commands, InPlaceBy, Script, ScriptFile, Target, Value};
        matches!(
            self,
            Value(_) | Commands | Script | ScriptFile | Target | InPlaceBy
        )
    }
}

impl FileCommand {
    fn option(&self, name: &[u8]) -> Option<Takes> {
        let mut options = self.options.iter();
        let known = options.find(|(known, _)| known.as_bytes() == name);
        known.map(|(_, takes)| *takes)
    }

    /// What is done with each argument; what a program gets that the first operand is has the position of
    /// that among the arguments.
    pub(super) fn operands(&self, arguments: &[MappedText]) -> Vec<Operand> {
        let mut line = Line {
            found: vec![Operand::whole(Done::Unknown); arguments.len()],
            ..Line::default()
        };
        let mut options = true;
        let mut at = 0;
        while let Some(word) = arguments.get(at) {
            let bytes = word.bytes();
            let is_option = options && bytes.len() > 1 && bytes.starts_with(b"-");
            if options && bytes == b"--" {
                options = false;
            } else if is_option && let Some(takes) = self.option(bytes) {
                line.option(takes, &mut at, None);
            } else if is_option && bytes.starts_with(b"--") {
                let equals = memchr::memchr(b'=', bytes);
                if let Some(takes) = self.option(&bytes[..equals.unwrap_or(bytes.len())]) {
                    line.option(takes, &mut at, equals.map(|equals| equals + 1));
                }
            } else if is_option {
                for (letter, byte) in bytes.iter().enumerate().skip(1) {
                    if let Some(takes) = self.option(&[b'-', *byte]) {
                        let rest = (letter + 1 < bytes.len()).then_some(letter + 1);
                        line.option(takes, &mut at, rest);
                        // The rest is its value, or a suffix.
                        if takes.has_value() || takes == Takes::InPlace {
                            break;
                        }
                    }
                }
            } else {
                line.operands.push(at);
                // What follows the program that is run is for that.
                options &= !matches!(self.operands, Operands::Runs(_));
            }
            at += 1;
        }
        line.finish(self.operands)
    }
}

/// A command line that is being read.
#[derive(Default)]
struct Line {
    found: Vec<Operand>,
    /// The arguments that are no options.
    operands: Vec<usize>,
    /// What its options are.
    options: Vec<Takes>,
}

impl Line {
    /// An option whose value begins at `value` of the word at `at`, or is the next word.
    fn option(&mut self, takes: Takes, at: &mut usize, value: Option<usize>) {
        self.options.push(takes);
        let done = match takes {
            Takes::Value(done) => done,
            Takes::Script => Done::Program,
            Takes::ScriptFile => Done::Read,
            Takes::Target => Done::Written,
            Takes::Commands | Takes::InPlaceBy => Done::Unknown,
            _ => return,
        };
        if value.is_none() {
            *at += 1;
        }
        if let Some(operand) = self.found.get_mut(*at) {
            *operand = Operand {
                from: value.unwrap_or(0),
                done,
            };
        }
    }

    fn finish(mut self, operands: Operands) -> Vec<Operand> {
        let has = |takes: Takes| self.options.contains(&takes);
        let has_script = has(Takes::Script) || has(Takes::ScriptFile) || has(Takes::Commands);
        let in_place = has(Takes::InPlace) || has(Takes::InPlaceBy);
        let count = self.operands.len();
        let run = self.operands.first().copied();
        for (number, index) in self.operands.iter().enumerate() {
            let is_first = number == 0 && !has_script;
            let is_last = number + 1 == count && count > 1 && !has(Takes::Target);
            let mut done = match operands {
                Operands::First(done, _) if is_first => done,
                Operands::Last(done, _) if is_last => done,
                Operands::Program(_) if is_first => Done::Program,
                Operands::Runs(_) if is_first => Done::Read,
                Operands::Runs(_) if !has_script => run.map_or(Done::Unknown, Done::Given),
                Operands::All(done)
                | Operands::First(_, done)
                | Operands::Last(_, done)
                | Operands::Program(done)
                | Operands::Runs(done) => done,
            };
            if has(Takes::AllRead) && done == Done::Unknown {
                done = Done::Read;
            }
            if has(Takes::Directories) {
                done = Done::Made;
            } else if in_place && matches!(done, Done::Read | Done::Unknown | Done::Given(_)) {
                done = Done::Written;
            } else if has(Takes::Unclear) && done == Done::Read {
                done = Done::Unknown;
            }
            if let Some(operand) = self.found.get_mut(*index) {
                operand.done = done;
            }
        }
        if has(Takes::ReadsOnly) {
            let written =
                |operand: &&mut Operand| matches!(operand.done, Done::Written | Done::Changed);
            let written = self.found.iter_mut().filter(written);
            written.for_each(|operand| operand.done = Done::Read);
        }
        self.found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_line_is_a_row_and_each_command_has_one() {
        let mut names: Vec<&str> = Vec::new();
        let mut firsts: Vec<&str> = Vec::new();
        for line in entries(COMMANDS) {
            let Some((of_row, _)) = row(line) else {
                panic!("{line}");
            };
            firsts.extend(of_row.split(' ').next());
            let before = names.len();
            names.extend(of_row.split(' '));
            assert!(names[before..].is_sorted(), "{line}");
        }
        assert!(firsts.is_sorted());
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), count);
        assert!(find(b"cat").is_some() && find(b"hello").is_none());
    }
}
