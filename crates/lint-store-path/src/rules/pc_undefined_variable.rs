//! A .pc file uses a variable that it does not define.

use bstr::ByteSlice;
use hermetic_out::kinds;
use hermetic_out_formats::Declaration;

use crate::rule::{Check, FileSubject, Rule};
use crate::reporter::Reporter;
use crate::pkg_config::pc_file;

pub(super) static RULE: Rule = Rule {
    kind: &kinds::PC_UNDEFINED_VARIABLE,
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
            format!("the variable {} is defined only further down", name.as_bstr())
        } else {
            format!("the variable {} is not defined", name.as_bstr())
        };
        let found = subject.report(reporter, name.clone(), message);
        found.span = text.covering_span();
    }
}
