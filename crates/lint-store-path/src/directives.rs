//! The directives of units, and what systemd makes of each.

use hermetic_out_formats::kind::{FileKind, unit_type};
use hermetic_out_formats::unit::directives::{self, Standing};
use hermetic_out_formats::{Declaration, MappedText};

use crate::facts::FileFacts;

/// A line `KEY=VALUE` of a unit.
pub(crate) struct Directive<'a> {
    unit_type: &'a [u8],
    pub(crate) section: &'a [u8],
    pub(crate) key: &'a MappedText,
    pub(crate) value: &'a MappedText,
}

impl Directive<'_> {
    /// Whether it is the directive `key` of the section `section`.
    pub(crate) fn is(&self, section: &str, key: &str) -> bool {
        self.section == section.as_bytes() && self.key.bytes() == key.as_bytes()
    }

    /// What systemd makes of it.
    pub(crate) fn standing(&self) -> Standing {
        directives::standing(self.unit_type, self.section, self.key.bytes())
    }

    /// What it may have been meant to be.
    pub(crate) fn similar(&self) -> Option<&'static str> {
        directives::similar(self.unit_type, self.section, self.key.bytes())
    }
}

/// The directives of a file, in order; none if it is no unit.
pub(crate) fn directives(file: &FileFacts) -> impl Iterator<Item = Directive<'_>> {
    let content = file
        .content()
        .filter(|content| content.kind == Some(FileKind::Unit));
    let facts = content.and_then(|content| Some(&content.scan.as_ref()?.declarations));
    let unit_type = facts.map(|_| unit_type(&file.sub_path)).unwrap_or_default();
    facts
        .into_iter()
        .flatten()
        .filter_map(move |fact| match fact {
            Declaration::Directive {
                section,
                key,
                value,
            } => Some(Directive {
                unit_type,
                section,
                key,
                value,
            }),
            _ => None,
        })
}

/// What systemd takes for a yes: `parse_boolean()` of its `src/basic/parse-util.c`.
pub(crate) fn is_true(value: &[u8]) -> bool {
    let yes: [&[u8]; 6] = [b"1", b"yes", b"y", b"true", b"t", b"on"];
    yes.iter().any(|yes| value.eq_ignore_ascii_case(yes))
}
