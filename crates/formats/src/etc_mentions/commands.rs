//! What commands do with the files among their arguments, by their manuals.
//!
//! A table, one row a command: POSIX (utilities), coreutils, util-linux, GNU sed, patch, ed, tar and gzip,
//! perlrun(1), acl, policycoreutils, rsync(1), openssl(1), ssh-keygen(1), crudini(1), augtool(1), curl(1),
//! wget(1). A command that is not in it reads what it is given.

use crate::command_line::{base_name, prefixed_program};
use crate::mapped_text::MappedText;

/// What a command does with an argument.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Done {
    /// Nothing is known of it: what gets a path reads it.
    Given,
    /// It reads the file.
    Read,
    /// It writes, replaces or moves the file, or one in the directory.
    Written,
    /// It removes the file, or changes who may do what with it; of a directory, all that is in it.
    Changed,
    /// It makes a directory of this name.
    Made,
    /// It waits for changes of the file.
    Watched,
    /// It prints the argument to its output.
    Printed,
    /// It shows the argument to a person, wherever its output goes.
    Shown,
    /// It is a program in a language of its own.
    Program,
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

/// What a command does with the arguments that are no options.
#[derive(Clone, Copy)]
enum Operands {
    All(Done),
    /// The first, and all others.
    First(Done, Done),
    /// The last, and all others.
    Last(Done, Done),
    /// A program, unless an option holds it, then files.
    Program(Done),
}

/// What an option is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Takes {
    /// It takes a value.
    Value(Done),
    /// Its value is the program.
    Script,
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
}

struct FileCommand {
    names: &'static [&'static str],
    operands: Operands,
    options: &'static [(&'static str, Takes)],
}

const fn row(
    names: &'static [&'static str],
    operands: Operands,
    options: &'static [(&'static str, Takes)],
) -> FileCommand {
    FileCommand {
        names,
        operands,
        options,
    }
}

use Done::{Changed, Given, Made, Printed, Program, Read, Shown, Unknown, Watched, Written};
use Takes::{Directories, InPlace, InPlaceBy, ReadsOnly, Script, Target, Value};

/// Options of those that copy: coreutils.
const TO_TARGET: &[(&str, Takes)] = &[
    ("-t", Target),
    ("--target-directory", Target),
    ("-S", Value(Given)),
    ("--suffix", Value(Given)),
];

const COMMANDS: &[FileCommand] = &[
    row(&["cp"], Operands::Last(Written, Read), TO_TARGET),
    row(
        &["install", "ginstall"],
        Operands::Last(Written, Read),
        &[
            ("-t", Target),
            ("--target-directory", Target),
            ("-d", Directories),
            ("--directory", Directories),
            ("-g", Value(Given)),
            ("--group", Value(Given)),
            ("-m", Value(Given)),
            ("--mode", Value(Given)),
            ("-o", Value(Given)),
            ("--owner", Value(Given)),
            ("-S", Value(Given)),
            ("--suffix", Value(Given)),
            ("--strip-program", Value(Given)),
        ],
    ),
    row(&["mv", "rename"], Operands::All(Written), TO_TARGET),
    // What a link leads to can be written through it.
    row(&["ln"], Operands::Last(Written, Unknown), TO_TARGET),
    row(&["link", "ucf", "scp"], Operands::Last(Written, Read), &[]),
    row(
        &["rsync"],
        Operands::Last(Written, Read),
        &[
            ("--remove-source-files", InPlace),
            ("-e", Value(Given)),
            ("--rsh", Value(Given)),
            ("-f", Value(Given)),
            ("--filter", Value(Given)),
            ("--exclude", Value(Given)),
            ("--include", Value(Given)),
            ("--exclude-from", Value(Read)),
            ("--include-from", Value(Read)),
            ("--files-from", Value(Read)),
            ("--log-file", Value(Written)),
            ("--backup-dir", Value(Written)),
        ],
    ),
    row(
        &["chcon", "chgrp", "chmod", "chown"],
        Operands::All(Changed),
        &[("--reference", Value(Read))],
    ),
    row(
        &["touch", "truncate"],
        Operands::All(Written),
        &[
            ("--reference", Value(Read)),
            ("-r", Value(Read)),
            ("-d", Value(Given)),
            ("--date", Value(Given)),
            ("-t", Value(Given)),
            ("-s", Value(Given)),
            ("--size", Value(Given)),
        ],
    ),
    row(
        &["chattr", "restorecon", "rm", "setfattr", "shred", "unlink"],
        Operands::All(Changed),
        &[("--random-source", Value(Read))],
    ),
    row(
        &["fallocate", "mkfifo", "mknod", "sponge", "tee"],
        Operands::All(Written),
        &[],
    ),
    row(
        &["setfacl"],
        Operands::All(Changed),
        &[
            ("-m", Value(Given)),
            ("--modify", Value(Given)),
            ("-x", Value(Given)),
            ("--remove", Value(Given)),
            ("--set", Value(Given)),
            ("-M", Value(Read)),
            ("--modify-file", Value(Read)),
            ("-X", Value(Read)),
            ("--remove-file", Value(Read)),
            ("--set-file", Value(Read)),
            ("--test", ReadsOnly),
        ],
    ),
    row(
        &["mkdir", "rmdir"],
        Operands::All(Made),
        &[("-m", Value(Given)), ("--mode", Value(Given))],
    ),
    row(
        &["mktemp", "tempfile"],
        Operands::All(Written),
        &[
            ("-p", Value(Written)),
            ("--tmpdir", Value(Written)),
            ("--suffix", Value(Given)),
        ],
    ),
    row(
        &["sed", "gsed"],
        Operands::Program(Read),
        &[
            ("-e", Script),
            ("--expression", Script),
            ("-f", Value(Read)),
            ("--file", Script),
            ("-l", Value(Given)),
            ("-i", InPlace),
            ("--in-place", InPlace),
        ],
    ),
    row(
        &["perl", "ruby"],
        Operands::First(Read, Given),
        &[
            ("-e", Script),
            ("-E", Script),
            ("-I", Value(Given)),
            ("-M", Value(Given)),
            ("-m", Value(Given)),
            ("-i", InPlace),
        ],
    ),
    row(
        &["awk", "gawk", "mawk", "nawk"],
        Operands::Program(Read),
        &[
            ("-f", Script),
            ("--file", Script),
            ("-e", Script),
            ("--source", Script),
            ("-F", Value(Given)),
            ("-v", Value(Given)),
            // The extension `inplace`.
            ("-i", InPlaceBy),
            ("--include", InPlaceBy),
        ],
    ),
    row(
        &["grep", "egrep", "fgrep"],
        Operands::Program(Read),
        &[
            ("-e", Script),
            ("--regexp", Script),
            ("-f", Script),
            ("--file", Script),
            ("-A", Value(Given)),
            ("-B", Value(Given)),
            ("-C", Value(Given)),
            ("-m", Value(Given)),
        ],
    ),
    row(
        &["python", "python3"],
        Operands::First(Read, Given),
        &[("-c", Script), ("-m", Value(Given))],
    ),
    row(
        &["patch"],
        Operands::First(Written, Read),
        &[
            ("-o", Value(Written)),
            ("--output", Value(Written)),
            ("-r", Value(Written)),
            ("--reject-file", Value(Written)),
            ("-d", Value(Written)),
            ("--directory", Value(Written)),
            ("-i", Value(Read)),
            ("--input", Value(Read)),
            ("-p", Value(Given)),
            ("-B", Value(Given)),
            ("-D", Value(Given)),
            ("-F", Value(Given)),
            ("-V", Value(Given)),
            ("-Y", Value(Given)),
            ("-z", Value(Given)),
            ("--dry-run", ReadsOnly),
        ],
    ),
    row(
        &[
            "ed",
            "editor",
            "emacs",
            "ex",
            "joe",
            "mcedit",
            "nano",
            "nvim",
            "pico",
            "red",
            "sensible-editor",
            "sudoedit",
            "vi",
            "vim",
        ],
        Operands::All(Written),
        &[("-c", Value(Given)), ("-R", ReadsOnly)],
    ),
    row(
        &["visudo"],
        Operands::All(Written),
        &[
            ("-f", Value(Written)),
            ("--file", Value(Written)),
            ("-c", ReadsOnly),
            ("--check", ReadsOnly),
        ],
    ),
    row(
        &["crudini"],
        Operands::First(Written, Given),
        &[
            ("--get", ReadsOnly),
            ("--output", Value(Written)),
            ("--format", Value(Given)),
        ],
    ),
    row(
        &["augtool"],
        Operands::All(Given),
        &[
            ("-f", Value(Read)),
            ("--file", Value(Read)),
            ("-r", Value(Given)),
            ("--root", Value(Given)),
        ],
    ),
    row(
        &["ssh-keygen"],
        Operands::All(Read),
        &[
            ("-f", Value(Written)),
            ("-y", ReadsOnly),
            ("-l", ReadsOnly),
            ("-L", ReadsOnly),
            ("-e", ReadsOnly),
            ("-F", ReadsOnly),
            ("-t", Value(Given)),
            ("-b", Value(Given)),
            ("-C", Value(Given)),
            ("-N", Value(Given)),
            ("-P", Value(Given)),
            ("-m", Value(Given)),
        ],
    ),
    row(
        &["htpasswd", "htdigest", "sqlite3"],
        Operands::First(Written, Given),
        &[],
    ),
    row(
        &["curl"],
        Operands::All(Given),
        &[
            ("-o", Value(Written)),
            ("--output", Value(Written)),
            ("-D", Value(Written)),
            ("--dump-header", Value(Written)),
            ("-c", Value(Written)),
            ("--cookie-jar", Value(Written)),
            ("--output-dir", Value(Written)),
        ],
    ),
    row(
        &["wget"],
        Operands::All(Given),
        &[
            ("-O", Value(Written)),
            ("--output-document", Value(Written)),
            ("-P", Value(Written)),
            ("--directory-prefix", Value(Written)),
            ("-o", Value(Written)),
            ("--output-file", Value(Written)),
        ],
    ),
    row(
        &["gpg", "gpg2"],
        Operands::All(Read),
        &[
            ("-o", Value(Written)),
            ("--output", Value(Written)),
            ("--homedir", Value(Written)),
        ],
    ),
    row(
        &["sort"],
        Operands::All(Read),
        &[("-o", Value(Written)), ("--output", Value(Written))],
    ),
    row(
        &["tar"],
        Operands::All(Unknown),
        &[
            ("-C", Value(Written)),
            ("--directory", Value(Written)),
            ("-f", Value(Unknown)),
            ("--file", Value(Unknown)),
            ("--exclude", Value(Given)),
            ("-X", Value(Read)),
            ("-T", Value(Read)),
        ],
    ),
    row(&["unzip"], Operands::All(Read), &[("-d", Value(Written))]),
    row(
        &[
            "bunzip2", "bzip2", "gunzip", "gzip", "unxz", "unzstd", "xz", "zstd",
        ],
        Operands::All(Written),
        &[
            ("-c", ReadsOnly),
            ("--stdout", ReadsOnly),
            ("--to-stdout", ReadsOnly),
            ("-l", ReadsOnly),
            ("--list", ReadsOnly),
            ("-t", ReadsOnly),
            ("--test", ReadsOnly),
        ],
    ),
    row(
        &["yq", "xmlstarlet"],
        Operands::Program(Read),
        &[("-i", InPlace), ("-L", InPlace), ("--inplace", InPlace)],
    ),
    row(
        &["flock"],
        Operands::First(Written, Unknown),
        &[("-w", Value(Given)), ("-E", Value(Given)), ("-c", Script)],
    ),
    row(
        &["logrotate"],
        Operands::All(Read),
        &[
            ("-s", Value(Written)),
            ("--state", Value(Written)),
            ("-l", Value(Written)),
        ],
    ),
    row(
        &["inotifywait", "inotifywatch", "fswatch"],
        Operands::All(Watched),
        &[
            ("-o", Value(Written)),
            ("--outfile", Value(Written)),
            ("-e", Value(Given)),
            ("-t", Value(Given)),
        ],
    ),
    row(&["dconf", "mount", "mailx"], Operands::All(Unknown), &[]),
    // Any program may stand in it.
    row(&["eval", "trap", "alias"], Operands::All(Unknown), &[]),
    row(
        &["echo", "printf", "print", "gettext", "eval_gettext"],
        Operands::All(Printed),
        &[],
    ),
    // Debian's and the LSB's functions for init scripts, Gentoo's, and names that scripts give to their
    // own.
    row(
        &[
            "abort",
            "bail",
            "critical",
            "debug",
            "dialog",
            "die",
            "ebegin",
            "echo_failure",
            "eerror",
            "einfo",
            "elog",
            "err",
            "error",
            "error_exit",
            "ewarn",
            "exit_error",
            "fail",
            "fatal",
            "info",
            "kdialog",
            "log",
            "log_action_begin_msg",
            "log_action_end_msg",
            "log_action_msg",
            "log_begin_msg",
            "log_daemon_msg",
            "log_end_msg",
            "log_error",
            "log_failure_msg",
            "log_info",
            "log_progress_msg",
            "log_success_msg",
            "log_warning_msg",
            "logger",
            "msg",
            "notice",
            "notify-send",
            "usage",
            "veinfo",
            "verbose",
            "wall",
            "warn",
            "warning",
            "whiptail",
            "xmessage",
            "zenity",
        ],
        Operands::All(Shown),
        &[],
    ),
];

/// Commands that run what follows them, beside those of [`prefixed_program`].
const PREFIXES: &[&[u8]] = &[
    b"builtin",
    b"busybox",
    b"chronic",
    b"doas",
    b"eatmydata",
    b"fakeroot",
    b"toybox",
];

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

/// The position of the program of a line, after all programs that only run another.
pub(super) fn program_of(line: &[MappedText]) -> usize {
    let mut at = 0;
    while let Some((program, arguments)) = line.get(at..).and_then(<[MappedText]>::split_first) {
        let name = base_name(program.bytes());
        let own = || PREFIXES.contains(&name).then_some(0);
        match prefixed_program(name, arguments).or_else(own) {
            Some(next) if next < arguments.len() && name != b"find" => at += 1 + next,
            _ => break,
        }
    }
    at
}

/// What is done with each word of a command, of which the first is its name.
pub(super) fn operands(line: &[MappedText]) -> Vec<Operand> {
    let plain = Operand {
        from: 0,
        done: Given,
    };
    let mut found = vec![plain; line.len()];
    let at = program_of(line);
    let Some((program, arguments)) = line.get(at..).and_then(<[MappedText]>::split_first) else {
        return found;
    };
    let of_arguments = of_command(program, arguments);
    for (operand, known) in found.iter_mut().skip(at + 1).zip(of_arguments) {
        *operand = known;
    }
    found
}

fn of_command(program: &MappedText, arguments: &[MappedText]) -> Vec<Operand> {
    let name = base_name(program.bytes());
    let all = |done| {
        let operand = Operand { from: 0, done };
        vec![operand; arguments.len()]
    };
    match name {
        b"dd" => arguments.iter().map(of_dd).collect(),
        b"find" => of_find(arguments),
        b"openssl" => of_openssl(arguments),
        b"augtool" => arguments
            .iter()
            .map(|word| of_augtool(word, arguments))
            .collect(),
        _ if !program.is_literal() && is_editor(program.bytes()) => all(Written),
        _ => {
            let known = |row: &&FileCommand| row.names.iter().any(|known| known.as_bytes() == name);
            match COMMANDS.iter().find(known) {
                Some(row) => row.operands(arguments),
                None => all(Given),
            }
        }
    }
}

/// dd(1): `of=FILE`.
fn of_dd(word: &MappedText) -> Operand {
    let done = match word.bytes() {
        [b'o', b'f', b'=', ..] => Written,
        [b'i', b'f', b'=', ..] => Read,
        _ => Given,
    };
    let from = if done == Given { 0 } else { 3 };
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
    let run = prefixed_program(b"find", arguments).and_then(|at| arguments.get(at..));
    let is_writing = |word: &Operand| matches!(word.done, Written | Changed);
    let writes = run.is_some_and(|line| operands(line).iter().any(is_writing));
    let done = |index| {
        if index < roots && (deletes || writes) {
            Changed
        } else {
            Given
        }
    };
    let operand = |index| Operand {
        from: 0,
        done: done(index),
    };
    (0..arguments.len()).map(operand).collect()
}

/// openssl(1): `-out FILE`, `-keyout FILE` and others of that kind.
fn of_openssl(arguments: &[MappedText]) -> Vec<Operand> {
    let mut before: &[u8] = b"";
    let mut found = Vec::new();
    for word in arguments {
        let done = match before {
            b"-out" | b"-keyout" | b"-outdir" | b"-CAserial" | b"-writerand" | b"-serial" => {
                Written
            }
            _ => Given,
        };
        found.push(Operand { from: 0, done });
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
                Unknown
            } else {
                Written
            },
        },
        None => Operand {
            from: 0,
            done: Given,
        },
    }
}

impl FileCommand {
    fn option(&self, name: &[u8]) -> Option<Takes> {
        let mut options = self.options.iter();
        let known = options.find(|(known, _)| known.as_bytes() == name);
        known.map(|(_, takes)| *takes)
    }

    fn operands(&self, arguments: &[MappedText]) -> Vec<Operand> {
        let mut line = Line {
            found: vec![
                Operand {
                    from: 0,
                    done: Given
                };
                arguments.len()
            ],
            ..Line::default()
        };
        let mut options = true;
        let mut at = 0;
        while let Some(word) = arguments.get(at) {
            let bytes = word.bytes();
            if options && bytes == b"--" {
                options = false;
            } else if options && bytes.starts_with(b"--") {
                let equals = memchr::memchr(b'=', bytes);
                if let Some(takes) = self.option(&bytes[..equals.unwrap_or(bytes.len())]) {
                    line.option(takes, &mut at, equals.map(|equals| equals + 1));
                }
            } else if options && bytes.len() > 1 && bytes.starts_with(b"-") {
                for (letter, byte) in bytes.iter().enumerate().skip(1) {
                    if let Some(takes) = self.option(&[b'-', *byte]) {
                        let rest = (letter + 1 < bytes.len()).then_some(letter + 1);
                        line.option(takes, &mut at, rest);
                        // The rest is its value, or a suffix.
                        if matches!(takes, Value(_) | Script | Target | InPlace | InPlaceBy) {
                            break;
                        }
                    }
                }
            } else {
                line.operands.push(at);
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
            Value(done) => done,
            Script => Program,
            Target => Written,
            InPlaceBy => Given,
            InPlace | Directories | ReadsOnly => return,
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
        let in_place = has(InPlace) || has(InPlaceBy);
        let count = self.operands.len();
        for (number, index) in self.operands.iter().enumerate() {
            let is_first = number == 0 && !has(Script);
            let is_last = number + 1 == count && count > 1 && !has(Target);
            let mut done = match operands {
                Operands::First(done, _) if is_first => done,
                Operands::Last(done, _) if is_last => done,
                Operands::Program(_) if is_first => Program,
                Operands::All(done)
                | Operands::First(_, done)
                | Operands::Last(_, done)
                | Operands::Program(done) => done,
            };
            if has(Directories) {
                done = Made;
            } else if in_place && matches!(done, Read | Given) {
                done = Written;
            }
            if let Some(operand) = self.found.get_mut(*index) {
                operand.done = done;
            }
        }
        if has(ReadsOnly) {
            let written = |operand: &&mut Operand| matches!(operand.done, Written | Changed);
            let written = self.found.iter_mut().filter(written);
            written.for_each(|operand| operand.done = Read);
        }
        self.found
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mapped_text::Span;

    /// What is done with the words that hold a slash.
    fn done(line: &str) -> Vec<Done> {
        let text = |word: &str| MappedText::of_file(word.as_bytes(), Span::new(0, word.len()));
        let words: Vec<MappedText> = line.split(' ').map(text).collect();
        let found = operands(&words).into_iter().zip(&words).skip(1);
        let named = found.filter(|(_, word)| word.bytes().contains(&b'/'));
        named.map(|(operand, _)| operand.done).collect()
    }

    #[test]
    fn by_the_manuals() {
        for (line, expected) in [
            ("cp /a /b", &[Read, Written][..]),
            ("cp -t /b /a", &[Written, Read]),
            ("cp --target-directory=/b /a", &[Written, Read]),
            ("cp -at /b /a /c", &[Written, Read, Read]),
            ("mv /a /b", &[Written, Written]),
            ("install -m 600 /a /b", &[Read, Written]),
            ("install -D -t /b /a", &[Written, Read]),
            ("install -d -m 755 /a /b", &[Made, Made]),
            ("ln -s /a /b", &[Unknown, Written]),
            ("ln -s /a", &[Unknown]),
            ("tee -a /a", &[Written]),
            ("chown --reference=/a x /b", &[Read, Changed]),
            ("chmod -R u+w /a", &[Changed]),
            ("setfacl -m u:x:r /a", &[Changed]),
            ("setfacl -M /a /b", &[Read, Changed]),
            ("rm -rf -- /a", &[Changed]),
            ("mkdir -p /a", &[Made]),
            ("truncate -s 0 /a", &[Written]),
            ("touch -r /a /b", &[Read, Written]),
            ("dd if=/a of=/b", &[Read, Written]),
            ("sed -i s/a/b/ /c", &[Program, Written]),
            ("sed -i.bak -e s/a/b/ /c", &[Program, Written]),
            ("sed -Ei s/a/b/ /c", &[Program, Written]),
            ("sed --in-place=.x s/a/b/ /c", &[Program, Written]),
            ("sed -ne s/a/b/ /c", &[Program, Read]),
            ("sed s/a/b/ /c", &[Program, Read]),
            ("perl -pi -e s/a/b/ /c", &[Program, Written]),
            ("perl -i.bak -pe s/a/b/ /c", &[Program, Written]),
            ("perl -ne s/a/b/ /c", &[Program, Given]),
            ("perl /a /b", &[Read, Given]),
            ("awk -F: /a/ /b", &[Program, Read]),
            ("gawk -i inplace /a/ /b", &[Program, Written]),
            ("grep -q -e a/b /c", &[Program, Read]),
            ("patch -p1 /a /b", &[Written, Read]),
            ("patch -d /a -i /b", &[Written, Read]),
            ("rsync -a /a /b", &[Read, Written]),
            ("crudini --set /a b c d", &[Written]),
            ("crudini --get /a b", &[Read]),
            ("augtool set /files/etc/a/b c", &[Written]),
            ("augtool get /files/etc/a/b", &[Unknown]),
            (
                "openssl req -config /a -out /b -keyout /c",
                &[Given, Written, Written],
            ),
            ("ssh-keygen -t rsa -f /a", &[Written]),
            ("ssh-keygen -y -f /a", &[Read]),
            ("vi /a", &[Written]),
            ("sudo -u x tee /a", &[Written]),
            ("env A=b nice -n 5 rm /a", &[Changed]),
            ("timeout 5 busybox sed -i p /a", &[Written]),
            ("xargs -n 1 chmod 600 /a", &[Changed]),
            ("find /a -name x/y -delete", &[Changed, Given]),
            ("find /a -exec chmod 600 {} +", &[Changed]),
            ("find /a -exec cat {} +", &[Given]),
            ("inotifywait -e close_write /a", &[Watched]),
            ("curl -o /a x://b/c", &[Written, Given]),
            ("sort -o /a /b", &[Written, Read]),
            ("gzip -dc /a", &[Read]),
            ("hello -c /a", &[Given]),
        ] {
            assert_eq!(done(line), expected, "{line}");
        }
    }

    #[test]
    fn each_command_has_one_row() {
        let mut names: Vec<&str> = COMMANDS.iter().flat_map(|row| row.names).copied().collect();
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), count);
    }

    #[test]
    fn editors() {
        for (name, expected) in [
            ("$EDITOR", true),
            ("${VISUAL:-vi}", true),
            ("$EDITORIAL", false),
            ("EDITOR", false),
        ] {
            assert_eq!(is_editor(name.as_bytes()), expected, "{name}");
        }
    }
}
