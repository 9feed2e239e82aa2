//! Two files declare the same action of polkit, and do not agree on who may do it.

use std::collections::BTreeMap;

use bstr::ByteSlice;
use hermetic_out::{FindingKind, Group, Severity};
use hermetic_out_formats::{Declaration, FileKind};

use crate::rule::{Check, ClosureSubject, Rule};
use crate::reporter::Reporter;
use crate::resolved_reference::of_kind;

pub(super) static RULE: Rule = Rule {
    kind: &FindingKind {
        id: "duplicate-polkit-action",
        aliases: &[],
        severity: Severity::Warning,
        group: Group::IntegrationFiles,
        summary: "Two files declare the same action of polkit, and do not agree on who may do it",
        explanation: "polkit keeps one declaration of each action: that of the file that it happens to read \
            last, in the order in which the directory lists them. If `<defaults>` differ, so does \
            who is let in, from one machine to another. Files that say the same of it, as \
            two builds of one package do, are left out.",
        example: "a.policy: <action id=\"org.x\"> … <allow_active>yes</allow_active>\n\
                  b.policy: <action id=\"org.x\"> … <allow_active>auth_admin</allow_active>",
        remedy: "leave one of the packages out, or give the action another name in one of them",
    },
    check: Check::Closure(check),
};

fn check(subject: &ClosureSubject<'_>, reporter: &mut Reporter) {
    let mut first = BTreeMap::new();
    for (store_path, scanned) in of_kind(subject.known, FileKind::PolkitAction) {
        for fact in &scanned.scan.declarations {
            let Declaration::PolkitAction { id, answers } = fact else {
                continue;
            };
            let file = scanned.file.path_in(&store_path);
            let (other, known) = first
                .entry(id.bytes())
                .or_insert_with(|| (file.clone(), answers));
            if *known != answers {
                let message = format!(
                    "{} says something else of {}",
                    other.display(),
                    id.bytes().as_bstr()
                );
                let found = reporter.report(file, id.bytes(), message);
                found.span = id.covering_span();
            }
        }
    }
}
