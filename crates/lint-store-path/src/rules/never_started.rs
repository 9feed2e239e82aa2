//! Nothing in the closure starts a service.

use std::cell::LazyCell;
use std::collections::BTreeSet;

use bstr::ByteSlice;
use hermetic_out::{FindingKind, Group, Severity};
use hermetic_out_formats::Declaration;
use hermetic_out_formats::unit::systemd_units::is_systemd_unit;
use hermetic_out_formats::unit::place::{Manager, UnitPlace, generator_of};

use crate::rule::{Check, ClosureSubject, Rule};
use crate::reporter::Reporter;
use crate::facts::Node;
use crate::resolved_reference::scanned;
use crate::systemd::started;

pub(super) static RULE: Rule = Rule {
    kind: &FindingKind {
        id: "never-started",
        aliases: &[],
        severity: Severity::Note,
        group: Group::Units,
        summary: "Nothing in the closure starts a service",
        explanation: "The service has no `[Install]` section, so `systemctl enable` does nothing. No \
            socket, timer, path unit, D-Bus name, udev rule or other unit starts it. It runs only if \
            somebody starts it by name. Templates, aliases, units that other units name, and store paths \
            with a generator, which may start any unit, are ignored.",
        example: "x.service:\n[Service]\nExecStart=/nix/store/…-x/bin/x",
        remedy: "add an `[Install]` section with `WantedBy=`",
    },
    check: Check::Closure(check),
};

fn check(subject: &ClosureSubject<'_>, reporter: &mut Reporter) {
    let started = started(subject.known);
    let installed = installed(subject);
    for path in subject.known.paths() {
        let store_path = subject.known.store().path_of_name(&path.name);
        let has_generator = LazyCell::new(|| {
            let mut files = path.files.iter();
            files.any(|file| generator_of(&file.sub_path).is_some())
        });
        for scanned in scanned(path) {
            let Some(place) = UnitPlace::of(&scanned.file.sub_path) else {
                continue;
            };
            let name = place.name;
            let is_service = place.manager().is_some()
                && scanned.file.file_name().ends_with(b".service")
                && !name.contains(&b'@');
            let is_known = started.contains(name) || installed.contains(name);
            let managers = [Manager::System, Manager::User];
            let is_systemds = managers.iter().any(|manager| is_systemd_unit(name, *manager));
            if is_service && !is_known && !is_systemds && !*has_generator {
                let message = format!("nothing in the closure starts {}", name.as_bstr());
                reporter.report(scanned.file.path_in(&store_path), name, message);
            }
        }
    }
}

/// The units that have an `[Install]` section, if only in a drop-in, or another name.
fn installed(subject: &ClosureSubject<'_>) -> BTreeSet<Vec<u8>> {
    let mut installed = BTreeSet::new();
    for path in subject.known.paths() {
        for scanned in scanned(path) {
            let Some(place) = UnitPlace::of(&scanned.file.sub_path) else {
                continue;
            };
            let has_section = |fact: &Declaration| match fact {
                Declaration::Directive { section, .. } => section == b"Install",
                _ => false,
            };
            if scanned.scan.declarations.iter().any(has_section) {
                installed.insert(place.name.to_vec());
            }
        }
        for file in &path.files {
            // A link to it may be what starts it: `dbus-org.x.service`.
            if let Node::Link { target } = &file.node
                && target.ends_with(b".service")
            {
                let name = target.rsplit(|byte| *byte == b'/').next();
                installed.insert(name.unwrap_or_default().to_vec());
            }
        }
    }
    installed
}
