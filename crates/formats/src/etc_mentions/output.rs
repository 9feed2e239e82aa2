//! Where what the commands of a shell script print goes.

use std::collections::BTreeSet;

use crate::mapped_text::Span;
use crate::shell::{Command, CommandWord, Stretch, StretchKind, Use, is_screen};

/// How deep functions in functions are followed.
const MAX_DEPTH: usize = 4;

/// Where what commands print goes.
pub(super) struct Output<'a> {
    /// The stretches whose output goes elsewhere, sorted; none lies in another.
    elsewhere: Vec<Span>,
    /// The names of the functions of the script.
    pub(super) functions: BTreeSet<&'a [u8]>,
}

impl<'a> Output<'a> {
    pub(super) fn of(commands: &[Command], stretches: &'a [Stretch]) -> Self {
        let mut elsewhere = Vec::new();
        let mut bodies: Vec<(&[u8], Span)> = Vec::new();
        for stretch in stretches {
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
            for command in commands {
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

    pub(super) fn goes_elsewhere(&self, command: &Command) -> bool {
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
