//! A udev rule sets `SYSTEMD_WANTS` for a device without the tag systemd.

use std::collections::BTreeSet;

use bstr::ByteSlice;
use hermetic_out::{FindingKind, Group, Severity};
use hermetic_out_formats::{Declaration, FileKind};

use crate::rule::{Check, PathSubject, Rule};
use crate::reporter::Reporter;
use crate::resolved_reference::scanned;

pub(super) static RULE: Rule = Rule {
    kind: &FindingKind {
        id: "missing-systemd-tag",
        aliases: &["wants-without-systemd-tag"],
        severity: Severity::Warning,
        group: Group::IntegrationFiles,
        summary: "A udev rule sets SYSTEMD_WANTS for a device without the tag systemd",
        explanation: "systemd creates units for devices with the tag `systemd`, and reads their \
            `SYSTEMD_WANTS` and `SYSTEMD_USER_WANTS` (systemd.device(5)). Its own rules tag block and \
            network devices, terminals and a few others. A line for a subsystem that neither they nor a \
            rule of this store path tag never starts the unit. Lines without a subsystem are ignored.",
        example: "SUBSYSTEM==\"usb\", ENV{SYSTEMD_WANTS}+=\"x.service\"",
        remedy: "write `TAG+=\"systemd\"` on the line",
    },
    check: Check::StorePath(check),
};

/// The subsystems of which systemd 257 tags devices, if not all: its `rules.d/99-systemd.rules.in`. Of usb it
/// tags printers alone.
const TAGGED: &[&[u8]] = &[
    b"backlight",
    b"block",
    b"bluetooth",
    b"leds",
    b"misc",
    b"module",
    b"mtd",
    b"net",
    b"printer",
    b"ptp",
    b"sound",
    b"tpmrm",
    b"tty",
    b"ubi",
    b"udc",
    b"virtio-ports",
];

fn check(subject: &PathSubject<'_>, reporter: &mut Reporter) {
    let rules = || scanned(subject.facts).filter(|scanned| scanned.kind == FileKind::UdevRules);
    // Tags stay with a device, whichever line gives them.
    let mut tagged: BTreeSet<&[u8]> = BTreeSet::new();
    for fact in rules().flat_map(|scanned| &scanned.scan.declarations) {
        if let Declaration::DeviceUnit {
            subsystems,
            is_tagged: true,
            ..
        } = fact
        {
            if subsystems.is_empty() {
                return;
            }
            tagged.extend(subsystems.iter().map(Vec::as_slice));
        }
    }
    let may_be_tagged = |name: &Vec<u8>| {
        let is_pattern = name.iter().any(|byte| b"*?[".contains(byte));
        is_pattern || TAGGED.contains(&name.as_slice())
    };
    for scanned in rules() {
        for fact in &scanned.scan.declarations {
            let Declaration::DeviceUnit {
                subsystems,
                is_tagged: false,
                wants: Some(wants),
            } = fact
            else {
                continue;
            };
            if subsystems.is_empty()
                || subsystems.iter().any(may_be_tagged)
                || subsystems.iter().any(|name| tagged.contains(&**name))
            {
                continue;
            }
            let message = format!(
                "devices of {} do not have the tag systemd, so nothing starts {}",
                subsystems.join(&b'|').as_bstr(),
                wants.bytes().as_bstr()
            );
            let file = scanned.file.path_in(subject.path);
            let found = reporter.report(file, wants.bytes(), message);
            found.span = wants.covering_span();
        }
    }
}
