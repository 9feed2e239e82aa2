//! A unit has a directive that systemd does not know.

use bstr::ByteSlice;
use hermetic_out::{FindingKind, Group, Severity};
use hermetic_out_formats::unit::directives::Standing;

use crate::rule::{Check, FileSubject, Rule};
use crate::reporter::Reporter;
use crate::directives::directives;

pub(super) static RULE: Rule = Rule {
    kind: &FindingKind {
        id: "unknown-directive",
        aliases: &[],
        severity: Severity::Warning,
        group: Group::Units,
        summary: "A unit has a directive that systemd does not know",
        explanation: "systemd ignores what it does not know, and only says so in its log: what the line \
            was to do does not happen. Known are the directives of systemd 257 to 262, and \
            older ones; those that begin with `X-` are for others.",
        example: "[Unit]\nConditionFileExists=/etc/x.conf",
        remedy: "correct the name, or remove the line",
    },
    check: Check::File(check),
};

fn check(subject: &FileSubject<'_>, reporter: &mut Reporter) {
    for directive in directives(subject.file) {
        if directive.standing() != Standing::UnknownDirective {
            continue;
        }
        let name = directive.key.bytes();
        let message = format!("systemd does not know {}= here", name.as_bstr());
        let similar = directive.similar();
        let found = subject.report(reporter, name, message);
        found.span = directive.key.covering_span();
        if let Some(similar) = similar {
            found.help = format!("{similar}= may be meant");
        }
    }
}
