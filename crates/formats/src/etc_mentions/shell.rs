//! What shell scripts name, and what their commands do with it.

use std::collections::{BTreeMap, BTreeSet};

use super::commands::{Done, Operand, SHOWING_INPUT, of_test, operands, program_of};
use super::uses::{Exported, UNKNOWN_USE, Uses};
use super::variables::{Variables, given};
use super::{EtcPath, Mention, Mentions, Reader, Verdict};
use crate::command_line::{base_name, scripts};
use crate::mapped_text::{MappedText, Span};
use crate::paths::{PathInText, paths};
use crate::shell::{
    self, Command, CommandKind, CommandWord, HereDocument, Script, Stretch, StretchKind, Use,
    is_screen,
};

/// How deep scripts in the arguments of scripts are read.
const MAX_DEPTH: usize = 4;

/// What a shell script names.
pub(super) fn mentions(content: &[u8]) -> Mentions {
    let script = shell::scan(content);
    if script.problem.is_some() {
        // What stands behind the problem is no word of a command: all of the text is looked through.
        let text = MappedText::of_file(content, Span::new(0, content.len()));
        let reason = "in a script that is not understood";
        return Mentions {
            problem: script.problem,
            ..Mentions::all_of(&[text], Verdict::Unknown, reason)
        };
    }
    let mut all = Commands::default();
    all.add(script, 0);
    all.mentions(content)
}

/// What a command line names that stands in a file of another format.
pub(super) fn of_command_line(content: &[u8], line: &[MappedText]) -> Mentions {
    let word = |(index, text): (usize, &MappedText)| CommandWord {
        text: text.clone(),
        place: if index == 0 {
            Use::Command
        } else {
            Use::Argument
        },
        span: text.covering_span().unwrap_or(Span::new(0, 0)),
    };
    let command = Command {
        kind: CommandKind::Simple,
        words: line.iter().enumerate().map(word).collect(),
        variable: Vec::new(),
        in_here_document: false,
    };
    let mut all = Commands::default();
    let script = Script {
        commands: vec![command],
        ..Script::default()
    };
    all.add(script, 0);
    all.mentions(content)
}

/// The commands of a script, with those of the scripts in their arguments.
#[derive(Default)]
struct Commands {
    list: Vec<Command>,
    /// The arguments that are scripts and were read as such.
    read: BTreeSet<Span>,
    here_documents: Vec<HereDocument>,
    stretches: Vec<Stretch>,
}

/// The words of a simple command from its name on, by their positions.
fn line_of(command: &Command) -> Vec<usize> {
    let words = command.words.iter().enumerate();
    let of_line = words.filter(|(_, word)| matches!(word.place, Use::Command | Use::Argument));
    match command.kind {
        CommandKind::Simple => of_line.map(|(index, _)| index).collect(),
        _ => Vec::new(),
    }
}

fn texts(command: &Command, line: &[usize]) -> Vec<MappedText> {
    let words = line.iter().filter_map(|index| command.words.get(*index));
    words.map(|word| word.text.clone()).collect()
}

impl Commands {
    fn add(&mut self, script: Script, depth: usize) {
        for command in &script.commands {
            let line = line_of(command);
            if depth == MAX_DEPTH || line.len() < 2 {
                continue;
            }
            let texts = texts(command, &line);
            for text in bodies(&texts) {
                let inner = shell::scan_text(text);
                if inner.problem.is_none() {
                    self.read.extend(text.covering_span());
                    self.add(inner, depth + 1);
                }
            }
        }
        // Those of the bodies came first.
        let offset = self.list.len();
        let moved = script
            .here_documents
            .into_iter()
            .map(|document| HereDocument {
                command: document.command.map(|index| offset + index),
                ..document
            });
        self.here_documents.extend(moved);
        self.stretches.extend(script.stretches);
        self.list.extend(script.commands);
    }

    fn mentions(&self, content: &[u8]) -> Mentions {
        let output = Output::of(self);
        let variables = Variables::of(&self.list, content);
        let roles = self.list.iter();
        let roles: Vec<Roles> = roles
            .map(|command| Roles::of(command, &output, &variables))
            .collect();
        let optional = self.optional(&roles, &variables);
        let mut uses = Uses::new(&variables);
        let mut found: Vec<(usize, Mention)> = Vec::new();
        let mut mentions = Mentions::default();
        for (command, roles) in self.list.iter().zip(&roles) {
            let sourced = command.sourced();
            mentions
                .layers
                .extend(sourced.iter().map(|sourced| sourced.text.bytes().to_vec()));
            match Exported::of(command) {
                Exported::To(program) => uses.environment(command, program, content),
                Exported::ToAll(names) => names.iter().for_each(|name| uses.unclear(name)),
                Exported::Nothing => {}
            }
            for (index, word) in command.words.iter().enumerate() {
                if word.place == Use::Delimiter || self.is_read(word) {
                    continue;
                }
                let role = roles.of_word(index, given(command, word, content).is_some());
                uses.add(word, &role);
                for path in paths(&word.text) {
                    let (mut verdict, reason) = role.verdict(word, &path);
                    let mut mention = Mention::new(&path, verdict, reason);
                    if verdict == Verdict::Read && optional.contains(&mention.path) {
                        verdict = Verdict::Optional;
                        mention.verdict = verdict;
                    }
                    mention.below = role.changes_below(word, &path);
                    if verdict == Verdict::Given {
                        mention.programs = role.known.programs.iter().cloned().collect();
                    }
                    let is_whole = path.text.len() == word.text.len() && !path.goes_on;
                    let is_sourced = sourced.as_ref().is_some_and(|sourced| {
                        sourced.alone && sourced.text.covering_span() == word.text.covering_span()
                    });
                    if is_whole
                        && is_sourced
                        && matches!(verdict, Verdict::Read | Verdict::Optional)
                    {
                        let command = sourced.as_ref().map(|sourced| sourced.span);
                        mention.reader = command.map_or(Reader::Other, Reader::Shell);
                    }
                    found.push((word.span.end, mention));
                }
            }
        }
        let mut in_documents = Vec::new();
        for document in &self.here_documents {
            let (verdict, reason) = self.of_here_document(document, content, &output);
            let text = MappedText::of_file(content, document.body);
            if verdict != Verdict::Shown {
                uses.in_text(text.bytes());
            }
            in_documents.extend(Mentions::all_of(&[text], verdict, reason).list);
        }
        uses.settle(&mut found, &optional);
        // A command is known only at its end, after those within it.
        found.sort_by_key(|(end, _)| *end);
        mentions.list = found.into_iter().map(|(_, mention)| mention).collect();
        mentions.list.extend(in_documents);
        mentions.writes_parameters = uses.writes_parameters;
        mentions.also_written = uses.written;
        mentions
    }

    /// The files that commands are read from, and that may be missing: it is looked whether they are there, or
    /// nothing is said if they are not.
    fn optional(&self, roles: &[Roles], variables: &Variables) -> BTreeSet<EtcPath> {
        let mut looked_for = BTreeSet::new();
        let mut sourced = BTreeSet::new();
        let mut optional = BTreeSet::new();
        for (command, roles) in self.list.iter().zip(roles) {
            if let Some(file) = command.sourced() {
                let paths = variables.paths(&file.text);
                if command.words.iter().any(discards) {
                    optional.extend(paths.iter().cloned());
                }
                sourced.extend(paths);
            } else if roles.is_test {
                let is_read = |index: &usize| {
                    let known = roles.operands.get(index);
                    known.is_some_and(|known| known.operand.done == Done::Read)
                };
                let words = command.words.iter().enumerate();
                for (_, word) in words.filter(|(index, _)| is_read(index)) {
                    looked_for.extend(variables.paths(&word.text));
                }
            }
        }
        optional.extend(sourced.intersection(&looked_for).cloned());
        optional
    }

    fn is_read(&self, word: &CommandWord) -> bool {
        let span = word.text.covering_span();
        span.is_some_and(|span| self.read.contains(&span))
    }

    /// What is shown stands in front of a command that prints its input.
    fn of_here_document(
        &self,
        document: &HereDocument,
        content: &[u8],
        output: &Output<'_>,
    ) -> (Verdict, &'static str) {
        let unknown = (Verdict::Named, "in a here-document");
        let Some(command) = document.command.and_then(|index| self.list.get(index)) else {
            return unknown;
        };
        let delimiter = command
            .words
            .iter()
            .find(|word| word.place == Use::Delimiter);
        let between = delimiter.map(|word| Span::new(word.span.end, document.body.start));
        // Which of several it is, is not looked for.
        let is_next = between.is_some_and(|between| {
            between.start <= between.end
                && memchr::memchr_iter(b'\n', between.of(content))
                    .take(2)
                    .count()
                    == 1
        });
        if !is_next {
            return unknown;
        }
        let line = line_of(command);
        let texts = texts(command, &line);
        let program = texts.get(program_of(&texts));
        let shows =
            program.is_some_and(|program| SHOWING_INPUT.contains(&base_name(program.bytes())));
        let names_files = texts
            .iter()
            .skip(1)
            .any(|word| !word.bytes().starts_with(b"-"));
        if shows && !names_files && !output.goes_elsewhere(command) {
            (Verdict::Shown, "in a here-document that is shown")
        } else {
            unknown
        }
    }
}

/// The scripts among the arguments of a command: of `sh -c`, `eval` and `trap`.
fn bodies(line: &[MappedText]) -> Vec<&MappedText> {
    let Some((program, arguments)) = line.split_first() else {
        return Vec::new();
    };
    if let b"eval" | b"trap" = program.bytes() {
        let first = arguments
            .first()
            .filter(|text| !text.bytes().starts_with(b"-"));
        return first.into_iter().collect();
    }
    let known = scripts(program, arguments).into_keys();
    known.filter_map(|index| arguments.get(index)).collect()
}

/// Where what commands print goes.
struct Output<'a> {
    /// The stretches whose output goes elsewhere, sorted; none lies in another.
    elsewhere: Vec<Span>,
    /// The names of the functions of the script.
    functions: BTreeSet<&'a [u8]>,
}

impl<'a> Output<'a> {
    fn of(commands: &'a Commands) -> Self {
        let mut elsewhere = Vec::new();
        let mut bodies: Vec<(&[u8], Span)> = Vec::new();
        for stretch in &commands.stretches {
            match &stretch.kind {
                StretchKind::Function(name) => bodies.push((name, stretch.span)),
                _ => elsewhere.push(stretch.span),
            }
        }
        let mut output = Self {
            elsewhere: merged(elsewhere),
            functions: bodies.iter().map(|(name, _)| *name).collect(),
        };
        // A function whose output is taken prints for the script, and so do those that it calls.
        let mut known: BTreeSet<&[u8]> = BTreeSet::new();
        for _ in 0..MAX_DEPTH {
            let mut taken: BTreeSet<&[u8]> = BTreeSet::new();
            for command in &commands.list {
                let name = command.name().map_or(&b""[..], |name| name.text.bytes());
                if output.functions.contains(name)
                    && !known.contains(name)
                    && output.goes_elsewhere(command)
                {
                    taken.insert(name);
                }
            }
            if taken.is_empty() {
                break;
            }
            let spans = bodies.iter().filter(|(name, _)| taken.contains(name));
            let spans = spans.map(|(_, span)| *span).chain(output.elsewhere);
            output.elsewhere = merged(spans.collect());
            let taken: Vec<&[u8]> = bodies
                .iter()
                .map(|(name, _)| *name)
                .filter(|name| taken.contains(name))
                .collect();
            known.extend(taken);
        }
        output
    }

    fn goes_elsewhere(&self, command: &Command) -> bool {
        let redirected =
            |word: &CommandWord| word.place == Use::Write && !is_screen(word.text.bytes());
        let Some(start) = command.words.first().map(|word| word.span.start) else {
            return false;
        };
        let after = self.elsewhere.partition_point(|span| span.end <= start);
        let inside = self.elsewhere.get(after);
        inside.is_some_and(|span| span.start <= start) || command.words.iter().any(redirected)
    }
}

/// Whether a word is where output goes that nobody wants.
fn discards(word: &CommandWord) -> bool {
    word.place == Use::Write && word.text.bytes() == b"/dev/null"
}

/// Stretches without those in others, sorted.
fn merged(mut spans: Vec<Span>) -> Vec<Span> {
    spans.sort_by_key(|span| (span.start, span.end));
    let mut merged: Vec<Span> = Vec::new();
    for span in spans {
        match merged.last_mut() {
            Some(last) if span.start < last.end => last.end = last.end.max(span.end),
            _ => merged.push(span),
        }
    }
    merged
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
    operands: BTreeMap<usize, Known>,
    /// Whether it is a function of the script.
    pub(super) is_function: bool,
    /// What it prints is a text for people, and is shown to them.
    pub(super) shows_prose: bool,
    is_test: bool,
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
    fn of(command: &Command, output: &Output<'_>, variables: &Variables) -> Self {
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

    fn of_word(&self, index: usize, is_value: bool) -> Role<'_> {
        let known = self.operands.get(&index).cloned();
        Role {
            known: known.unwrap_or_else(Known::unknown),
            is_value,
            of: self,
        }
    }
}

/// How many words of a human language a text has, at the least.
pub(super) fn natural_words(text: &[u8]) -> usize {
    let is_natural = |word: &&[u8]| {
        let marks = |byte: &u8| b".,:;!?'\"()\\n".contains(byte) && !byte.is_ascii_alphabetic();
        let start = word
            .iter()
            .position(|byte| !marks(byte))
            .unwrap_or(word.len());
        let end = word
            .iter()
            .rposition(|byte| !marks(byte))
            .map_or(start, |last| last + 1);
        let word = &word[start..end.max(start)];
        word.len() > 1
            && word[0].is_ascii_alphabetic()
            && word
                .iter()
                .all(|byte| byte.is_ascii_alphabetic() || b"'-".contains(byte))
    };
    let words = text.split(u8::is_ascii_whitespace);
    words.filter(is_natural).count()
}

impl Role<'_> {
    pub(super) fn done(&self) -> Done {
        self.known.operand.done
    }

    /// Whether all that lies below a path is changed with it: of a directory, or of `DIR/*`.
    fn changes_below(&self, word: &CommandWord, path: &PathInText) -> bool {
        let all = [path.text.bytes(), b"*"].concat();
        word.place == Use::Argument
            && self.done() == Done::Changed
            && (!path.goes_on || path.text.bytes().ends_with(b"/") && word.text.bytes() == all)
            && path.text.is_literal()
    }

    fn verdict(&self, word: &CommandWord, path: &PathInText) -> (Verdict, &'static str) {
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
            (Use::Argument, Done::Program) => (Verdict::Named, "in a program of another language"),
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

#[cfg(test)]
mod tests;
