//! A store path has files for another distribution's tools.

use hermetic_out::{FindingKind, Group, Severity};

use crate::rule::{Check, PathSubject, Rule};
use crate::reporter::Reporter;

pub(super) static RULE: Rule = Rule {
    kind: &FindingKind {
        id: "foreign-package-directory",
        aliases: &[],
        severity: Severity::Note,
        group: Group::Tree,
        summary: "A store path has files for another distribution's tools",
        explanation: "`lib/rpm` holds macros for building RPM packages, `lib/kernel` scripts for \
            kernel-install(8), which puts kernels where a boot loader of a mutable system \
            finds them. Nothing reads them from a store path; scripts in them still keep \
            what they refer to in the closure.",
        example: "lib/kernel/install.d/50-x.install",
        remedy: "remove the directory after the installation, or switch it off when configuring",
    },
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
            reporter.report(path, "", format!("only {reader} reads it, and not from a store path"));
        }
    }
}
