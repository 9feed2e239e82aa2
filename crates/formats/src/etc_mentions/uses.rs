//! What a shell script does with the paths that its variables stand for.

use std::collections::{BTreeMap, BTreeSet};

use super::commands::Done;
use super::roles::{Role, UNKNOWN_USE};
use super::variables::{Variables, assigned_by, given, plain_name};
use super::{EtcPath, Mention, Verdict, Written};
use crate::mapped_text::MappedText;
use crate::paths::base_name;
use crate::shell::{Command, CommandKind, CommandWord, Use};

/// What is done with a path through a variable; what comes later matters more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum PathUse {
    Shown,
    Read,
    /// A program gets it.
    Given,
    Unknown,
    Written,
}

/// All that is done with a path, and the programs that get it.
#[derive(Debug, Default)]
struct PathUses {
    uses: BTreeSet<PathUse>,
    programs: BTreeSet<Vec<u8>>,
}

/// What is done with the paths that variables stand for.
pub(super) struct Uses<'a> {
    variables: &'a Variables,
    /// What is written under names that variables make.
    pub(super) written: Vec<Written>,
    /// Whether a file is written whose name is not known.
    pub(super) writes_parameters: bool,
    by_path: BTreeMap<Vec<u8>, PathUses>,
    /// The words that a variable gets, by where they end.
    values: BTreeSet<usize>,
}

/// Who gets variables of the script in its environment.
pub(super) enum Exported<'a> {
    /// The program of one command, by its name or path.
    To(&'a CommandWord),
    /// All that is run, the variables of these names.
    ToAll(Vec<Vec<u8>>),
    /// Nobody.
    Nothing,
}

impl<'a> Exported<'a> {
    /// What a command exports: POSIX (export), bash(1) (declare), env(1), sudo(8).
    pub(super) fn of(command: &'a Command) -> Self {
        let Some(name) = command
            .name()
            .filter(|_| command.kind == CommandKind::Simple)
        else {
            return Self::Nothing;
        };
        let arguments = || {
            command
                .words
                .iter()
                .filter(|word| word.place == Use::Argument)
        };
        let exports = match base_name(name.text.bytes()) {
            b"export" => true,
            b"declare" | b"typeset" | b"local" => {
                let is_export = |word: &CommandWord| {
                    word.text.bytes().starts_with(b"-") && word.text.bytes().contains(&b'x')
                };
                arguments().any(is_export)
            }
            b"env" | b"sudo" => {
                let program = arguments().find(|word| {
                    !word.text.bytes().starts_with(b"-") && assigned_by(&word.text).is_none()
                });
                return program.map_or(Self::Nothing, Self::To);
            }
            _ => return Self::To(name),
        };
        if !exports {
            return Self::Nothing;
        }
        let names = arguments().map(|word| match assigned_by(&word.text) {
            Some((name, _)) => name.to_vec(),
            None => word.text.bytes().to_vec(),
        });
        Self::ToAll(names.collect())
    }
}

impl<'a> Uses<'a> {
    pub(super) fn new(variables: &'a Variables) -> Self {
        Self {
            variables,
            written: Vec::new(),
            writes_parameters: false,
            by_path: BTreeMap::new(),
            values: BTreeSet::new(),
        }
    }

    /// What is done with a path; of one that goes on, with something in the directory.
    fn of_path(&mut self, path: EtcPath) -> Option<&mut PathUses> {
        path.in_etc()
            .is_some()
            .then(|| self.by_path.entry(path.path).or_default())
    }

    /// A program gets variables in its environment.
    pub(super) fn environment(&mut self, command: &Command, program: &CommandWord, content: &[u8]) {
        for word in &command.words {
            if word.place == Use::Command || given(command, word, content).is_none() {
                continue;
            }
            for path in self.variables.paths_within(&word.text) {
                if let Some(used) = self.of_path(path) {
                    if program.text.is_literal() {
                        used.uses.insert(PathUse::Given);
                        used.programs.insert(program.text.bytes().to_vec());
                    } else {
                        used.uses.insert(PathUse::Unknown);
                    }
                }
            }
        }
    }

    /// A variable is used in a way that is not followed.
    pub(super) fn unclear(&mut self, name: &[u8]) {
        for path in self.variables.paths_of(name) {
            if let Some(used) = self.of_path(path) {
                used.uses.insert(PathUse::Unknown);
            }
        }
    }

    /// All variables that a text expands are used in a way that is not followed.
    pub(super) fn in_text(&mut self, text: &[u8]) {
        for dollar in memchr::memchr_iter(b'$', text) {
            if let Some(name) = plain_name(&text[dollar..]) {
                self.unclear(name);
            }
        }
    }

    pub(super) fn add(&mut self, word: &CommandWord, role: &Role<'_>) {
        if role.is_value {
            self.values.insert(word.span.end);
        }
        for range in word.text.opaque_ranges() {
            let expansion = &word.text.bytes()[range];
            if !Variables::follows(expansion)
                && let Some(name) = plain_name(expansion)
            {
                self.unclear(name);
            }
        }
        let done = match word.place {
            Use::Write => Done::Written,
            Use::Read | Use::Command => Done::Read,
            Use::Data => Done::Unknown,
            Use::Value | Use::Pattern | Use::Delimiter => return,
            Use::Argument if role.is_value => return,
            Use::Argument if role.of.is_function => Done::Unknown,
            Use::Argument => role.done(),
        };
        let done = match done {
            Done::Printed if !role.of.shows_prose => Done::Unknown,
            Done::Ignored | Done::Compared => return,
            done => done,
        };
        let from = role.known.operand.from;
        let is_written = matches!(done, Done::Written | Done::Changed);
        // What is written out is a mention, unless it stands behind something else.
        if word.text.is_literal() && !(is_written && from > 0) {
            return;
        }
        let value = word.text.slice(from..word.text.len());
        if is_written {
            self.writes(word, &value, done);
            return;
        }
        let starts = self.variables.paths(&value);
        for path in self.variables.paths_within(&value) {
            let is_start = starts.contains(&path);
            let programs = role.known.programs.clone();
            let Some(used) = self.of_path(path) else {
                continue;
            };
            used.uses.insert(match done {
                Done::Read if is_start => PathUse::Read,
                Done::Given(_) => PathUse::Given,
                Done::Printed | Done::Shown => PathUse::Shown,
                _ => PathUse::Unknown,
            });
            used.programs.extend(programs);
        }
    }

    fn writes(&mut self, word: &CommandWord, value: &MappedText, done: Done) {
        let blank = value.bytes().iter().position(u8::is_ascii_whitespace);
        let value = value.slice(0..blank.unwrap_or(value.len()));
        let paths = self.variables.paths(&value);
        self.writes_parameters |= paths.is_empty() && value.literal_prefix().is_empty();
        for path in paths.into_iter().filter(|path| path.in_etc().is_some()) {
            if let Some(used) = self.of_path(path.clone()).filter(|_| !path.goes_on) {
                used.uses.insert(PathUse::Written);
            }
            let below = done == Done::Changed && !path.goes_on;
            let place = word.span;
            self.written.push(Written { path, place, below });
        }
    }

    /// What is done with a path, and with what lies below it. What is written below a directory is no use of the
    /// directory.
    fn of_all(&self, path: &[u8]) -> PathUses {
        let mut all = PathUses::default();
        let below = [path, b"/"].concat();
        let of_below = self.by_path.range(below.clone()..);
        let of_below = of_below.take_while(|(path, _)| path.starts_with(&below));
        for (_, used) in of_below {
            let read = used.uses.iter().filter(|used| **used != PathUse::Written);
            all.uses.extend(read);
            all.programs.extend(used.programs.iter().cloned());
        }
        if let Some(used) = self.by_path.get(path) {
            all.uses.extend(&used.uses);
            all.programs.extend(used.programs.iter().cloned());
        }
        all
    }

    /// What a variable gets is done with what uses it do.
    pub(super) fn settle(&self, found: &mut [(usize, Mention)], optional: &BTreeSet<EtcPath>) {
        for (end, mention) in found {
            if !self.values.contains(end) || mention.reason != UNKNOWN_USE {
                continue;
            }
            let used = self.of_all(&mention.path.path);
            let is_optional = optional.contains(&mention.path);
            (mention.verdict, mention.reason) = match used.uses.last() {
                None | Some(PathUse::Unknown) => continue,
                Some(PathUse::Written) => {
                    (Verdict::Written, "in a variable that a command writes to")
                }
                Some(PathUse::Given | PathUse::Read) if is_optional => {
                    (Verdict::Optional, "where it is read if it is there")
                }
                Some(PathUse::Given) => {
                    mention.programs = used.programs.into_iter().collect();
                    (Verdict::Given, "an argument of a program")
                }
                Some(PathUse::Read) => (Verdict::Read, "where it is read"),
                Some(PathUse::Shown) => (Verdict::Shown, "in a message"),
            };
        }
    }
}
