//! A file makes use of a user or group that no sysusers.d file declares.

use std::collections::BTreeSet;

use bstr::ByteSlice;
use hermetic_out::{Severity, kinds};
use hermetic_out_formats::unit::place::{parse_boolean, unit_key};
use hermetic_out_formats::{Account, Declaration};

use crate::rule::{Check, ClosureSubject, Rule};
use crate::reporter::Reporter;
use crate::directives::directives;
use crate::resolved_reference::scanned;
use crate::systemd::Accounts;

pub(super) static RULE: Rule = Rule {
    kind: &kinds::MISSING_ACCOUNT,
    check: Check::Closure(check),
};

fn check(subject: &ClosureSubject<'_>, reporter: &mut Reporter) {
    let accounts = Accounts::of(subject.known);
    let dynamic = dynamic_users(subject);
    for path in subject.known.paths() {
        let store_path = subject.known.store().path_of_name(&path.name);
        for scanned in scanned(path) {
            let key = unit_key(&scanned.file.sub_path);
            let mut seen = BTreeSet::new();
            for fact in &scanned.scan.declarations {
                let Declaration::UsesAccount {
                    account,
                    field,
                    name,
                } = fact
                else {
                    continue;
                };
                let is_known = !name.is_literal() || accounts.has(*account, name.bytes());
                let is_new = seen.insert((*account, name.bytes()));
                if is_known || !is_new || dynamic.contains(&key) {
                    continue;
                }
                let what = match account {
                    Account::User => "user",
                    Account::Group => "group",
                };
                let message = format!("no sysusers.d file declares the {what} {}", name.bytes().as_bstr());
                let found =
                    reporter.report(scanned.file.path_in(&store_path), name.bytes(), message);
                found.span = name.covering_span();
                let letter = if what == "user" { "u" } else { "g" };
                let name = name.bytes().as_bstr();
                found.help = format!("declare the {what} in a sysusers.d file: `{letter} {name} -`");
                if *field == "isInGroup" {
                    found.severity = Severity::Note;
                }
            }
        }
    }
}

/// The units that get a user of their own when they start.
fn dynamic_users(subject: &ClosureSubject<'_>) -> BTreeSet<Vec<u8>> {
    let mut dynamic = BTreeSet::new();
    for path in subject.known.paths() {
        for file in path.of_known_format() {
            let mut settings = directives(file);
            let is_dynamic = settings.any(|directive| {
                let is_on = || parse_boolean(directive.value.bytes()) == Some(true);
                directive.key.bytes() == b"DynamicUser" && is_on()
            });
            if is_dynamic {
                dynamic.insert(unit_key(&file.sub_path));
            }
        }
    }
    dynamic
}
