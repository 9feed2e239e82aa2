//! A script is started by /usr/bin/env.

use bstr::ByteSlice;
use hermetic_out::{FindingKind, Group, Severity};

use crate::rule::{Check, FileSubject, Rule};
use crate::reporter::Reporter;
use crate::shebang::{executed, is_looked_up, span};

pub(super) static RULE: Rule = Rule {
    kind: &FindingKind {
        id: "shebang-env",
        aliases: &[],
        severity: Severity::Warning,
        group: Group::Scripts,
        summary: "A script is started by /usr/bin/env",
        explanation: "env(1) looks for the interpreter on the PATH of whoever starts the script. So \
            the package does not say what it needs, and a service or a user with another \
            PATH gets another interpreter, or none. In a build's sandbox and in an image \
            made of store paths, there is no `/usr/bin/env` either.",
        example: "#!/usr/bin/env python3",
        remedy: "name the interpreter's store path: patchShebangs does so if its package is in buildInputs",
    },
    check: Check::File(check),
};

fn check(subject: &FileSubject<'_>, reporter: &mut Reporter) {
    let Some(shebang) = executed(subject.file) else {
        return;
    };
    if is_looked_up(shebang) {
        let named = [shebang.interpreter.as_slice(), b" ", &shebang.argument].concat();
        let message = format!("{} depends on PATH", named.trim().as_bstr());
        subject.report(reporter, named, message).span = Some(span(shebang));
    }
}
