//! Something in a store path could not be read.

use hermetic_out::{Severity, kinds};

use crate::rule::{Check, FileSubject, Rule};
use crate::reporter::Reporter;
use crate::facts::{FileProblem, Node};

pub(super) static RULE: Rule = Rule {
    kind: &kinds::UNREAD_FILE,
    check: Check::File(check),
};

fn check(subject: &FileSubject<'_>, reporter: &mut Reporter) {
    let problem = match &subject.file.node {
        Node::Unreadable { reason } => {
            subject.report(reporter, "", format!("the file cannot be read: {reason}"));
            return;
        }
        _ => subject.file.content().and_then(|content| content.problem.as_ref()),
    };
    match problem {
        None => {}
        Some(FileProblem::Unreadable { reason }) => {
            subject.report(reporter, "", format!("the file cannot be read: {reason}"));
        }
        Some(FileProblem::TooLarge) => {
            let message = "the file is too large for its format and was not read";
            let found = subject.report(reporter, "", message);
            found.severity = Severity::Warning;
            found.help = "find out why the file is so large".into();
        }
        Some(FileProblem::TooManyMentions) => {
            let message = "the file names more paths than are examined";
            let found = subject.report(reporter, "", message);
            found.severity = Severity::Note;
            found.help = "check the file by hand".into();
        }
    }
}
