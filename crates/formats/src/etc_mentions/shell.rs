//! What shell scripts name, and what their commands do with it.

use std::collections::{BTreeMap, BTreeSet};

use super::commands::{Done, Operand, SHOWING_INPUT, operands, program_of};
use super::variables::{Variables, given};
use super::{Mention, Mentions, Reader, Verdict, Written};
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
        let mut uses = Uses::default();
        let mut found: Vec<(usize, Mention)> = Vec::new();
        let mut mentions = Mentions::default();
        for command in &self.list {
            let sourced = command.sourced();
            mentions
                .layers
                .extend(sourced.iter().map(|sourced| sourced.text.bytes().to_vec()));
            let roles = Roles::of(command, &output, &variables);
            for (index, word) in command.words.iter().enumerate() {
                if word.place == Use::Delimiter || self.is_read(word) {
                    continue;
                }
                let role = roles.of_word(index, given(command, word, content).is_some());
                uses.add(&variables, word, &role);
                for path in paths(&word.text) {
                    let (verdict, reason) = role.verdict(word, &path);
                    let mut mention = Mention::new(&path, verdict, reason);
                    mention.below = role.changes_below(word, &path);
                    let is_whole = path.text.len() == word.text.len() && !path.goes_on;
                    let is_sourced = sourced.as_ref().is_some_and(|sourced| {
                        sourced.alone && sourced.text.covering_span() == word.text.covering_span()
                    });
                    if is_whole && is_sourced && verdict == Verdict::Read {
                        let command = sourced.as_ref().map(|sourced| sourced.span);
                        mention.reader = command.map_or(Reader::Other, Reader::Shell);
                    }
                    found.push((word.span.end, mention));
                }
            }
        }
        uses.settle(&mut found);
        // A command is known only at its end, after those within it.
        found.sort_by_key(|(end, _)| *end);
        mentions.list = found.into_iter().map(|(_, mention)| mention).collect();
        for document in &self.here_documents {
            let (verdict, reason) = self.of_here_document(document, content, &output);
            let text = MappedText::of_file(content, document.body);
            let inside = Mentions::all_of(&[text], verdict, reason);
            mentions.list.extend(inside.list);
        }
        mentions.also_written = uses.written;
        mentions
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
        let unknown = (Verdict::Unknown, "in a here-document");
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

/// What a command does with its words.
struct Roles {
    /// By the positions of the words.
    operands: BTreeMap<usize, Operand>,
    /// Whether it is a function of the script.
    is_function: bool,
    /// What it prints is a text for people, and is shown to them.
    shows_prose: bool,
    is_test: bool,
}

/// What is done with one word.
struct Role<'a> {
    operand: Operand,
    /// Whether a variable gets it.
    is_value: bool,
    of: &'a Roles,
}

impl Roles {
    fn of(command: &Command, output: &Output<'_>, variables: &Variables) -> Self {
        let line = line_of(command);
        let texts = texts(command, &line);
        let mut found = operands(&texts);
        // What a variable runs is what it can stand for, or nothing.
        if let Some((program, rest)) = texts.split_first()
            && !program.is_literal()
        {
            for value in variables.values(program).into_iter().chain([Vec::new()]) {
                let words = value.split(u8::is_ascii_whitespace);
                let words = words.filter(|word| !word.is_empty());
                let mut other: Vec<MappedText> = words
                    .map(|word| MappedText::of_file(word, Span::new(0, word.len())))
                    .collect();
                let offset = other.len();
                other.extend(rest.iter().cloned());
                let others = operands(&other);
                let others = others.into_iter().skip(offset);
                for (known, other) in found.iter_mut().skip(1).zip(others) {
                    let writes = matches!(other.done, Done::Written | Done::Changed);
                    if writes || known.done == Done::Given {
                        *known = other;
                    }
                }
            }
        }
        let name = texts.get(program_of(&texts));
        let is_function = name.is_some_and(|name| output.functions.contains(name.bytes()));
        let prints = |operand: &Operand| matches!(operand.done, Done::Printed | Done::Shown);
        let is_prose = found.iter().any(prints)
            && texts
                .iter()
                .skip(1)
                .any(|text| natural_words(text.bytes()) > 0);
        let is_printed = found.iter().any(|operand| operand.done == Done::Printed);
        let is_test = command.kind == CommandKind::Test
            || name.is_some_and(|name| matches!(name.bytes(), b"[" | b"test"));
        Self {
            operands: line.into_iter().zip(found).collect(),
            is_function,
            shows_prose: is_prose && !(is_printed && output.goes_elsewhere(command)),
            is_test,
        }
    }

    fn of_word(&self, index: usize, is_value: bool) -> Role<'_> {
        let operand = self.operands.get(&index).copied().unwrap_or(Operand {
            from: 0,
            done: Done::Given,
        });
        Role {
            operand,
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
    /// Whether all that lies below a path is changed with it: of a directory, or of `DIR/*`.
    fn changes_below(&self, word: &CommandWord, path: &PathInText) -> bool {
        let all = [path.text.bytes(), b"*"].concat();
        word.place == Use::Argument
            && self.operand.done == Done::Changed
            && (!path.goes_on || path.text.bytes().ends_with(b"/") && word.text.bytes() == all)
            && path.text.is_literal()
    }

    fn verdict(&self, word: &CommandWord, path: &PathInText) -> (Verdict, &'static str) {
        let value = word
            .text
            .bytes()
            .get(self.operand.from..)
            .unwrap_or_default();
        let is_start = value.starts_with(path.text.bytes());
        let is_whole = is_start && path.text.len() == value.len() && !path.goes_on;
        let read = if natural_words(value) > 1 {
            (Verdict::Unknown, "within a longer text")
        } else {
            (Verdict::Read, "where it is read")
        };
        let unless_in_text = |verdict, reason| {
            let goes_on = path.goes_on || !path.text.is_literal();
            if is_whole || is_start && goes_on {
                (verdict, reason)
            } else {
                (
                    Verdict::Unknown,
                    "within an argument of a command that writes",
                )
            }
        };
        match (word.place, self.operand.done) {
            (Use::Write, _) => (Verdict::Written, "where output goes to"),
            (Use::Data, _) => (Verdict::Unknown, "in backquotes with backslashes"),
            (Use::Pattern, _) => (Verdict::Unknown, "in a pattern that is compared"),
            (Use::Argument, _) if self.of.is_test => (Verdict::Read, "where it is read"),
            (Use::Argument, Done::Shown | Done::Printed) if self.of.shows_prose => {
                (Verdict::Shown, "in a message")
            }
            (Use::Argument, Done::Printed) => (Verdict::Unknown, "in what a command prints"),
            (Use::Argument, Done::Shown) => (Verdict::Shown, "in a message"),
            (Use::Argument, _) if self.of.is_function => {
                (Verdict::Unknown, "an argument of a function of the script")
            }
            (Use::Argument, Done::Written | Done::Changed) => {
                unless_in_text(Verdict::Written, "where a command writes to it")
            }
            (Use::Argument, Done::Made) => (Verdict::Unknown, "where a directory is made"),
            (Use::Argument, Done::Watched) => (Verdict::Watched, "where a command watches it"),
            (Use::Argument, Done::Program) => {
                (Verdict::Unknown, "in a program of another language")
            }
            (Use::Argument, Done::Unknown) => (
                Verdict::Unknown,
                "an argument of a command that can read or write it",
            ),
            _ => read,
        }
    }
}

/// What is done with the paths that variables stand for.
#[derive(Default)]
struct Uses {
    written: Vec<Written>,
    unknown: BTreeSet<Vec<u8>>,
    /// The words that a variable gets, by where they end.
    values: BTreeSet<usize>,
}

impl Uses {
    fn add(&mut self, variables: &Variables, word: &CommandWord, role: &Role<'_>) {
        if role.is_value {
            self.values.insert(word.span.end);
        }
        let (is_written, is_unknown) = match (word.place, role.operand.done) {
            (Use::Write, _) => (true, false),
            (Use::Argument, _) if role.of.is_test => return,
            (Use::Argument, Done::Written | Done::Changed) => {
                (!role.of.is_function, role.of.is_function)
            }
            (Use::Argument, Done::Given | Done::Read) => (false, role.of.is_function),
            (Use::Argument, Done::Printed) => (false, !role.of.shows_prose),
            (Use::Argument, Done::Shown) => return,
            (Use::Argument, _) => (false, true),
            _ => return,
        };
        // What is written out is a mention, unless it stands behind something else.
        let is_mention = word.text.is_literal() && role.operand.from == 0;
        if is_mention || !(is_written || is_unknown) {
            return;
        }
        let value = word.text.slice(role.operand.from..word.text.len());
        let blank = value.bytes().iter().position(u8::is_ascii_whitespace);
        let value = value.slice(0..blank.unwrap_or(value.len()));
        for path in variables.paths(&value) {
            if path.in_etc().is_none() {
                continue;
            }
            if is_written {
                let below = role.operand.done == Done::Changed && !path.goes_on;
                let place = word.span;
                self.written.push(Written { path, place, below });
            } else if !path.goes_on {
                self.unknown.insert(path.path);
            }
        }
    }

    /// What a variable gets is done with what uses it do.
    fn settle(&self, found: &mut [(usize, Mention)]) {
        let written = self.written.iter().map(|written| &written.path.path[..]);
        let written: BTreeSet<&[u8]> = written.collect();
        for (end, mention) in found {
            if mention.verdict != Verdict::Read || !self.values.contains(end) {
                continue;
            }
            let path = mention.path();
            if written.contains(&path.path[..]) {
                (mention.verdict, mention.reason) =
                    (Verdict::Written, "in a variable that a command writes to");
            } else if self.unknown.contains(&path.path) {
                (mention.verdict, mention.reason) =
                    (Verdict::Unknown, "in a variable whose use is not known");
            }
        }
    }
}

#[cfg(test)]
mod tests;
