//! A line of tmpfiles.d is for a path below /var/run.

use bstr::ByteSlice;
use hermetic_out::{FindingKind, Group, Severity};
use hermetic_out_formats::{Declaration, FileKind};

use crate::rule::{Check, FileSubject, Rule};
use crate::reporter::Reporter;

pub(super) static RULE: Rule = Rule {
    kind: &FindingKind {
        id: "tmpfiles-in-var-run",
        aliases: &[],
        severity: Severity::Note,
        group: Group::IntegrationFiles,
        summary: "A line of tmpfiles.d is for a path below /var/run",
        explanation: "`/var/run` is a link to `/run` that only old systems fill. systemd-tmpfiles reads \
            the path as one below `/run`, and says so in its log every time.",
        example: "d /var/run/x 0755 root root -",
        remedy: "write `/run` in place of `/var/run`",
    },
    check: Check::File(check),
};

fn check(subject: &FileSubject<'_>, reporter: &mut Reporter) {
    let content = subject.file.content();
    let content = content.filter(|content| content.kind == Some(FileKind::Tmpfiles));
    let scan = content.and_then(|content| content.scan.as_ref());
    for fact in scan.iter().flat_map(|scan| &scan.declarations) {
        let Declaration::Makes(path) = fact else { continue };
        if path.bytes().starts_with(b"/var/run/") {
            let message = format!("{} is below /var/run", path.bytes().as_bstr());
            let found = subject.report(reporter, path.bytes(), message);
            found.span = path.covering_span();
        }
    }
}
