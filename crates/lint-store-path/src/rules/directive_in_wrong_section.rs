//! A directive stands in a section where systemd does not read it.

use bstr::ByteSlice;
use hermetic_out::{FindingKind, Group, Severity};
use hermetic_out_formats::unit::directives::Standing;

use crate::rule::{Check, FileSubject, Rule};
use crate::reporter::Reporter;
use crate::directives::directives;

pub(super) static RULE: Rule = Rule {
    kind: &FindingKind {
        id: "directive-in-wrong-section",
        aliases: &[],
        severity: Severity::Warning,
        group: Group::Units,
        summary: "A directive stands in a section where systemd does not read it",
        explanation: "systemd knows the directive, but in another section; here it ignores the line, and \
            only says so in its log. `StartLimitIntervalSec=` in `[Service]` limits nothing.",
        example: "[Service]\nStartLimitIntervalSec=5min",
        remedy: "move the line to its section",
    },
    check: Check::File(check),
};

fn check(subject: &FileSubject<'_>, reporter: &mut Reporter) {
    for directive in directives(subject.file) {
        let Standing::OtherSection(sections) = directive.standing() else {
            continue;
        };
        let name = directive.key.bytes();
        let sections: Vec<String> = sections.iter().map(|name| format!("[{name}]")).collect();
        let sections = sections.join(", ");
        let message = format!("{}= belongs to {sections}", name.as_bstr());
        let found = subject.report(reporter, name, message);
        found.span = directive.key.covering_span();
        found.help = format!("move it to {sections}");
    }
}
