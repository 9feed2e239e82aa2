//! systemd refuses to load a socket unit.

use hermetic_out::{FindingKind, Group, Severity};
use hermetic_out_formats::unit::place::parse_boolean;

use crate::rule::{Check, PathSubject, Rule};
use crate::reporter::Reporter;
use crate::merged_unit::Unit;
use crate::unit_fault::{Fault, judge};

pub(super) static RULE: Rule = Rule {
    kind: &FindingKind {
        id: "socket-refused",
        aliases: &[],
        severity: Severity::Error,
        group: Group::Units,
        summary: "systemd refuses to load a socket unit",
        explanation: "The lines of the socket unit contradict each other, so systemd does not load it and \
            nothing listens (\"bad unit file setting\"): it has no `Listen…=`; `Accept=yes` with \
            `Service=` or with a `Listen…=` that accepts no connections; `Symlinks=` without exactly one \
            socket or FIFO in the file system (systemd.socket(5)). Known drop-ins are applied in any \
            order: a unit that one of them may complete is ignored.",
        example: "[Socket]\nListenStream=/run/x\nAccept=yes\nService=x.service",
        remedy: "correct the unit; `systemd-analyze verify` reports the same",
    },
    check: Check::StorePath(check),
};

/// The directives that an empty one of any of them takes back: `config_parse_socket_listen()`.
const LISTEN: &[&str] = &[
    "ListenDatagram",
    "ListenFIFO",
    "ListenMessageQueue",
    "ListenNetlink",
    "ListenSequentialPacket",
    "ListenSpecial",
    "ListenStream",
    "ListenUSBFunction",
];

fn check(subject: &PathSubject<'_>, reporter: &mut Reporter) {
    judge(subject, reporter, &["socket"], fault);
}

fn fault<'u>(unit: &'u Unit<'_>) -> Option<Fault<'u>> {
    let listens = unit.listed("Socket", LISTEN);
    if listens.is_empty() {
        return Some(Fault::new(
            "the socket unit has no Listen…=",
            "add ListenStream= or another Listen…=",
        ));
    }
    let own = unit.own.listed("Socket", LISTEN);
    // What drop-ins take back or add is left open.
    let mut drop_ins = unit.drop_ins.iter();
    let is_settled = !drop_ins.any(|part| LISTEN.iter().any(|key| part.mentions("Socket", key)));
    let accepts = unit.always("Socket", "Accept", |value| value.and_then(parse_boolean) == Some(true));
    if accepts && unit.always("Socket", "Service", |value| value.is_some()) {
        let fault = Fault::new(
            "the socket unit has Accept=yes, which starts the template of its own name, and Service=",
            "remove Service= and name the template after the socket, or write Accept=no",
        );
        return Some(fault.at(unit.own.last("Socket", "Service")));
    }
    let gives_connections = |key: &[u8]| matches!(key, b"ListenStream" | b"ListenSequentialPacket");
    let other = own
        .iter()
        .find(|directive| !gives_connections(directive.key.bytes()));
    if accepts && is_settled && let Some(&other) = other {
        let fault = Fault::new(
            "Accept=yes allows only ListenStream= and ListenSequentialPacket=",
            "write Accept=no",
        );
        return Some(fault.at(Some(other)));
    }
    // A path that a specifier begins may be another kind of address.
    let is_file = |key: &[u8], value: &[u8]| {
        let is_address = matches!(
            key,
            b"ListenDatagram" | b"ListenSequentialPacket" | b"ListenStream"
        );
        key == b"ListenFIFO" || (is_address && (value.starts_with(b"/") || value.starts_with(b"%")))
    };
    let files = own
        .iter()
        .filter(|directive| is_file(directive.key.bytes(), directive.value.bytes()));
    let has_links = !unit.own.listed("Socket", &["Symlinks"]).is_empty()
        && !unit.drop_ins.iter().any(|part| part.mentions("Socket", "Symlinks"));
    if has_links && is_settled && files.count() != 1 {
        let fault = Fault::new(
            "Symlinks= requires exactly one socket or FIFO in the file system",
            "remove Symlinks=, or make one unit for each socket",
        );
        return Some(fault.at(unit.own.last("Socket", "Symlinks")));
    }
    None
}
