//! systemd refuses to load a service.

use std::collections::BTreeMap;

use bstr::ByteSlice;
use hermetic_out::{FindingKind, Group, Severity};
use hermetic_out_formats::unit::exec;
use hermetic_out_formats::unit::place::parse_boolean;

use crate::rule::{Check, PathSubject, Rule};
use crate::reporter::Reporter;
use crate::merged_unit::{Part, Unit, drop_in};
use crate::unit_fault::{Fault, judge};

pub(super) static RULE: Rule = Rule {
    kind: &FindingKind {
        id: "service-refused",
        aliases: &[],
        severity: Severity::Error,
        group: Group::Units,
        summary: "systemd refuses to load a service",
        explanation: "The lines of the service contradict each other, so systemd does not load it and \
            nothing can start it (\"bad unit file setting\"): it has no command; more than one \
            `ExecStart=`, or none, which only `Type=oneshot` allows; `Type=dbus` without `BusName=`; \
            `Type=oneshot` with `Restart=always`, `Restart=on-success` or `ExitType=cgroup` \
            (systemd.service(5)). Known drop-ins are applied in any order: a service that one of them may \
            complete is ignored.",
        example: "[Service]\nType=dbus\nExecStart=/nix/store/…-x/bin/x",
        remedy: "correct the unit; `systemd-analyze verify` reports the same",
    },
    check: Check::StorePath(check),
};

/// What `Type=` may be, systemd 257; of another word systemd only warns.
const TYPES: [&[u8]; 8] = [
    b"dbus",
    b"exec",
    b"forking",
    b"idle",
    b"notify",
    b"notify-reload",
    b"oneshot",
    b"simple",
];

fn check(subject: &PathSubject<'_>, reporter: &mut Reporter) {
    judge(subject, reporter, &["service"], fault);
    added_commands(subject, reporter);
}

/// Drop-ins that add a command to that of the unit: an empty `ExecStart=` would have to stand before it.
fn added_commands(subject: &PathSubject<'_>, reporter: &mut Reporter) {
    // There may be many drop-ins for one unit.
    let mut have_two: BTreeMap<(&[u8], &str), bool> = BTreeMap::new();
    for file in &subject.facts.files {
        let place = drop_in(file).filter(|place| place.unit_type.name == "service");
        let Some(place) = place else {
            continue;
        };
        let part = Part::of(file);
        let mut lines = part.directives.iter();
        let takes_back =
            lines.any(|line| line.is("Service", "ExecStart") && line.value.is_empty());
        let added = part.listed("Service", &["ExecStart"]);
        let Some(added) = added.first().filter(|_| !takes_back) else {
            continue;
        };
        let is_second = |unit: &Unit<'_>| {
            let speaking = unit.drop_ins.iter();
            let speaking = speaking.filter(|part| part.mentions("Service", "ExecStart"));
            let starts = !unit.own.listed("Service", &["ExecStart"]).is_empty();
            starts && speaking.count() == 1 && is_never_oneshot(unit)
        };
        let have_two = have_two
            .entry((place.name, place.directory.path))
            .or_insert_with(|| {
                let units = subject.closure.units.of_drop_in(&place);
                units.is_some_and(|units| !units.is_empty() && units.iter().all(is_second))
            });
        if *have_two {
            let message = "the drop-in adds a second ExecStart=, which only Type=oneshot allows";
            let value = added.value;
            let found = reporter.report(file.path_in(subject.path), value.bytes(), message);
            found.span = value.covering_span();
            "write an empty ExecStart= above it".clone_into(&mut found.help);
        }
    }
}

fn fault<'u>(unit: &'u Unit<'_>) -> Option<Fault<'u>> {
    let has = |key| !unit.listed("Service", &[key]).is_empty();
    let is = |key, wanted: &[&[u8]]| {
        unit.always("Service", key, |value| {
            value.is_some_and(|value| wanted.contains(&value))
        })
    };
    let own = |key| unit.own.last("Service", key);
    let starts = has("ExecStart");
    let no_action = unit.always("Unit", "SuccessAction", |value| {
        value.is_none_or(|value| value == b"none")
    });
    if !starts && !has("ExecStop") && no_action {
        return Some(Fault::new(
            "the service has no ExecStart=, no ExecStop= and no SuccessAction=",
            "add ExecStart=",
        ));
    }
    let never_oneshot = is_never_oneshot(unit);
    if !starts && never_oneshot {
        let fault = Fault::new(
            "the service has no ExecStart=, and Type= is not oneshot",
            "add ExecStart=, or write Type=oneshot and RemainAfterExit=yes",
        );
        return Some(fault.at(own("Type")));
    }
    let stays = |value: Option<&[u8]>| value.and_then(parse_boolean) == Some(true);
    if !starts && no_action && unit.always("Service", "RemainAfterExit", |value| !stays(value)) {
        return Some(Fault::new(
            "the service has neither ExecStart= nor RemainAfterExit=yes, and would never be active",
            "write RemainAfterExit=yes, or add ExecStart=",
        ));
    }
    if never_oneshot && let Some(second) = second_command(unit) {
        return Some(second);
    }
    if is("Type", &[b"oneshot"]) {
        if is("Restart", &[b"always", b"on-success"]) {
            let restart = own("Restart");
            let fault = Fault::new(
                "a service of Type=oneshot cannot be restarted after a success",
                "write Restart=on-failure, or another Type=",
            );
            return Some(fault.at(restart));
        }
        if is("ExitType", &[b"cgroup"]) {
            let fault = Fault::new(
                "a service of Type=oneshot cannot have ExitType=cgroup",
                "remove ExitType=, or write another Type=",
            );
            return Some(fault.at(own("ExitType")));
        }
    }
    if is("Type", &[b"dbus"]) && unit.always("Service", "BusName", |name| name.is_none()) {
        let fault = Fault::new(
            "the service has Type=dbus and no BusName=",
            "add BusName= with the name of the service on the bus, or write another Type=",
        );
        return Some(fault.at(own("Type")));
    }
    None
}

/// Whether its type is another than oneshot. Without `Type=`, a service that has a name on the bus is of
/// type dbus, one that starts nothing is oneshot, any other simple: `service_add_extras()`.
fn is_never_oneshot(unit: &Unit<'_>) -> bool {
    unit.always("Service", "Type", |value| match value {
        Some(value) => value != b"oneshot" && TYPES.contains(&value),
        None => {
            !unit.listed("Service", &["ExecStart"]).is_empty()
                || unit.always("Service", "BusName", |name| name.is_some())
        }
    })
}

/// A second command to start with, if no drop-in has anything to say about it.
fn second_command<'u>(unit: &'u Unit<'_>) -> Option<Fault<'u>> {
    let mut drop_ins = unit.drop_ins.iter();
    if drop_ins.any(|part| part.mentions("Service", "ExecStart")) {
        return None;
    }
    let mut count = 0;
    for directive in unit.own.listed("Service", &["ExecStart"]) {
        let commands = exec::commands(directive.value).ok()?;
        count += commands.len();
        if count > 1 {
            let program = commands.last().map(|command| command.program.bytes());
            let message = format!(
                "the service has the second command {}, which only Type=oneshot allows",
                program.unwrap_or_default().as_bstr()
            );
            let fault = Fault::new(message, "leave one ExecStart=, or write Type=oneshot");
            return Some(fault.at(Some(directive)));
        }
    }
    None
}
