//! A udev rule runs a helper that udev does not find.

use bstr::ByteSlice;
use hermetic_out::Decision;
use hermetic_out::{FindingKind, Group, Severity};
use hermetic_out_formats::{Lookup, Role};

use crate::rule::{Check, PathSubject, Rule};
use crate::reporter::Reporter;
use crate::resolved_reference::for_each;

pub(super) static RULE: Rule = Rule {
    kind: &FindingKind {
        id: "unfound-udev-helper",
        aliases: &[],
        severity: Severity::Error,
        group: Group::IntegrationFiles,
        summary: "A udev rule runs a helper that udev does not find",
        explanation: "udev looks for a program without a slash in front in the directory of helpers that \
            was compiled into it, `lib/udev` of its own package, and nowhere else (udev(7), \
            `PROGRAM`). A helper of this package is not there.",
        example: "RUN+=\"x-helper %k\"",
        remedy: "write the store path of the helper: patch-systemd-units does so",
    },
    check: Check::StorePath(check),
};

fn check(subject: &PathSubject<'_>, reporter: &mut Reporter) {
    for_each(subject, |named| {
        let value = named.value();
        let is_helper = named.reference.role == Role::Program
            && named.reference.lookup == Lookup::UdevHelpers
            && !value.starts_with(b"/")
            && named.reference.text.is_literal();
        if !is_helper || is_of_udev(value) {
            return;
        }
        let decision = named.decision();
        if matches!(decision, Decision::Keep(_)) {
            return;
        }
        let message = format!("udev has no helper {}", value.as_bstr());
        let file = named.scanned.file.path_in(subject.path);
        let found = reporter.report(file, value, message);
        found.span = named.reference.text.covering_span();
        if let Decision::Replace { path, .. } = decision {
            found.help = format!("write {}", path.as_bstr());
        }
    });
}

/// The helpers of udev's own package.
fn is_of_udev(name: &[u8]) -> bool {
    const NAMES: &[&[u8]] = &[
        b"ata_id",
        b"cdrom_id",
        b"dmi_memory_id",
        b"fido_id",
        b"iocost",
        b"mtd_probe",
        b"scsi_id",
        b"udevadm",
        b"v4l_id",
    ];
    NAMES.contains(&name)
}
