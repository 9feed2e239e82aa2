//! A unit forbids to run anything from the store.

use std::os::unix::ffi::OsStrExt;

use hermetic_out::{FindingKind, Group, Severity};

use crate::rule::{Check, PathSubject, Rule};
use crate::reporter::Reporter;
use crate::resolved_reference::for_each_file;

pub(super) static RULE: Rule = Rule {
    kind: &FindingKind {
        id: "exec-paths-exclude-store",
        aliases: &[],
        severity: Severity::Error,
        group: Group::Units,
        summary: "A unit forbids to run anything from the store",
        explanation: "`NoExecPaths=/` forbids to run or map anything that `ExecPaths=` does not allow \
            (systemd.exec(5)). The interpreter and the libraries of the program lie in several \
            store paths: it does not start unless all of the store is allowed.",
        example: "NoExecPaths=/\nExecPaths=/usr/sbin/x /lib",
        remedy: "add the store directory to `ExecPaths=`",
    },
    check: Check::StorePath(check),
};

fn check(subject: &PathSubject<'_>, reporter: &mut Reporter) {
    let store = subject
        .closure
        .known
        .store()
        .directory
        .as_os_str()
        .as_bytes();
    for_each_file(subject, |scanned, settings| {
        if let Some(place) = settings.forbidding(scanned.scan, store) {
            let file = scanned.file.path_in(subject.path);
            let found = reporter.report(file, b"/", "nothing of the store may be run here");
            found.span = place.covering_span();
        }
    });
}
