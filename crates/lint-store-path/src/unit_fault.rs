//! What is wrong with a unit as a whole, its drop-ins included.

use hermetic_out_formats::MappedText;

use crate::directives::Directive;
use crate::merged_unit::{Part, Unit, fragment, is_read};
use crate::reporter::Reporter;
use crate::rule::PathSubject;

/// What is wrong with a unit as a whole.
pub(crate) struct Fault<'a> {
    /// What it is, in one sentence.
    pub(crate) message: String,
    /// What to do about it.
    pub(crate) help: &'static str,
    /// The line of the unit's own file that says it, if one does.
    pub(crate) at: Option<&'a Directive<'a>>,
}

impl<'a> Fault<'a> {
    pub(crate) fn new(message: impl Into<String>, help: &'static str) -> Self {
        Self {
            message: message.into(),
            help,
            at: None,
        }
    }

    pub(crate) fn at(mut self, directive: Option<&'a Directive<'a>>) -> Self {
        self.at = directive;
        self
    }
}

/// Judges the units of these types that a store path has: by themselves, and those that have a fault once
/// more with all drop-ins that are known for them.
pub(crate) fn judge(
    subject: &PathSubject<'_>,
    reporter: &mut Reporter,
    types: &[&str],
    fault_of: impl for<'u> Fn(&'u Unit<'_>) -> Option<Fault<'u>>,
) {
    for file in &subject.facts.files {
        let Some(place) = fragment(file) else {
            continue;
        };
        if !types.contains(&place.unit_type.name) || !is_read(file) {
            continue;
        }
        let mut unit = Unit {
            name: place.name,
            own: Part::of(file),
            drop_ins: Vec::new(),
        };
        if fault_of(&unit).is_none() {
            continue;
        }
        let Some(drop_ins) = subject.closure.units.drop_ins(file, &place) else {
            continue;
        };
        unit.drop_ins = drop_ins;
        if let Some(fault) = fault_of(&unit) {
            let value = fault.at.map(|directive| directive.value);
            let about = value.map_or(unit.name, |value| value.bytes());
            let found = reporter.report(file.path_in(subject.path), about, fault.message);
            found.span = value.and_then(MappedText::covering_span);
            fault.help.clone_into(&mut found.help);
        }
    }
}
