//! A .pc file requires a module that no package in the closure has.

use std::collections::BTreeSet;

use bstr::ByteSlice;
use hermetic_out::{FindingKind, Group, Severity};
use hermetic_out_formats::Declaration;

use crate::rule::{Check, ClosureSubject, Rule};
use crate::reporter::Reporter;
use crate::pkg_config::pc_file;

pub(super) static RULE: Rule = Rule {
    kind: &FindingKind {
        id: "missing-pc-requirement",
        aliases: &["pc-requirement-missing"],
        severity: Severity::Warning,
        group: Group::PkgConfig,
        summary: "A .pc file requires a module that no package in the closure has",
        explanation: "pkg-config fails for builds that use the module, unless they happen to have the \
            other package as well. In nixpkgs, packages that `Requires:` names have to be in \
            propagatedBuildInputs. For `Requires.private:` that is true for `--cflags` of pkg-config 0.29 \
            and for static linking.",
        example: "Requires: zlib >= 1.2",
        remedy: "add the package that has the module to propagatedBuildInputs",
    },
    check: Check::Closure(check),
};

fn check(subject: &ClosureSubject<'_>, reporter: &mut Reporter) {
    let files = subject.known.in_directories(b"pkgconfig");
    let modules = files.filter_map(|(_, file)| file.file_name().strip_suffix(b".pc"));
    let modules: BTreeSet<&[u8]> = modules.collect();
    for path in subject.known.paths() {
        let store_path = subject.known.store().path_of_name(&path.name);
        for file in path.of_known_format() {
            let Some(scan) = pc_file(file) else { continue };
            for fact in &scan.declarations {
                let Declaration::PkgConfigRequires {
                    field,
                    modules: wanted,
                    text,
                } = fact
                else {
                    continue;
                };
                // pkg-config itself answers for these two.
                let is_known = |module: &[u8]| {
                    matches!(module, b"pkg-config" | b"pkgconf") || modules.contains(module)
                };
                for module in wanted.iter().filter(|module| !is_known(module)) {
                    let message = format!("no package has the pkg-config module {}", module.as_bstr());
                    let found = reporter.report(file.path_in(&store_path), module.clone(), message);
                    found.span = text.covering_span();
                    if !field.eq_ignore_ascii_case(b"requires") {
                        found.severity = Severity::Note;
                    }
                }
            }
        }
    }
}
