//! A file of the package itself is named by its place in /usr.

use bstr::ByteSlice;
use hermetic_out::Decision;
use hermetic_out::resolve::Provider;
use hermetic_out::{FindingKind, Group, Severity};
use hermetic_out_formats::Role;

use crate::rule::{Check, PathSubject, Rule};
use crate::reporter::Reporter;
use crate::resolved_reference::for_each;

pub(super) static RULE: Rule = Rule {
    kind: &FindingKind {
        id: "own-file-by-fhs-path",
        aliases: &[],
        severity: Severity::Warning,
        group: Group::Units,
        summary: "A file of the package itself is named by its place in /usr",
        explanation: "A unit or a file beside it names something below `/usr`, `/lib`, `/opt` or the \
            like that this very store path has. What opens it finds another version of the \
            file, or nothing.",
        example: "EnvironmentFile=/usr/share/x/defaults",
        remedy: "write the store path: patch-systemd-units does so",
    },
    check: Check::StorePath(check),
};

fn check(subject: &PathSubject<'_>, reporter: &mut Reporter) {
    for_each(subject, |named| {
        let value = named.value();
        let is_other = matches!(
            named.reference.role,
            Role::Program | Role::ShellCommand | Role::PrefixedProgram | Role::Condition
        );
        if is_other || named.reference.role == Role::ProgramSearchPath {
            return;
        }
        let Decision::Replace {
            path,
            provider: Provider::Own(_),
        } = named.decision()
        else {
            return;
        };
        if path == value {
            return;
        }
        let message = format!("{} is at {}", value.as_bstr(), path.as_bstr());
        let file = named.scanned.file.path_in(subject.path);
        let found = reporter.report(file, value, message);
        found.span = named.reference.text.covering_span();
        if named.reference.role == Role::Documentation {
            found.severity = Severity::Note;
        }
    });
}
