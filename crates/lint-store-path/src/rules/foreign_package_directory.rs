//! A store path has files for another distribution's tools.

use hermetic_out::kinds;

use crate::rule::{Check, PathSubject, Rule};
use crate::reporter::Reporter;

pub(super) static RULE: Rule = Rule {
    kind: &kinds::FOREIGN_PACKAGE_DIRECTORY,
    check: Check::StorePath(check),
};

/// The directories, and whose they are.
const DIRECTORIES: &[(&str, &str)] = &[("lib/kernel", "kernel-install"), ("lib/rpm", "rpmbuild")];

fn check(subject: &PathSubject<'_>, reporter: &mut Reporter) {
    for (sub_path, reader) in DIRECTORIES {
        let Some(directory) = subject.facts.file(sub_path.as_bytes()) else {
            continue;
        };
        // What reads it may have its own.
        let has_reader = subject.facts.file(format!("bin/{reader}").as_bytes()).is_some();
        if !has_reader {
            let path = directory.path_in(subject.path);
            reporter.report(path, "", format!("only {reader} reads this directory, and not in a store path"));
        }
    }
}
