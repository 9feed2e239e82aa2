//! What a script names as its interpreter cannot be run.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use bstr::ByteSlice;
use hermetic_out::tree::Node;
use hermetic_out::{FindingKind, Group, Severity};

use crate::rule::{Check, FileSubject, Rule};
use crate::reporter::Reporter;
use crate::shebang::{executed, span};

pub(super) static RULE: Rule = Rule {
    kind: &FindingKind {
        id: "shebang-not-executable",
        aliases: &[],
        severity: Severity::Error,
        group: Group::Scripts,
        summary: "What a script names as its interpreter cannot be run",
        explanation: "The first line of the script names a file in the store that does not exist, is a \
            directory, or that nobody may execute. Whoever starts the script gets \"bad \
            interpreter\" or \"permission denied\".",
        example: "#!/nix/store/…-python3-3.13/bin/python (which does not exist)",
        remedy: "name a program that exists",
    },
    check: Check::File(check),
};

fn check(subject: &FileSubject<'_>, reporter: &mut Reporter) {
    let Some(shebang) = executed(subject.file) else {
        return;
    };
    let path = Path::new(OsStr::from_bytes(&shebang.interpreter));
    let closure = subject.inside.closure;
    if closure.known.store().store_path_of(path).is_none() {
        return;
    }
    let what = match closure.tree.look_up(path) {
        Some(Node::Program) => return,
        Some(Node::Directory) => "is a directory",
        Some(_) => "is not executable",
        None => "does not exist",
    };
    let message = format!("its interpreter {} {what}", shebang.interpreter.as_bstr());
    subject
        .report(reporter, shebang.interpreter.clone(), message)
        .span = Some(span(shebang));
}
