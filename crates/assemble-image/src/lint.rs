//! The lint over the closure: what its rules call an error keeps the image from being written.

use std::path::PathBuf;

use hermetic_out::{Finding, Severity, Store, Tree};
use hermetic_out_command_line::policy::Policy;
use lint_store_path::cache::Cache;
use lint_store_path::progress::Quiet;
use lint_store_path::{Sources, check, gather};
use serde::Serialize;

use crate::error::Error;
use crate::root_tree::{RootTree, join};

/// What the lint has to say about a closure.
#[derive(Clone, Debug, Default)]
pub(crate) struct Linted {
    /// What will fail at run time.
    pub(crate) errors: Vec<Finding>,
    /// What else there is.
    pub(crate) numbers: Numbers,
}

/// What was found that is no error, in numbers: lint-store-path shows it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Numbers {
    /// How many findings are errors that the image does not mend.
    pub(crate) errors: usize,
    /// How many findings are warnings.
    pub(crate) warnings: usize,
    /// How many are notes.
    pub(crate) notes: usize,
    /// How many are allowed.
    pub(crate) allowed: usize,
}

/// Lints the store paths `closure`, and them as a whole. What they refer to and is not among them is not
/// linted: it is not in the image.
pub(crate) fn lint(store: &Store, closure: &[PathBuf], policy: &Policy) -> Result<Linted, Error> {
    let tree = Tree::new(store.clone());
    let sources = Sources {
        cache: Cache::of_user(store),
        store: store.clone(),
        arguments: closure.to_vec(),
        closure: false,
        given: Vec::new(),
    };
    let known = gather::gather(sources, &Quiet)?.known.into();
    let findings = check::located(check::check(&known, true), &tree);
    let (mut findings, allowed) = policy.apply(findings, &known.store().directory);
    let number = |severity| {
        let findings = findings.iter();
        findings
            .filter(|finding| finding.severity == severity)
            .count()
    };
    let numbers = Numbers {
        errors: 0,
        warnings: number(Severity::Warning),
        notes: number(Severity::Note),
        allowed,
    };
    findings.retain(|finding| finding.severity == Severity::Error);
    Ok(Linted {
        errors: findings,
        numbers,
    })
}

/// Whether the image answers what the lint misses in the store: a store path alone cannot rely on
/// /bin/bash, but in an image it is there or not.
pub(crate) fn is_provided(tree: &RootTree, finding: &Finding) -> bool {
    let subject = finding.subject.as_slice();
    let is_in = |directories: &[&str]| {
        let mut places = directories
            .iter()
            .map(|directory| join(directory.as_bytes(), subject));
        places.any(|place| tree.exists(&place))
    };
    match finding.kind.id {
        "interpreter-outside-store"
        | "missing-program"
        | "program-outside-store"
        | "shebang-outside-store" => subject.starts_with(b"/") && tree.exists(subject),
        // Where systemd looks for programs and udev for helpers: systemd.exec(5), udev(7).
        "bare-program" => is_in(&["usr/bin", "usr/sbin"]),
        "missing-udev-helper" => is_in(&["usr/lib/udev"]),
        // The check of PAM looks at /etc/pam.d as the image has it.
        "missing-pam-module" => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use lint_store_path::rules;

    use super::*;
    use crate::root_tree::Entry;

    #[test]
    fn what_the_image_has_is_no_error() {
        let mut tree = RootTree::default();
        tree.insert("usr/bin/bash", Entry::bytes("", 0o755));
        tree.insert("bin", Entry::link("usr/bin"));
        let helper = Entry::bytes("", 0o755);
        tree.insert("usr/lib/udev/ata_id", helper);
        let finding = |rule: &str, subject: &str| {
            let kind = rules::rule_by_id(rule).unwrap().kind;
            Finding::new(kind, "/nix/store/h-x/bin/x", "").with_subject(subject)
        };
        for (rule, subject, expected) in [
            ("shebang-outside-store", "/bin/bash", true),
            ("shebang-outside-store", "/usr/bin/perl", false),
            ("program-outside-store", "/usr/bin/bash", true),
            ("missing-program", "relative", false),
            ("bare-program", "bash", true),
            ("bare-program", "perl", false),
            ("missing-udev-helper", "ata_id", true),
            ("missing-udev-helper", "bash", false),
            ("missing-pam-module", "pam_x.so", true),
            ("dangling-symlink", "/bin/bash", false),
        ] {
            assert_eq!(
                is_provided(&tree, &finding(rule, subject)),
                expected,
                "{subject}"
            );
        }
    }

    #[test]
    fn errors_are_findings_and_the_rest_is_counted() {
        let root = tempfile::tempdir().unwrap();
        let path = PathBuf::from("/nix/store/0123456789abcdfghijklmnpqrsvwxyz-x");
        let real = root.path().join(path.strip_prefix("/").unwrap());
        fs::create_dir_all(&real).unwrap();
        symlink("gone", real.join("link")).unwrap();
        let store = Store::new("/nix/store", Some(root.path().into()));
        let mut policy = Policy::new(rules::kinds());
        let linted = lint(&store, std::slice::from_ref(&path), &policy).unwrap();
        assert_eq!((linted.errors.len(), linted.numbers.warnings), (0, 1));
        policy.deny("--deny", b"dangling-symlink").unwrap();
        let linted = lint(&store, std::slice::from_ref(&path), &policy).unwrap();
        assert_eq!((linted.errors.len(), linted.numbers.warnings), (1, 0));
        assert_eq!(linted.errors[0].file, path.join("link"));
        policy
            .allow("--lint-allow", b"dangling-symlink:link")
            .unwrap();
        let linted = lint(&store, &[path], &policy).unwrap();
        assert_eq!((linted.errors.len(), linted.numbers.allowed), (0, 1));
    }
}
