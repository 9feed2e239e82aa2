//! A udev rule lets a device want a unit, and systemd does not look at the device.

use bstr::ByteSlice;
use hermetic_out::{FindingKind, Group, Severity};
use hermetic_out_formats::{Declaration, FileKind};

use crate::rule::{Check, PathSubject, Rule};
use crate::reporter::Reporter;
use crate::resolved_reference::scanned;

pub(super) static RULE: Rule = Rule {
    kind: &FindingKind {
        id: "wants-without-systemd-tag",
        aliases: &[],
        severity: Severity::Warning,
        group: Group::IntegrationFiles,
        summary: "A udev rule lets a device want a unit, and systemd does not look at the device",
        explanation: "systemd makes units of devices that have the tag `systemd`, and reads their \
            `SYSTEMD_WANTS` and `SYSTEMD_USER_WANTS`; of others it reads nothing (systemd.device(5)). \
            Its own rules tag block and network devices, terminals and a few others. A line for \
            a subsystem that neither they nor a rule of this store path tag never starts the \
            unit. Lines that ask for no subsystem are left out.",
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
    let is_tagged_elsewhere = |of: &[Vec<u8>]| {
        let mut facts = rules().flat_map(|scanned| &scanned.scan.declarations);
        facts.any(|fact| match fact {
            Declaration::DeviceUnit {
                subsystems,
                is_tagged: true,
                ..
            } => subsystems.is_empty() || subsystems.iter().any(|name| of.contains(name)),
            _ => false,
        })
    };
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
                || is_tagged_elsewhere(subsystems)
            {
                continue;
            }
            let message = format!(
                "devices of {} do not have the tag systemd, so that nothing starts {}",
                subsystems.join(&b'|').as_bstr(),
                wants.bytes().as_bstr()
            );
            let file = scanned.file.path_in(subject.path);
            let found = reporter.report(file, wants.bytes(), message);
            found.span = wants.covering_span();
        }
    }
}
