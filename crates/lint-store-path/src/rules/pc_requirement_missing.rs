//! A .pc file asks for a module that nothing in the closure has.

use std::collections::BTreeSet;

use bstr::ByteSlice;
use hermetic_out::{FindingKind, Group, Severity};
use hermetic_out_formats::Declaration;

use crate::rule::{Check, ClosureSubject, Rule};
use crate::reporter::Reporter;
use crate::pkg_config::pc_file;

pub(super) static RULE: Rule = Rule {
    kind: &FindingKind {
        id: "pc-requirement-missing",
        aliases: &[],
        severity: Severity::Warning,
        group: Group::PkgConfig,
        summary: "A .pc file asks for a module that nothing in the closure has",
        explanation: "pkg-config fails for whoever uses the module, unless the build happens to have the \
            other package as well: in nixpkgs, what `Requires:` names has to be in \
            propagatedBuildInputs. For `Requires.private:` that holds for `--cflags` of \
            pkg-config 0.29, and for static linking.",
        example: "Requires: zlib >= 1.2",
        remedy: "add the package that has the module to propagatedBuildInputs",
    },
    check: Check::Closure(check),
};

fn check(subject: &ClosureSubject<'_>, reporter: &mut Reporter) {
    let mut modules: BTreeSet<&[u8]> = BTreeSet::new();
    for file in subject.known.paths().iter().flat_map(|path| &path.files) {
        let mut parts = file.sub_path.rsplit(|byte| *byte == b'/');
        let (name, directory) = (parts.next().unwrap_or_default(), parts.next());
        if let (Some(module), Some(b"pkgconfig")) = (name.strip_suffix(b".pc"), directory) {
            modules.insert(module);
        }
    }
    for path in subject.known.paths() {
        let store_path = subject.known.store().path_of_name(&path.name);
        for file in &path.files {
            let Some(scan) = pc_file(file) else { continue };
            for fact in &scan.declarations {
                let Declaration::PkgConfigRequires {
                    field,
                    module,
                    text,
                } = fact
                else {
                    continue;
                };
                // pkg-config itself answers for these two.
                let is_built_in = matches!(module.as_slice(), b"pkg-config" | b"pkgconf");
                if is_built_in || modules.contains(module.as_slice()) {
                    continue;
                }
                let message = format!("nothing has the module {}", module.as_bstr());
                let found = reporter.report(file.path_in(&store_path), module.clone(), message);
                found.span = text.covering_span();
                if !field.eq_ignore_ascii_case(b"requires") {
                    found.severity = Severity::Note;
                }
            }
        }
    }
}
