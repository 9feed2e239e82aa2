//! A unit has a section that systemd does not read there.

use bstr::ByteSlice;
use hermetic_out::{FindingKind, Group, Severity};
use hermetic_out_formats::unit::directives::Standing;

use crate::rule::{Check, FileSubject, Rule};
use crate::reporter::Reporter;
use crate::directives::{Directive, directives};

pub(super) static RULE: Rule = Rule {
    kind: &FindingKind {
        id: "unknown-section",
        aliases: &[],
        severity: Severity::Warning,
        group: Group::Units,
        summary: "A unit has a section that systemd does not read there",
        explanation: "systemd ignores a section that it does not know for this type of unit, with all \
            that is in it, and only says so in its log. Sections that begin with `X-` are for \
            others and no mistake.",
        example: "x.service:\n[Socket]\nListenStream=80",
        remedy: "correct the name of the section, or move its lines to a unit of the right type",
    },
    check: Check::File(check),
};

fn check(subject: &FileSubject<'_>, reporter: &mut Reporter) {
    let mut last: Option<&[u8]> = None;
    for directive in directives(subject.file) {
        let Directive { section, key, .. } = directive;
        // Once for each section is enough.
        if directive.standing() == Standing::UnknownSection && last != Some(section) {
            let message = if section.is_empty() {
                format!("{} stands before the first section", key.bytes().as_bstr())
            } else {
                format!("[{}] is no section of such a file", section.as_bstr())
            };
            let found = subject.report(reporter, section, message);
            found.span = key.covering_span();
        }
        last = Some(section);
    }
}
