//! An install variable of a .pc file does not follow the prefix.

use bstr::ByteSlice;
use hermetic_out::{FindingKind, Group, Severity};
use hermetic_out_formats::Declaration;
use hermetic_out_formats::tables::install_variables;

use crate::rule::{Check, FileSubject, Rule};
use crate::reporter::Reporter;
use crate::pkg_config::{own_directory, pc_file};

pub(super) static RULE: Rule = Rule {
    kind: &FindingKind {
        id: "pc-install-variable-outside-prefix",
        aliases: &[],
        severity: Severity::Warning,
        group: Group::PkgConfig,
        summary: "An install variable of a .pc file does not follow the prefix",
        explanation: "Builds ask the module where to install units, completions or rules, with their own \
            prefix in place of the module's. A value that is not below `${prefix}` does not change: the \
            build tries to write to another package's store path, or outside the store, and fails.",
        example: "prefix=/nix/store/…-systemd\nsystemdsystemunitdir=/usr/lib/systemd/system",
        remedy: "write the value with `${prefix}`",
    },
    check: Check::File(check),
};

fn check(subject: &FileSubject<'_>, reporter: &mut Reporter) {
    let Some(scan) = pc_file(subject.file) else {
        return;
    };
    let sub_path = &subject.file.sub_path;
    let name = sub_path
        .rsplit(|byte| *byte == b'/')
        .next()
        .unwrap_or_default();
    let module = name.strip_suffix(b".pc").unwrap_or(name);
    let is_known = |name: &[u8]| {
        install_variables().any(|known| {
            !known.on_request
                && known.module.as_bytes() == module
                && known.name.as_bytes() == name
        })
    };
    let prefix = scan.declarations.iter().find_map(|fact| match fact {
        Declaration::PkgConfigVariable { name, value, .. } if name == b"prefix" => value.as_deref(),
        _ => None,
    });
    let Some(prefix) = prefix.filter(|prefix| !prefix.is_empty()) else {
        return;
    };
    for fact in &scan.declarations {
        let Declaration::PkgConfigVariable {
            name,
            value: Some(value),
            text,
        } = fact
        else {
            continue;
        };
        let is_below = value.strip_prefix(prefix).is_some_and(|rest| {
            rest.is_empty() || rest.starts_with(b"/") || prefix.ends_with(b"/")
        });
        if value.starts_with(b"/") && !is_below && is_known(name) {
            let message = format!("the install variable {} is not below the prefix", name.as_bstr());
            let found = subject.report(reporter, value.clone(), message);
            found.span = text.covering_span();
            if own_directory(subject.inside, value).is_some() {
                found.help.push_str(", as rewrite-pkgconfig-prefix does");
            }
        }
    }
}
