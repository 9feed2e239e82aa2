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
        explanation: "env(1) looks for the interpreter on the `PATH` of the process that starts the \
            script. The package does not refer to its interpreter, and a service or a user with another \
            `PATH` gets another one, or none. A build sandbox and an image of store paths have no \
            `/usr/bin/env`.",
        example: "#!/usr/bin/env python3",
        remedy: "write the store path of the interpreter, as patchShebangs does if its package is in \
            buildInputs",
    },
    check: Check::File(check),
};

fn check(subject: &FileSubject<'_>, reporter: &mut Reporter) {
    let Some(shebang) = executed(subject.file) else {
        return;
    };
    if is_looked_up(shebang) {
        let named = [shebang.interpreter.as_slice(), b" ", &shebang.argument].concat();
        let message = format!("the interpreter of the script, {}, depends on PATH", named.trim().as_bstr());
        subject.report(reporter, named, message).span = Some(span(shebang));
    }
}
