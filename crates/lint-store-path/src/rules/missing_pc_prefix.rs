//! A .pc file names paths and defines no prefix.

use hermetic_out::{FindingKind, Group, Severity};
use hermetic_out_formats::Declaration;

use crate::rule::{Check, FileSubject, Rule};
use crate::reporter::Reporter;
use crate::pkg_config::{own_directory, pc_file};

pub(super) static RULE: Rule = Rule {
    kind: &FindingKind {
        id: "missing-pc-prefix",
        aliases: &["pc-without-prefix"],
        severity: Severity::Note,
        group: Group::PkgConfig,
        summary: "A .pc file names paths and defines no prefix",
        explanation: "Builds that install files where the module says override its prefix (`pkg-config \
            --define-variable=prefix=…`), and `--define-prefix` finds relocated packages by it. Without a \
            variable `prefix`, both have no effect.",
        example: "libdir=/nix/store/…-x/lib\nLibs: -L${libdir} -lx",
        remedy: "define `prefix` and write the other variables with it",
    },
    check: Check::File(check),
};

fn check(subject: &FileSubject<'_>, reporter: &mut Reporter) {
    let Some(scan) = pc_file(subject.file) else {
        return;
    };
    let has_prefix = scan
        .declarations
        .iter()
        .any(|fact| matches!(fact, Declaration::PkgConfigVariable { name, .. } if name == b"prefix"));
    let mut paths = scan.declarations.iter().filter_map(|fact| match fact {
        Declaration::PkgConfigPath { path, text, .. } => Some((path, text)),
        _ => None,
    });
    if has_prefix {
        return;
    }
    if let Some((first, text)) = paths.next() {
        let found = subject.report(reporter, b"prefix", "the file names paths and defines no prefix");
        found.span = text.covering_span();
        let mut all = std::iter::once(first).chain(paths.map(|(path, _)| path));
        if all.any(|path| own_directory(subject.inside, path).is_some()) {
            found.help.push_str(", as rewrite-pkgconfig-prefix does");
        }
    }
}
