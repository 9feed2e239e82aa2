//! A .pc file names paths and defines no prefix.

use hermetic_out::{FindingKind, Group, Severity};
use hermetic_out_formats::Declaration;

use crate::rule::{Check, FileSubject, Rule};
use crate::reporter::Reporter;
use crate::pkg_config::pc_file;

pub(super) static RULE: Rule = Rule {
    kind: &FindingKind {
        id: "pc-without-prefix",
        aliases: &[],
        severity: Severity::Note,
        group: Group::PkgConfig,
        summary: "A .pc file names paths and defines no prefix",
        explanation: "Builds that install files of their own where the module says override its prefix \
            (`pkg-config --define-variable=prefix=…`), and relocated packages are found by it \
            (`--define-prefix`). Without a variable `prefix`, both do nothing.",
        example: "libdir=/nix/store/…-x/lib\nLibs: -L${libdir} -lx",
        remedy: "define `prefix`, and the other variables by it: rewrite-pkgconfig-prefix does so",
    },
    check: Check::File(check),
};

fn check(subject: &FileSubject<'_>, reporter: &mut Reporter) {
    let Some(scan) = pc_file(subject.file) else {
        return;
    };
    let mut facts = scan.declarations.iter();
    let has_prefix = scan
        .declarations
        .iter()
        .any(|fact| matches!(fact, Declaration::PkgConfigVariable { name, .. } if name == b"prefix"));
    let path = facts.find_map(|fact| match fact {
        Declaration::PkgConfigPath { text, .. } => Some(text),
        _ => None,
    });
    if let Some(path) = path.filter(|_| !has_prefix) {
        let found = subject.report(reporter, b"prefix", "it defines no prefix");
        found.span = path.covering_span();
    }
}
