//! What shell scripts name, and what their commands do with it.

use std::collections::BTreeSet;

use super::commands::{Done, SHOWING_INPUT, program_of};
use super::output::Output;
use super::roles::{Roles, line_of, texts};
use super::uses::{Exported, Uses};
use super::variables::{Variables, given};
use super::{EtcPath, Mention, Mentions, Reader, Verdict};
use crate::command_line::{Piece, walk};
use crate::mapped_text::{MappedText, Span};
use crate::paths::{base_name, paths};
use crate::shell::{self, Command, CommandKind, CommandWord, HereDocument, Script, Stretch, Use};

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

impl Commands {
    fn add(&mut self, script: Script, depth: usize) {
        for command in &script.commands {
            let line = line_of(command);
            if depth == MAX_DEPTH || line.len() < 2 {
                continue;
            }
            let texts = texts(command, &line);
            for text in bodies(&texts) {
                let inner = shell::scan_text(&text);
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
        let output = Output::of(&self.list, &self.stretches);
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
fn bodies(line: &[MappedText]) -> Vec<MappedText> {
    let Some((program, arguments)) = line.split_first() else {
        return Vec::new();
    };
    if let b"eval" | b"trap" = program.bytes() {
        let first = arguments
            .first()
            .filter(|text| !text.bytes().starts_with(b"-"));
        return first.into_iter().cloned().collect();
    }
    let mut bodies = Vec::new();
    walk(line, &mut |word, piece| {
        if let Piece::Script { .. } = piece {
            bodies.push(word.clone());
        }
        false
    });
    bodies
}

/// Whether a word is where output goes that nobody wants.
fn discards(word: &CommandWord) -> bool {
    word.place == Use::Write && word.text.bytes() == b"/dev/null"
}

#[cfg(test)]
mod tests;
