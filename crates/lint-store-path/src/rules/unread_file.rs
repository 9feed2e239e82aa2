//! Something in a store path could not be read.

use hermetic_out::{FindingKind, Group, Severity};

use crate::rule::{Check, FileSubject, Rule};
use crate::reporter::Reporter;
use crate::facts::{FileProblem, Node};

pub(super) static RULE: Rule = Rule {
    kind: &FindingKind {
        id: "unread-file",
        aliases: &[],
        severity: Severity::Error,
        group: Group::Tree,
        summary: "Something in a store path could not be read",
        explanation: "The file or directory cannot be opened, went away while it was looked at, or is \
            larger than any reader of its format takes; or it names more paths than are \
            looked at. Nothing, or not all, is known of it, so other rules may have missed \
            something.",
        example: "lib/x with mode 0000, read by an ordinary user",
        remedy: "make it readable, or run the tool as a user who may read it",
    },
    check: Check::File(check),
};

fn check(subject: &FileSubject<'_>, reporter: &mut Reporter) {
    let problem = match &subject.file.node {
        Node::Unreadable { reason } => {
            subject.report(reporter, "", format!("it cannot be read: {reason}"));
            return;
        }
        _ => subject.file.content().and_then(|content| content.problem.as_ref()),
    };
    match problem {
        None => {}
        Some(FileProblem::Unreadable { reason }) => {
            subject.report(reporter, "", format!("it cannot be read: {reason}"));
        }
        Some(FileProblem::TooLarge) => {
            let message = "it is too large to be what its place says";
            let found = subject.report(reporter, "", message);
            found.severity = Severity::Warning;
            found.help = "find out why it is so large".into();
        }
        Some(FileProblem::TooManyMentions) => {
            let message = "it names more paths than are looked at";
            let found = subject.report(reporter, "", message);
            found.severity = Severity::Note;
            found.help = "look at it by hand".into();
        }
    }
}
