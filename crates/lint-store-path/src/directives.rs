//! The directives of units, and what systemd makes of each.

use hermetic_out_formats::unit::directives::{self, Standing};
use hermetic_out_formats::unit::place::{UnitPlace, UnitType};
use hermetic_out_formats::{Declaration, MappedText};

use crate::facts::FileFacts;

/// A line `KEY=VALUE` of a unit.
pub(crate) struct Directive<'a> {
    unit_type: &'static UnitType,
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
    let scan = file.content().and_then(|content| content.scan.as_ref());
    let unit = scan.zip(UnitPlace::of(&file.sub_path));
    unit.into_iter().flat_map(|(scan, place)| {
        let declarations = scan.declarations.iter();
        declarations.filter_map(move |declaration| match declaration {
            Declaration::Directive {
                section,
                key,
                value,
            } => Some(Directive {
                unit_type: place.unit_type,
                section,
                key,
                value,
            }),
            _ => None,
        })
    })
}
