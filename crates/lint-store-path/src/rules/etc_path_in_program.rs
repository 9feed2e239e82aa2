//! A program reads a file from /etc that the package has in its own etc.

use bstr::ByteSlice;
use hermetic_out::kinds;
use hermetic_out_formats::etc_mentions::Verdict;

use crate::rule::{Check, PathSubject, Rule};
use crate::reporter::Reporter;
use crate::etc_mentions;

pub(super) static RULE: Rule = Rule {
    kind: &kinds::ETC_PATH_IN_PROGRAM,
    check: Check::StorePath(check),
};

fn check(subject: &PathSubject<'_>, reporter: &mut Reporter) {
    for mentioned in etc_mentions::mentioned(subject) {
        // What is in a longer string is in a message, or a list of build options.
        if mentioned.content.elf.is_some() && mentioned.verdict == Verdict::Read {
            let path = &mentioned.mention.path;
            let message = format!(
                "the program reads {}, and the package ships {}",
                path.as_bstr(),
                mentioned.own.as_bstr()
            );
            reporter.report(
                mentioned.file.path_in(subject.path),
                path.clone(),
                message,
            );
        }
    }
}
