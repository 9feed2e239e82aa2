//! What commands do with the files among their arguments, by their manuals.
//!
//! A table (`data/etc-commands.txt`), and what no row can say. A command that is in neither is known only if it is a
//! program of the package itself.

mod table;

use std::ops::Range;

use crate::launchers::{self, Launch, Part};
use crate::mapped_text::MappedText;
use crate::paths::base_name;

/// What a command does with an argument.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Done {
    /// The program that the word at this position names gets it.
    Given(usize),
    /// It reads the file.
    Read,
    /// It writes, replaces or moves the file, or one in the directory.
    Written,
    /// It removes the file, or changes who may do what with it; of a directory, all that is in it.
    Changed,
    /// It makes or removes a directory of this name.
    Made,
    /// It waits for changes of the file.
    Watched,
    /// It prints the argument to its output.
    Printed,
    /// It shows the argument to a person, wherever its output goes.
    Shown,
    /// It is a program in a language of its own.
    Program,
    /// It is compared with something.
    Compared,
    /// Nothing is done with it.
    Ignored,
    /// What is done with it is not known.
    Unknown,
}

/// An argument of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Operand {
    /// Where its value begins: behind `--option=` or `of=`.
    pub(super) from: usize,
    /// What is done with it.
    pub(super) done: Done,
}

impl Operand {
    /// All of a word.
    pub(super) fn whole(done: Done) -> Self {
        Self { from: 0, done }
    }
}

/// Commands that print their input or their operands to their output, if nothing else is said.
pub(super) const SHOWING_INPUT: &[&[u8]] = &[
    b"cat", b"fmt", b"fold", b"less", b"logger", b"more", b"wall",
];

/// Whether the name of a command is a variable that holds a person's editor: POSIX, environ(7).
fn is_editor(name: &[u8]) -> bool {
    let name = name.strip_prefix(b"$").unwrap_or_default();
    let name = name.strip_prefix(b"{").unwrap_or(name);
    let length = name
        .iter()
        .take_while(|byte| byte.is_ascii_uppercase() || **byte == b'_');
    matches!(
        &name[..length.count()],
        b"EDITOR" | b"VISUAL" | b"SUDO_EDITOR" | b"SYSTEMD_EDITOR"
    )
}

/// The commands that a program runs by its arguments, by the positions of their words.
fn commands_of(program: &[u8], arguments: &[MappedText]) -> Vec<Range<usize>> {
    let launch = launchers::read(program, arguments);
    // The program may stand elsewhere: in an option, or in a word that is split.
    let is_whole = |launch: &Launch| {
        let in_option = [Part::Program, Part::Words];
        !launch.place.elsewhere
            && !launch.is_shell
            && !in_option.into_iter().any(|part| launch.has(part))
    };
    let launch = launch.filter(is_whole);
    launch.map(|launch| launch.commands).unwrap_or_default()
}

/// The position of the program of a line, after all programs that only run another.
pub(super) fn program_of(line: &[MappedText]) -> usize {
    let mut at = 0;
    while let Some((program, arguments)) = line.get(at..).and_then(<[MappedText]>::split_first) {
        let commands = commands_of(program.bytes(), arguments);
        match commands.as_slice() {
            [command] if command.end == arguments.len() => at += 1 + command.start,
            _ => break,
        }
    }
    at
}

/// What is done with each word of a command, of which the first is its name.
pub(super) fn operands(line: &[MappedText]) -> Vec<Operand> {
    let mut found = vec![Operand::whole(Done::Unknown); line.len()];
    let at = program_of(line);
    let Some((program, arguments)) = line.get(at..).and_then(<[MappedText]>::split_first) else {
        return found;
    };
    // What runs the program names its file, if it does: `exec /etc/x`.
    if let Some(operand) = found.get_mut(at) {
        operand.done = Done::Read;
    }
    let of_arguments = of_command(program, arguments);
    for (operand, mut known) in found.iter_mut().skip(at + 1).zip(of_arguments) {
        if let Done::Given(index) = &mut known.done {
            *index += at;
        }
        *operand = known;
    }
    found
}

/// What is done with the arguments of a program; positions of programs begin with that of `program`.
fn of_command(program: &MappedText, arguments: &[MappedText]) -> Vec<Operand> {
    let name = base_name(program.bytes());
    match name {
        b"dd" => arguments.iter().map(of_dd).collect(),
        b"find" => of_find(arguments),
        b"openssl" => of_openssl(arguments),
        b"augtool" => arguments
            .iter()
            .map(|word| of_augtool(word, arguments))
            .collect(),
        b"[" | b"test" => of_test(arguments),
        b"start-stop-daemon" => of_start_stop_daemon(arguments),
        _ if !program.is_literal() && is_editor(program.bytes()) => {
            vec![Operand::whole(Done::Written); arguments.len()]
        }
        _ => match table::find(name) {
            Some(row) => {
                let mut found = row.operands(arguments);
                for operand in &mut found {
                    if let Done::Given(index) = &mut operand.done {
                        *index += 1;
                    }
                }
                found
            }
            None => of_other(arguments),
        },
    }
}

/// A program that is not known gets its arguments. One that says so in an option's name does not only read.
fn of_other(arguments: &[MappedText]) -> Vec<Operand> {
    let mut option: &[u8] = b"";
    let mut found = Vec::new();
    for word in arguments {
        let bytes = word.bytes();
        let name = bytes.split(|byte| *byte == b'=').next().unwrap_or_default();
        let is_option = bytes.starts_with(b"-");
        let may_write = is_output(if is_option { name } else { option });
        found.push(Operand::whole(if may_write {
            Done::Unknown
        } else {
            Done::Given(0)
        }));
        option = if is_option && name.len() == bytes.len() {
            name
        } else {
            b""
        };
    }
    found
}

/// Whether the name of an option or a key says that something is written to its value.
pub(super) fn is_output(name: &[u8]) -> bool {
    const WRITTEN: &[&str] = &[
        "cache", "create", "dump", "generate", "history", "init", "lock", "log", "out", "pid",
        "save", "sock", "state", "store", "write",
    ];
    let name = name.to_ascii_lowercase();
    name == b"-o"
        || WRITTEN
            .iter()
            .any(|part| memchr::memmem::find(&name, part.as_bytes()).is_some())
}

/// test(1): what is compared with something is no file's name for it; whether a file can be written is
/// asked for the sake of writing.
pub(super) fn of_test(arguments: &[MappedText]) -> Vec<Operand> {
    let at = |index: Option<usize>| {
        let word = index.and_then(|index| arguments.get(index));
        word.map_or(&b""[..], |word| word.bytes())
    };
    let of_word = |index: usize| match (at(index.checked_sub(1)), at(Some(index + 1))) {
        (b"-w", _) => Done::Unknown,
        (b"-n" | b"-z", _) => Done::Ignored,
        (b"=" | b"==" | b"!=" | b"=~" | b"<" | b">", _)
        | (_, b"=" | b"==" | b"!=" | b"=~" | b"<" | b">") => Done::Compared,
        (b"-nt" | b"-ot" | b"-ef", _) | (_, b"-nt" | b"-ot" | b"-ef") => Done::Read,
        ([b'-', letter], _) if b"abcdefghkprstuxGLNOS".contains(letter) => Done::Read,
        _ => Done::Unknown,
    };
    (0..arguments.len())
        .map(|index| Operand::whole(of_word(index)))
        .collect()
}

/// start-stop-daemon(8): the program is the value of an option, and what stands behind `--` is for it.
fn of_start_stop_daemon(arguments: &[MappedText]) -> Vec<Operand> {
    let mut found = vec![Operand::whole(Done::Unknown); arguments.len()];
    let follows = |names: &[&[u8]]| {
        let option = arguments
            .iter()
            .position(|word| names.contains(&word.bytes()));
        option.map(|option| option + 1)
    };
    let program = follows(&[b"-a", b"--startas"]).or_else(|| follows(&[b"-x", b"--exec"]));
    let (Some(program), Some(first)) = (program, follows(&[b"--"])) else {
        return found;
    };
    let of_program = of_other(arguments.get(first..).unwrap_or_default());
    for (operand, known) in found.iter_mut().skip(first).zip(of_program) {
        *operand = match known.done {
            Done::Given(_) => Operand::whole(Done::Given(program + 1)),
            _ => known,
        };
    }
    found
}

/// dd(1): `of=FILE`.
fn of_dd(word: &MappedText) -> Operand {
    let done = match word.bytes() {
        [b'o', b'f', b'=', ..] => Done::Written,
        [b'i', b'f', b'=', ..] => Done::Read,
        _ => Done::Unknown,
    };
    let from = if done == Done::Unknown { 0 } else { 3 };
    Operand { from, done }
}

/// find(1): what it starts at is written, if it deletes or runs something that writes.
fn of_find(arguments: &[MappedText]) -> Vec<Operand> {
    let is_expression = |word: &MappedText| matches!(word.bytes(), [b'-' | b'(' | b'!', ..]);
    let roots = arguments
        .iter()
        .position(is_expression)
        .unwrap_or(arguments.len());
    let deletes = arguments.iter().any(|word| word.bytes() == b"-delete");
    let commands = commands_of(b"find", arguments);
    let mut runs = commands
        .iter()
        .filter_map(|range| arguments.get(range.clone()));
    let is_writing = |word: &Operand| matches!(word.done, Done::Written | Done::Changed);
    let writes = runs.any(|line| operands(line).iter().any(is_writing));
    let done = |index: usize| {
        let before = index
            .checked_sub(1)
            .and_then(|before| arguments.get(before));
        if index < roots && (deletes || writes) {
            Done::Changed
        } else if before.is_some_and(|before| before.bytes() == b"-newer") {
            Done::Read
        } else {
            Done::Unknown
        }
    };
    (0..arguments.len())
        .map(|index| Operand::whole(done(index)))
        .collect()
}

/// openssl(1): `-in FILE`, `-out FILE` and others of their kinds.
fn of_openssl(arguments: &[MappedText]) -> Vec<Operand> {
    let mut before: &[u8] = b"";
    let mut found = Vec::new();
    for word in arguments {
        found.push(Operand::whole(match before {
            b"-out" | b"-keyout" | b"-outdir" | b"-CAserial" | b"-writerand" | b"-serial" => {
                Done::Written
            }
            b"-CA" | b"-CAfile" | b"-CAkey" | b"-cert" | b"-certfile" | b"-config"
            | b"-extfile" | b"-in" | b"-inkey" | b"-key" | b"-kfile" | b"-untrusted" => Done::Read,
            _ => Done::Unknown,
        }));
        before = word.bytes();
    }
    found
}

/// augtool(1): the tree has the files below `/files`.
fn of_augtool(word: &MappedText, arguments: &[MappedText]) -> Operand {
    const READING: &[&[u8]] = &[b"get", b"match", b"print", b"ls", b"dump-xml", b"errors"];
    let first = arguments
        .iter()
        .find(|word| !word.bytes().starts_with(b"-"));
    let first = first.map_or(&b""[..], |word| word.bytes());
    let verb = first.split(|byte| *byte == b' ').next().unwrap_or_default();
    match memchr::memmem::find(word.bytes(), b"/files/etc/") {
        Some(at) => Operand {
            from: at + b"/files".len(),
            done: if READING.contains(&verb) {
                Done::Unknown
            } else {
                Done::Written
            },
        },
        None => Operand::whole(Done::Unknown),
    }
}

#[cfg(test)]
mod tests;
