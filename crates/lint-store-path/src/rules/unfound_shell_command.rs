//! A shell script in a unit or its like runs a command that is not on its search path.

use std::collections::BTreeSet;

use bstr::ByteSlice;
use hermetic_out::Decision;
use hermetic_out::{FindingKind, Group, Severity};
use hermetic_out_formats::{Role, Scan};

use crate::rule::{Check, PathSubject, Rule};
use crate::reporter::Reporter;
use crate::resolved_reference::for_each;

pub(super) static RULE: Rule = Rule {
    kind: &FindingKind {
        id: "unfound-shell-command",
        aliases: &[],
        severity: Severity::Warning,
        group: Group::Units,
        summary: "A shell script in a unit or its like runs a command that is not on its search path",
        explanation: "The body of a `sh -c`, or a command of modprobe.d, names a command without a path. \
            It is looked up on `PATH`, which for services is the one compiled into systemd \
            unless the unit sets another; in a store, that holds systemd's own programs and no \
            others. On NixOS a module may set `PATH` for the unit, in which case nothing is \
            wrong.",
        example: "ExecStartPre=/nix/store/…-bash/bin/sh -c 'mkdir -p /run/x'",
        remedy: "write the store path of the command: patch-systemd-units does so if its package is in the inputs",
    },
    check: Check::StorePath(check),
};

fn check(subject: &PathSubject<'_>, reporter: &mut Reporter) {
    let mut seen = BTreeSet::new();
    for_each(subject, |named| {
        let value = named.value();
        let is_bare = named.reference.role == Role::ShellCommand && !value.contains(&b'/');
        if !is_bare || sets_path(named.scanned.scan) {
            return;
        }
        let decision = named.decision();
        // One place of each command in a file says enough.
        let is_new = seen.insert((named.scanned.file.sub_path.clone(), value.to_vec()));
        if matches!(decision, Decision::Keep(_)) || !is_new {
            return;
        }
        let message = format!("the command {} is looked up on PATH", value.as_bstr());
        let file = named.scanned.file.path_in(subject.path);
        let found = reporter.report(file, value, message);
        found.span = named.reference.text.covering_span();
        if let Decision::Replace { path, .. } = decision {
            found.help = format!("write {}", path.as_bstr());
        }
    });
}

/// Whether a file says itself where commands are looked for.
fn sets_path(scan: &Scan) -> bool {
    let mut references = scan.references.iter();
    references.any(|reference| reference.role == Role::ProgramSearchPath)
}
