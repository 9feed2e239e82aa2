//! One text, read by all.

use hermetic_out_formats::shell::{CommandKind, commands};
use hermetic_out_formats::{MappedText, Span};
use tests_packages::Result;

use crate::{Name, grammar, shells};

/// A command that only one of the two finds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Difference {
    /// The reader of this project finds it.
    Ours(Name),
    /// The grammar finds it.
    Theirs(Name),
}

/// What comes of a text.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    /// How many commands the reader finds.
    pub commands: usize,
    /// Whether it understands the text.
    pub understood: bool,
    /// Whether bash or dash accepts it.
    pub accepted: bool,
    /// Whether the grammar has no error in it.
    pub parsed: bool,
    /// What the reader and the grammar disagree about, if both understand the text.
    pub differences: Vec<Difference>,
}

/// Reads a text in every way.
pub fn compare(text: &[u8]) -> Result<Outcome> {
    let whole = MappedText::of_file(text, Span::new(0, text.len()));
    let found = commands(&whole).ok();
    let mut ours: Option<Vec<Name>> = found.map(|(commands, _)| {
        let simple = commands
            .iter()
            .filter(|command| command.kind == CommandKind::Simple);
        let names = simple.filter_map(|command| command.name());
        let names = names.map(|name| (name.span.start, name.span.of(text).to_vec()));
        names.collect()
    });
    if let Some(ours) = &mut ours {
        ours.sort();
    }
    let theirs = grammar::commands(text);
    let mut outcome = Outcome {
        commands: ours.as_ref().map_or(0, Vec::len),
        understood: ours.is_some(),
        accepted: shells::accept(text)?,
        parsed: theirs.is_some(),
        differences: Vec::new(),
    };
    if let (Some(ours), Some(theirs)) = (ours, theirs) {
        let only = |these: &[Name], those: &[Name]| -> Vec<Name> {
            let lacks = |name: &&Name| those.binary_search(name).is_err();
            these.iter().filter(lacks).cloned().collect()
        };
        let mine = only(&ours, &theirs).into_iter().map(Difference::Ours);
        let its = only(&theirs, &ours).into_iter().map(Difference::Theirs);
        outcome.differences = mine.chain(its).collect();
    }
    Ok(outcome)
}
