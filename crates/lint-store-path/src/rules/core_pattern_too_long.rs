//! The kernel cuts a core pattern.

use hermetic_out::kinds;
use hermetic_out_formats::ProblemKind;
use hermetic_out_formats::sysctl::MAX_CORE_PATTERN;

use crate::reporter::Reporter;
use crate::rule::{Check, FileSubject, Rule};

pub(super) static RULE: Rule = Rule {
    kind: &kinds::CORE_PATTERN_TOO_LONG,
    check: Check::File(check),
};

fn check(subject: &FileSubject<'_>, reporter: &mut Reporter) {
    let scan = subject.file.content().and_then(|content| content.scan.as_ref());
    let problems = scan.into_iter().flat_map(|scan| &scan.problems);
    for problem in problems.filter(|problem| problem.kind == ProblemKind::CorePatternTooLong) {
        let message = format!("the core pattern is longer than {MAX_CORE_PATTERN} bytes");
        subject.report(reporter, "kernel.core_pattern", message).span = Some(problem.span);
    }
}
