//! A program is named without a path, and systemd does not find it.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use bstr::ByteSlice;
use hermetic_out::Decision;
use hermetic_out::tree::Node;
use hermetic_out::{Severity, kinds};
use hermetic_out_formats::unit::context::UnitContext;
use hermetic_out_formats::{FileKind, Lookup, Role};

use crate::rule::{Check, PathSubject, Rule};
use crate::reporter::Reporter;
use crate::resolved_reference::for_each;

pub(super) static RULE: Rule = Rule {
    kind: &kinds::BARE_PROGRAM,
    check: Check::StorePath(check),
};

fn check(subject: &PathSubject<'_>, reporter: &mut Reporter) {
    for_each(subject, |named| {
        let value = named.value();
        let is_looked_up = named.reference.lookup == Lookup::SearchPath && !value.contains(&b'/');
        let is_launched = named.reference.role == Role::PrefixedProgram;
        // A launcher is started with the search path of the session, by design.
        let is_desktop_entry = named.scanned.kind == FileKind::DesktopEntry;
        let is_program = named.reference.role == Role::Program || is_launched;
        if !is_program || !is_looked_up || is_desktop_entry {
            return;
        }
        if is_of_systemd(value) || is_on_search_path(subject, named.settings, value) {
            return;
        }
        let decision = named.decision();
        if matches!(decision, Decision::Keep(_)) {
            return;
        }
        let message = format!("the program {} is named without a path", value.as_bstr());
        let file = named.scanned.file.path_in(subject.path);
        let found = reporter.report(file, value, message);
        found.span = named.reference.text.covering_span();
        if let Decision::Replace { path, .. } = decision {
            found.help = format!("write {}", path.as_bstr());
        }
        if named.reference.optional {
            found.severity = Severity::Note;
        } else if is_launched || named.scanned.kind != FileKind::Unit {
            found.severity = Severity::Warning;
        }
    });
}

/// Whether a program is one of systemd's own, which lie where it looks.
fn is_of_systemd(name: &[u8]) -> bool {
    const NAMES: &[&[u8]] = &[
        b"bootctl",
        b"busctl",
        b"coredumpctl",
        b"homectl",
        b"hostnamectl",
        b"journalctl",
        b"localectl",
        b"loginctl",
        b"machinectl",
        b"networkctl",
        b"oomctl",
        b"portablectl",
        b"resolvectl",
        b"systemctl",
        b"timedatectl",
        b"udevadm",
        b"userdbctl",
        b"varlinkctl",
    ];
    name.starts_with(b"systemd-") || NAMES.contains(&name)
}

fn is_on_search_path(subject: &PathSubject<'_>, settings: &UnitContext, name: &[u8]) -> bool {
    settings.search_path.iter().any(|directory| {
        let path = [directory.as_slice(), b"/", name].concat();
        let path = Path::new(OsStr::from_bytes(&path));
        subject.closure.tree.look_up(path) == Some(Node::Program)
    })
}
