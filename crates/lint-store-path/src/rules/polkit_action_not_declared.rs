//! A rule or an action of polkit names an action that nothing in the closure declares.

use std::collections::BTreeSet;

use bstr::ByteSlice;
use hermetic_out::{FindingKind, Group, Severity};
use hermetic_out_formats::{Declaration, FileKind};

use crate::rule::{Check, ClosureSubject, Rule};
use crate::reporter::Reporter;
use crate::resolved_reference::{of_kind, scanned};

pub(super) static RULE: Rule = Rule {
    kind: &FindingKind {
        id: "polkit-action-not-declared",
        aliases: &[],
        severity: Severity::Note,
        group: Group::IntegrationFiles,
        summary: "A rule or an action of polkit names an action that nothing in the closure declares",
        explanation: "polkit answers for actions that a `.policy` file declares, and refuses all others. So \
            a rule that asks for another `action.id` never has anything to say. Rules may be for \
            packages that are not there: a name is told only if the closure declares others that \
            begin as it does, up to the last dot. An action that allows others with it by \
            `org.freedesktop.policykit.imply` allows nothing more by a name that nothing \
            declares: a warning. The actions of systemd and of polkit itself are known.",
        example: "if (action.id == \"org.example.gone\") return polkit.Result.YES;",
        remedy: "correct the name, or add the package that declares the action to the closure",
    },
    check: Check::Closure(check),
};

/// What the actions of systemd's services and of polkit begin with.
const OF_THE_SYSTEM: &[&str] = &[
    "org.freedesktop.home1.",
    "org.freedesktop.hostname1.",
    "org.freedesktop.import1.",
    "org.freedesktop.locale1.",
    "org.freedesktop.login1.",
    "org.freedesktop.machine1.",
    "org.freedesktop.network1.",
    "org.freedesktop.policykit.",
    "org.freedesktop.portable1.",
    "org.freedesktop.resolve1.",
    "org.freedesktop.systemd1.",
    "org.freedesktop.sysupdate1.",
    "org.freedesktop.timedate1.",
    "org.freedesktop.timesync1.",
];

fn check(subject: &ClosureSubject<'_>, reporter: &mut Reporter) {
    let declared = of_kind(subject.known, FileKind::PolkitAction);
    let declared: BTreeSet<&[u8]> = declared
        .flat_map(|(_, scanned)| &scanned.scan.declarations)
        .filter_map(|fact| match fact {
            Declaration::PolkitAction { id, .. } => Some(id.bytes()),
            _ => None,
        })
        .collect();
    for path in subject.known.paths() {
        let store_path = subject.known.store().path_of_name(&path.name);
        for scanned in scanned(path) {
            for fact in &scanned.scan.declarations {
                let Declaration::NamesPolkitAction { field, id } = fact else {
                    continue;
                };
                let name = id.bytes();
                let mut of_the_system = OF_THE_SYSTEM.iter();
                let is_known = declared.contains(name)
                    || of_the_system.any(|prefix| name.starts_with(prefix.as_bytes()));
                let implies = field == "imply";
                let is_meant = implies || begins_as_another(name, &declared);
                if is_known || !is_meant || !id.is_literal() {
                    continue;
                }
                let message = format!("nothing declares the action {}", name.as_bstr());
                let found = reporter.report(scanned.file.path_in(&store_path), name, message);
                found.span = id.covering_span();
                if implies {
                    found.severity = Severity::Warning;
                }
            }
        }
    }
}

/// Whether an action is declared whose name is the same up to the last dot.
fn begins_as_another(name: &[u8], declared: &BTreeSet<&[u8]>) -> bool {
    let dot = name.rfind_byte(b'.');
    let beginning = dot.and_then(|dot| name.get(..=dot));
    beginning.is_some_and(|beginning| {
        let mut after = declared.range(beginning..);
        after.next().is_some_and(|next| next.starts_with(beginning))
    })
}
