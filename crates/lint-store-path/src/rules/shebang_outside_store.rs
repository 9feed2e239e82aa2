//! The interpreter of a script is not in the store.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use bstr::ByteSlice;
use hermetic_out::{FindingKind, Group, Severity};

use crate::rule::{Check, FileSubject, Rule};
use crate::reporter::Reporter;
use crate::shebang::{executed, is_looked_up, span};

pub(super) static RULE: Rule = Rule {
    kind: &FindingKind {
        id: "shebang-outside-store",
        aliases: &[],
        severity: Severity::Error,
        group: Group::Scripts,
        summary: "The interpreter of a script is not in the store",
        explanation: "The first line of an executable script names a program outside the store, or \
            none by an absolute path. Where that file is missing, the script does not start \
            (\"bad interpreter\"); where it exists, the script runs with another version than \
            the one it was tested with. `/bin/sh`, which NixOS has, is only a warning; \
            `/usr/bin/env` has a rule of its own.",
        example: "#!/usr/bin/python3",
        remedy: "name the interpreter's store path: patchShebangs does so if its package is in buildInputs",
    },
    check: Check::File(check),
};

fn check(subject: &FileSubject<'_>, reporter: &mut Reporter) {
    let Some(shebang) = executed(subject.file) else {
        return;
    };
    let path = Path::new(OsStr::from_bytes(&shebang.interpreter));
    let store = subject.inside.closure.known.store();
    if store.store_path_of(path).is_some() || is_looked_up(shebang) {
        return;
    }
    let message = format!("its interpreter {} is not in the store", shebang.interpreter.as_bstr());
    let found = subject.report(reporter, shebang.interpreter.clone(), message);
    found.span = Some(span(shebang));
    if shebang.interpreter == b"/bin/sh" {
        found.severity = Severity::Warning;
    }
}
