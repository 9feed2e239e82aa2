//! Programs that run another program, and what their arguments are: `data/launchers.txt`.

use std::collections::BTreeMap;
use std::ops::{Bound, Range};
use std::sync::LazyLock;

use crate::mapped_text::MappedText;
use crate::paths::base_name;
use crate::tables;

const LAUNCHERS: &str = include_str!("../data/launchers.txt");

/// What an argument of a launcher is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// An argument like any other program's.
    Argument,
    /// A file of another tree.
    Elsewhere,
    /// `SOURCE[:DESTINATION[:OPTIONS]]`: without a destination, it is the source.
    Bind,
    /// `SOURCE:DESTINATION[:OPTIONS]`: without a destination, nothing of this tree.
    Volume,
    /// A list of `NAME=VALUE`, of which the source alone is a file of this tree.
    Mount,
    /// A script for a shell.
    Script,
    /// Words that are read like those of the command line.
    Words,
    /// A program whose arguments follow.
    Program,
    /// It may be the program of a command: what stands in front of it is not known.
    Candidate,
}

/// Where the command of a launcher is looked up, and which files it names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Place {
    /// A name without a slash is looked up on a search path that is not known here.
    pub(crate) unknown_path: bool,
    /// What it names are files of another tree.
    pub(crate) elsewhere: bool,
}

/// How a launcher reads its arguments.
#[derive(Debug)]
pub(crate) struct Launch {
    /// What arguments are that are more than [`Part::Argument`], and where in them that begins; without the
    /// words of the commands.
    pub(crate) parts: BTreeMap<usize, (Part, usize)>,
    /// The commands: the positions of their words, in their order.
    pub(crate) commands: Vec<Range<usize>>,
    /// What holds for the commands and scripts.
    pub(crate) place: Place,
    /// The words of the command are joined and given to a shell.
    pub(crate) is_joined: bool,
    /// The first word of the command is the name of a program that is built in.
    pub(crate) is_applet: bool,
    /// The command is a shell that the launcher names itself; its arguments are those of the command.
    pub(crate) is_shell: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Effect {
    Nothing,
    Command,
    NoCommand,
    Operands,
    UnknownPath,
    Elsewhere,
}

/// An option, and what the words are that it takes.
#[derive(Clone, Copy, Debug)]
struct OptionRow {
    values: &'static [u8],
    /// A value is glued to the option, or there is none.
    is_glued: bool,
    effect: Effect,
}

#[derive(Debug, Default)]
struct Launcher {
    shape: Vec<&'static str>,
    operands: usize,
    after: Option<&'static [u8]>,
    place: Place,
    options: BTreeMap<Vec<u8>, OptionRow>,
}

static TABLE: LazyLock<BTreeMap<&'static [u8], Launcher>> = LazyLock::new(|| {
    let mut table = BTreeMap::new();
    for line in tables::entries(LAUNCHERS) {
        let mut fields = line.split('|').map(str::trim);
        let mut field = || fields.next().unwrap_or_default();
        let (names, shape, options) = (field(), field(), field());
        for name in names.split(',') {
            table.insert(name.as_bytes(), Launcher::new(shape, options));
        }
    }
    table
});

impl Launcher {
    fn new(shape: &'static str, options: &'static str) -> Self {
        let mut row = Self::default();
        for word in shape.split_whitespace() {
            match word.split_once('=') {
                Some(("operands", count)) => row.operands = count.parse().unwrap_or(0),
                Some(("after", word)) => row.after = Some(word.as_bytes()),
                _ => row.shape.push(word),
            }
        }
        row.place = Place {
            unknown_path: row.is("path"),
            elsewhere: row.is("root"),
        };
        for word in options.split_whitespace() {
            row.add_option(word);
        }
        row
    }

    /// Whether its shape has a word.
    fn is(&self, word: &str) -> bool {
        self.shape.contains(&word)
    }

    fn add_option(&mut self, word: &'static str) {
        let by_words = self.is("words");
        let (word, effect) = word.split_once('!').unwrap_or((word, ""));
        let effect = match effect {
            "command" => Effect::Command,
            "none" => Effect::NoCommand,
            "operands" => Effect::Operands,
            "path" => Effect::UnknownPath,
            "root" => Effect::Elsewhere,
            _ => Effect::Nothing,
        };
        let mut add = |name: &[u8], values: &'static str, is_glued| {
            let option = OptionRow {
                values: values.as_bytes(),
                is_glued,
                effect,
            };
            self.options.insert(name.to_vec(), option);
        };
        let values = |values: &'static str| if values.is_empty() { "A" } else { values };
        if by_words || word.starts_with("--") {
            match word.split_once('=') {
                Some((name, "]")) => add(name.trim_end_matches('[').as_bytes(), "A", true),
                Some((name, letters)) => add(name.as_bytes(), values(letters), false),
                None => add(word.as_bytes(), "", false),
            }
        } else if let Some((name, letters)) = word.split_once(':') {
            match letters.strip_prefix(':') {
                Some(letters) => add(name.as_bytes(), values(letters), true),
                None => add(name.as_bytes(), values(letters), false),
            }
        } else {
            for letter in word.bytes().skip(1) {
                add(&[b'-', letter], "", false);
            }
        }
    }

    /// The option of a name with two dashes: a shorter name means the only one that begins with it.
    fn option_of_name(&self, name: &[u8]) -> Option<OptionRow> {
        if let Some(option) = self.options.get(name) {
            return Some(*option);
        }
        if name.len() < 3 || self.is("words") {
            return None;
        }
        let from = (Bound::Included(name), Bound::Unbounded);
        let known = self.options.range::<[u8], _>(from);
        let mut longer = known.take_while(|(known, _)| known.starts_with(name));
        match (longer.next(), longer.next()) {
            (Some((_, option)), None) => Some(*option),
            _ => None,
        }
    }

    /// Whether one of its options lets the command name files of another tree.
    fn can_be_elsewhere(&self) -> bool {
        let mut options = self.options.values();
        self.place.elsewhere || options.any(|option| option.effect == Effect::Elsewhere)
    }
}

/// Whether a program of this name is known to run another one, or does with some arguments.
#[must_use]
pub fn is_launcher(name: &[u8]) -> bool {
    let subcommand = [name, b" "].concat();
    let from = (Bound::Included(subcommand.as_slice()), Bound::Unbounded);
    let mut longer = TABLE.range::<[u8], _>(from);
    let has_subcommand = longer
        .next()
        .is_some_and(|(known, _)| known.starts_with(&subcommand));
    TABLE.contains_key(name) || has_subcommand
}

/// How `program` reads its arguments, if it is known to run another program.
pub(crate) fn read(program: &[u8], arguments: &[MappedText]) -> Option<Launch> {
    let (row, skipped) = find(base_name(program), arguments)?;
    let mut reader = Reader {
        row,
        arguments,
        at: skipped,
        has_operands: false,
        is_done: false,
        launch: Launch {
            place: row.place,
            is_joined: row.is("joined"),
            is_applet: row.is("applet"),
            ..Launch::none()
        },
    };
    if row.is("shell") {
        if let Some(script) = script_of_shell(arguments) {
            reader.set(script, 0, Part::Script);
        }
    } else if let Some(word) = row.after {
        let start = arguments
            .iter()
            .position(|argument| argument.bytes() == word);
        reader.command(
            start.map_or(arguments.len(), |start| start + 1),
            arguments.len(),
        );
    } else if row.is("words") {
        reader.read_words();
    } else {
        reader.read_options();
    }
    Some(reader.launch)
}

/// The row of a program, and how many of its arguments belong to its name.
fn find(name: &[u8], arguments: &[MappedText]) -> Option<(&'static Launcher, usize)> {
    if let Some(row) = TABLE.get(name) {
        return Some((row, 0));
    }
    let mut key = name.to_vec();
    for (index, argument) in arguments.iter().enumerate().take(2) {
        key.push(b' ');
        let from = (Bound::Included(key.as_slice()), Bound::Unbounded);
        let (next, _) = TABLE.range::<[u8], _>(from).next()?;
        if !next.starts_with(&key) {
            return None;
        }
        key.extend_from_slice(argument.bytes());
        if let Some(row) = TABLE.get(key.as_slice()) {
            return Some((row, index + 1));
        }
    }
    None
}

/// Which of a shell's arguments is its script: the first that is no option, if one of the options
/// has a `c` (POSIX, sh; bash(1), OPTIONS).
fn script_of_shell(arguments: &[MappedText]) -> Option<usize> {
    let mut takes_script = false;
    let mut at = 0;
    while let Some(argument) = arguments.get(at) {
        let bytes = argument.bytes();
        at += 1;
        match bytes {
            b"--" => break,
            b"-o" | b"+o" | b"-O" | b"+O" | b"--rcfile" | b"--init-file" => at += 1,
            _ if bytes.starts_with(b"--") => {}
            [b'-' | b'+', letters @ ..] if !letters.is_empty() => {
                takes_script |= bytes[0] == b'-' && letters.contains(&b'c');
                // `-eo pipefail`
                at += usize::from(letters.ends_with(b"o"));
            }
            _ => {
                at -= 1;
                break;
            }
        }
    }
    (takes_script && at < arguments.len()).then_some(at)
}

/// Arguments that are being read.
struct Reader<'a> {
    row: &'static Launcher,
    arguments: &'a [MappedText],
    at: usize,
    /// An option said that the operands are the command.
    has_operands: bool,
    /// Nothing more is to be read.
    is_done: bool,
    launch: Launch,
}

impl Reader<'_> {
    fn set(&mut self, index: usize, from: usize, part: Part) {
        if index < self.arguments.len() {
            self.launch.parts.insert(index, (part, from));
        }
    }

    /// A command of the words `start..end`.
    fn command(&mut self, start: usize, end: usize) {
        if start < end {
            self.launch.commands.push(start..end);
        }
    }

    /// What follows is not known.
    fn stop(&mut self) {
        self.is_done = true;
        let elsewhere = self.row.can_be_elsewhere();
        for index in self.at..self.arguments.len() {
            if elsewhere {
                self.set(index, 0, Part::Elsewhere);
                continue;
            }
            let word = self.arguments[index].bytes();
            let is_value = word
                .first()
                .is_none_or(|byte| b"-0123456789".contains(byte));
            if !is_value {
                return self.set(index, 0, Part::Candidate);
            }
        }
    }

    fn read_options(&mut self) {
        let mut operands = self.row.operands;
        let mut takes_options = true;
        while let Some(word) = self.arguments.get(self.at).filter(|_| !self.is_done) {
            let bytes = word.bytes();
            let can_be_login = self.row.is("assignments") || self.row.is("permute");
            if takes_options && bytes == b"-" && can_be_login {
                self.launch.place.unknown_path |= self.row.is("permute");
                self.at += 1;
            } else if takes_options && bytes == b"--" {
                takes_options = false;
                self.at += 1;
                if self.row.is("bash") {
                    self.launch.is_shell = true;
                    break;
                }
            } else if takes_options && bytes.len() > 1 && bytes.starts_with(b"-") {
                self.read_option(word);
            } else if self.is_assignment(word) {
                takes_options = false;
                self.at += 1;
            } else if operands > 0 {
                operands -= 1;
                self.at += 1;
                takes_options = self.row.is("permute");
                self.read_script_behind_operands();
            } else if self.row.is("permute") && !self.has_operands && takes_options {
                self.at += 1;
            } else if !word.is_literal() && !word.literal_prefix().starts_with(b"/") {
                self.at += 1;
                self.stop();
            } else {
                break;
            }
        }
        let runs = !self.row.is("permute") || self.has_operands || self.launch.is_shell;
        let (start, end) = (self.at, self.arguments.len());
        if !self.is_done && operands == 0 && (runs || self.launch.has(Part::Program)) {
            self.command(start, end);
        }
    }

    fn is_assignment(&mut self, word: &MappedText) -> bool {
        let equals = memchr::memchr(b'=', word.literal_prefix());
        let Some(equals) = equals.filter(|at| self.row.is("assignments") && *at > 0) else {
            return false;
        };
        self.launch.place.unknown_path |= &word.bytes()[..equals] == b"PATH";
        true
    }

    /// `flock FILE -c SCRIPT`
    fn read_script_behind_operands(&mut self) {
        let Some(word) = self.arguments.get(self.at) else {
            return;
        };
        let option = self.row.options.get(word.bytes());
        if option.is_some_and(|option| option.values == b"S") {
            self.read_option(word);
            self.is_done = true;
        }
    }

    fn read_option(&mut self, word: &MappedText) {
        let bytes = word.bytes();
        self.at += 1;
        if bytes.starts_with(b"--") {
            let equals = memchr::memchr(b'=', bytes);
            let name = &bytes[..equals.unwrap_or(bytes.len())];
            let option = self.row.option_of_name(name);
            let is_known = word.literal_prefix().len() >= name.len();
            return match option.filter(|_| is_known) {
                Some(option) if equals.is_none() || !option.values.is_empty() => {
                    self.take(option, equals.map(|equals| equals + 1));
                }
                None if is_known && self.row.options.contains_key(&b"--*"[..]) => {}
                _ => self.stop(),
            };
        }
        for (index, letter) in bytes.iter().enumerate().skip(1) {
            let option = self.row.options.get(&[b'-', *letter][..]).copied();
            let is_known = word.literal_prefix().len() > index;
            match option.filter(|_| is_known) {
                Some(option) if option.values.is_empty() => self.take(option, None),
                Some(option) => {
                    let rest = (index + 1 < bytes.len()).then_some(index + 1);
                    return self.take(option, rest);
                }
                None if self.row.is("number") && bytes[index..].iter().all(u8::is_ascii_digit) => {
                    return;
                }
                None => return self.stop(),
            }
        }
    }

    /// Takes in an option whose value begins at `glued` of the word in front, or is the next word.
    fn take(&mut self, option: OptionRow, glued: Option<usize>) {
        let mut glued = glued;
        if glued.is_some() || !option.is_glued {
            for letter in option.values {
                self.at += usize::from(glued.is_none());
                self.value(*letter, self.at - 1, glued.take().unwrap_or(0));
            }
        }
        match option.effect {
            Effect::Nothing => {}
            Effect::Command => {
                let rest = self.arguments.get(self.at..).unwrap_or_default();
                let is_end = |word: &MappedText| matches!(word.bytes(), b";" | b"+");
                let length = rest
                    .iter()
                    .position(|word| self.row.is("until") && is_end(word));
                let end = self.at + length.unwrap_or(rest.len());
                self.command(self.at, end);
                self.at = end;
            }
            Effect::NoCommand => self.is_done = true,
            Effect::Operands => self.has_operands = true,
            Effect::UnknownPath => self.launch.place.unknown_path = true,
            Effect::Elsewhere => self.launch.place.elsewhere = true,
        }
    }

    fn value(&mut self, letter: u8, index: usize, from: usize) {
        let Some(word) = self.arguments.get(index) else {
            return;
        };
        let value = word.bytes().get(from..).unwrap_or_default();
        let starts = |names: &[&str]| {
            let mut names = names.iter();
            names.any(|name| value.starts_with(name.as_bytes()))
        };
        match letter {
            b'B' => self.set(index, from, Part::Bind),
            b'E' => self.set(index, from, Part::Elsewhere),
            b'M' => self.set(index, from, Part::Mount),
            b'N' => self.launch.place.unknown_path |= starts(&["PATH="]) || value == b"PATH",
            b'P' => self.set(index, from, Part::Program),
            b'R' => {
                let place = &mut self.launch.place;
                place.elsewhere |= starts(&["Root"]);
                place.unknown_path |= starts(&[
                    "Environment",
                    "ExecSearchPath=",
                    "PAMName=",
                    "PassEnvironment=",
                ]);
            }
            b'S' => self.set(index, from, Part::Script),
            b'V' => self.set(index, from, Part::Volume),
            b'W' => {
                self.set(index, from, Part::Words);
                self.command(index + 1, self.arguments.len());
                self.is_done = true;
            }
            _ => {}
        }
    }

    /// Looks for options among all words.
    fn read_words(&mut self) {
        while let Some(word) = self.arguments.get(self.at).filter(|_| !self.is_done) {
            let bytes = word.bytes();
            self.at += 1;
            let equals = memchr::memchr(b'=', bytes).filter(|_| bytes.starts_with(b"--"));
            let name = &bytes[..equals.unwrap_or(bytes.len())];
            if let Some(option) = self.row.option_of_name(name) {
                self.take(option, equals.map(|equals| equals + 1));
            }
        }
    }
}

impl Launch {
    /// Of a program that runs no other one, as far as is known.
    pub(crate) fn none() -> Self {
        Self {
            parts: BTreeMap::new(),
            commands: Vec::new(),
            place: Place::default(),
            is_joined: false,
            is_applet: false,
            is_shell: false,
        }
    }

    /// Finds the script of `sh -c` among arguments: what the program runs is not known, but a shell with a
    /// script is a shell. Of a shell that the launcher names itself, the arguments are the command's.
    pub(crate) fn add_shells(&mut self, arguments: &[MappedText]) {
        if let Some(range) = self.commands.first().filter(|_| self.is_shell).cloned() {
            self.commands.clear();
            let rest = arguments.get(range.start..).unwrap_or_default();
            if let Some(script) = script_of_shell(rest) {
                let script = range.start + script;
                self.parts.insert(script, (Part::Script, 0));
            }
        }
        if !self.commands.is_empty() {
            return;
        }
        for (index, argument) in arguments.iter().enumerate() {
            let name = base_name(argument.bytes());
            // A script that ends in `/bin/sh` is no shell.
            if !self.parts.contains_key(&index)
                && TABLE.get(name).is_some_and(|row| row.is("shell"))
                && let Some(script) = script_of_shell(&arguments[index + 1..])
            {
                let script = index + 1 + script;
                self.parts.entry(script).or_insert((Part::Script, 0));
            }
        }
    }

    pub(crate) fn has(&self, part: Part) -> bool {
        self.parts.values().any(|(known, _)| *known == part)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted_and_well_formed() {
        let lines: Vec<&str> = tables::entries(LAUNCHERS).collect();
        let name = |line: &'static str| line.split([',', '|']).next().unwrap_or_default().trim();
        for pair in lines.windows(2) {
            assert!(
                name(pair[0]) < name(pair[1]),
                "{} before {}",
                pair[0],
                pair[1]
            );
        }
        let mut names = 0;
        for line in lines {
            let fields: Vec<&str> = line.split('|').collect();
            assert_eq!(fields.len(), 4, "{line}");
            assert!(!fields[3].trim().is_empty(), "{line}");
            names += fields[0].split(',').count();
            let by_words = fields[1].contains("words");
            for word in fields[2].split_whitespace().filter(|_| !by_words) {
                let word = word.split_once('!').map_or(word, |(word, _)| word);
                let is_letter = word.find(':').is_none_or(|colon| colon == 2);
                assert!(word.starts_with('-'), "{word} of {line}");
                assert!(word.starts_with("--") || is_letter, "{word} of {line}");
            }
        }
        assert_eq!(TABLE.len(), names, "a name stands twice");
    }
}
