//! A line of tmpfiles.d links to or copies a file that does not exist.

use bstr::ByteSlice;
use hermetic_out::Decision;
use hermetic_out::resolve::UnresolvedReason;
use hermetic_out::resolve::is_place_of_packages;
use hermetic_out::{FindingKind, Group, Severity};
use hermetic_out_formats::{FileKind, Role};

use crate::rule::{Check, PathSubject, Rule};
use crate::reporter::Reporter;
use crate::resolved_reference::for_each;

pub(super) static RULE: Rule = Rule {
    kind: &FindingKind {
        id: "tmpfiles-source-missing",
        aliases: &[],
        severity: Severity::Warning,
        group: Group::IntegrationFiles,
        summary: "A line of tmpfiles.d links to or copies a file that does not exist",
        explanation: "systemd-tmpfiles makes a link that leads nowhere, or fails for that line. The \
            source is a store path at which nothing is, or a file below `/usr` or the like \
            that no package has.",
        example: "L /etc/x.conf - - - - /usr/share/x/x.conf",
        remedy: "write the store path of the file, or remove the line",
    },
    check: Check::StorePath(check),
};

fn check(subject: &PathSubject<'_>, reporter: &mut Reporter) {
    for_each(subject, |named| {
        let value = named.value();
        let is_source =
            named.scanned.kind == FileKind::Tmpfiles && named.reference.role == Role::File;
        if !is_source || named.reference.optional {
            return;
        }
        let is_missing = match named.decision() {
            Decision::Unresolved(UnresolvedReason::NotInStore) => true,
            Decision::Unresolved(UnresolvedReason::NotFound) => {
                is_place_of_packages(value) && !value.starts_with(b"/etc/")
            }
            _ => false,
        };
        if is_missing {
            let message = format!("{} does not exist", value.as_bstr());
            let file = named.scanned.file.path_in(subject.path);
            let found = reporter.report(file, value, message);
            found.span = named.reference.text.covering_span();
        }
    });
}
