//! A .pc file uses a variable that it does not define.

use bstr::ByteSlice;
use hermetic_out::{FindingKind, Group, Severity};
use hermetic_out_formats::Declaration;

use crate::rule::{Check, FileSubject, Rule};
use crate::reporter::Reporter;
use crate::pkg_config::pc_file;

pub(super) static RULE: Rule = Rule {
    kind: &FindingKind {
        id: "pc-variable-undefined",
        aliases: &[],
        severity: Severity::Warning,
        group: Group::PkgConfig,
        summary: "A .pc file uses a variable that it does not define",
        explanation: "A variable counts from the line that defines it on. pkg-config refuses a file that \
            uses one before, or one that is never defined (\"Variable 'x' not defined\"); \
            pkgconf takes it for nothing, and the flags are wrong.",
        example: "Libs: -L${libdir} -lx",
        remedy: "define the variable further up",
    },
    check: Check::File(check),
};

fn check(subject: &FileSubject<'_>, reporter: &mut Reporter) {
    let Some(scan) = pc_file(subject.file) else {
        return;
    };
    for fact in &scan.declarations {
        let Declaration::PkgConfigUndefined {
            name,
            is_late,
            text,
        } = fact
        else {
            continue;
        };
        let message = if *is_late {
            format!("{} is defined only further down", name.as_bstr())
        } else {
            format!("{} is not defined", name.as_bstr())
        };
        let found = subject.report(reporter, name.clone(), message);
        found.span = text.covering_span();
    }
}
