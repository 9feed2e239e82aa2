//! A mount, automount or swap unit that systemd refuses to load: `mount_verify()`, `automount_verify()` and
//! `swap_verify()` of systemd's `src/core`.

use bstr::ByteSlice;
use hermetic_out::{FindingKind, Group, Severity};

use crate::rule::{Check, PathSubject, Rule};
use crate::reporter::Reporter;
use crate::merged_unit::Unit;
use crate::unit_fault::{Fault, judge};

pub(super) static RULE: Rule = Rule {
    kind: &FindingKind {
        id: "mount-refused",
        aliases: &[],
        severity: Severity::Error,
        group: Group::Units,
        summary: "systemd refuses to load a mount, automount or swap unit",
        explanation: "A mount or automount unit has to be named after its mount point `Where=`, and a swap \
            unit after the device or file in `What=`, as `systemd-escape --path` writes it: `/var/lib/x-y` \
            is `var-lib-x\\x2dy.mount`. A mount unit also needs `What=`. systemd does not load any other \
            (\"bad unit file setting\": systemd.mount(5), systemd.automount(5), systemd.swap(5)). A link \
            does not give such a unit another name. A unit that a known drop-in corrects is ignored.",
        example: "var-lib-x-y.mount:\n[Mount]\nWhat=tmpfs\nWhere=/var/lib/x-y",
        remedy: "rename the unit, and correct the references to it",
    },
    check: Check::StorePath(check),
};

fn check(subject: &PathSubject<'_>, reporter: &mut Reporter) {
    for (ending, section, key) in [
        ("mount", "Mount", "Where"),
        ("automount", "Automount", "Where"),
        ("swap", "Swap", "What"),
    ] {
        judge(subject, reporter, &[ending], |unit| {
            let fault = misnamed(unit, ending, section, key);
            fault.or_else(|| (ending == "mount").then(|| without_source(unit))?)
        });
    }
}

fn without_source<'u>(unit: &'u Unit<'_>) -> Option<Fault<'u>> {
    let fault = Fault::new("the mount unit has no What=", "name the file system in What=");
    unit.listed("Mount", &["What"]).is_empty().then_some(fault)
}

fn misnamed<'u>(
    unit: &'u Unit<'_>,
    ending: &str,
    section: &str,
    key: &'static str,
) -> Option<Fault<'u>> {
    let name_of = |value: &[u8]| -> Option<Vec<u8>> {
        let stem = escaped(value)?;
        Some([&*stem, b".", ending.as_bytes()].concat())
    };
    // Of what is not known systemd makes a name that is not known either.
    let is_other = |value: Option<&[u8]>| {
        let name = value.and_then(name_of);
        name.is_some_and(|name| name != unit.name)
    };
    let last = unit.own.last(section, key)?;
    if !unit.always(section, key, is_other) {
        return None;
    }
    let message = format!(
        "the unit with {key}={} has to be named {}",
        last.value.bytes().as_bstr(),
        name_of(last.value.bytes())?.as_bstr()
    );
    Some(Fault::new(message, "rename the unit, and correct the references to it").at(Some(last)))
}

/// A path as the name of a unit has it: `unit_name_path_escape()` of systemd's `src/basic/unit-name.c`.
/// Nothing if it depends on the machine, or is none.
fn escaped(path: &[u8]) -> Option<Vec<u8>> {
    if !path.starts_with(b"/") || path.contains(&b'%') {
        return None;
    }
    let parts = path.split(|byte| *byte == b'/');
    let parts: Vec<&[u8]> = parts
        .filter(|part| !matches!(*part, b"" | b"."))
        .collect();
    if parts.contains(&&b".."[..]) {
        return None;
    }
    if parts.is_empty() {
        return Some(b"-".to_vec());
    }
    let mut name = Vec::new();
    for (index, byte) in parts.join(&b'/').into_iter().enumerate() {
        let stands = byte.is_ascii_alphanumeric() || b":_.".contains(&byte);
        match byte {
            b'/' => name.push(b'-'),
            b'.' if index == 0 => name.extend(br"\x2e"),
            _ if stands => name.push(byte),
            _ => name.extend(format!("\\x{byte:02x}").into_bytes()),
        }
    }
    // A longer one gets a hash in its place: unit_name_hash_long().
    (name.len() < 240).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_paths() {
        for (path, name) in [
            ("/", Some("-")),
            ("/var/lib/x-y/", Some(r"var-lib-x\x2dy")),
            ("//run/./x", Some("run-x")),
            ("/.snapshots/a@b", Some(r"\x2esnapshots-a\x40b")),
            ("/dev/a.b:c_d", Some("dev-a.b:c_d")),
            ("/a/../b", None),
            ("/run/%i", None),
            ("tmpfs", None),
        ] {
            let found = escaped(path.as_bytes());
            assert_eq!(found.as_deref(), name.map(str::as_bytes), "{path}");
        }
    }
}
