//! A package file of `CMake` names a store path behind another path.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use bstr::ByteSlice;
use hermetic_out::{FindingKind, Group, Severity};
use hermetic_out_formats::Declaration;

use crate::reporter::Reporter;
use crate::rule::{Check, FileSubject, Rule};

pub(super) static RULE: Rule = Rule {
    kind: &FindingKind {
        id: "cmake-path-doubled",
        aliases: &[],
        severity: Severity::Error,
        group: Group::PkgConfig,
        summary: "A package file of CMake names a store path behind another path",
        explanation: "A `.cmake` file says `${_IMPORT_PREFIX}//nix/store/…/lib`: it was made with \
            `${prefix}/${CMAKE_INSTALL_LIBDIR}`, where the second variable is a whole path. There is nothing at \
            such a path, so find_package() or the build that uses it fails.",
        example: "set_and_check(X_INCLUDE_DIR \"${PACKAGE_PREFIX_DIR}//nix/store/…-x/include\")",
        remedy: "use `${CMAKE_INSTALL_FULL_LIBDIR}`, or `@PACKAGE_…@` of configure_package_config_file(), in the \
            package's CMakeLists.txt",
    },
    check: Check::File(check),
};

fn check(subject: &FileSubject<'_>, reporter: &mut Reporter) {
    let scan = subject.file.content().and_then(|content| content.scan.as_ref());
    let declarations = scan.into_iter().flat_map(|scan| &scan.declarations);
    for declaration in declarations {
        let Declaration::DoubledPath(text) = declaration else {
            continue;
        };
        let path = Path::new(OsStr::from_bytes(text.bytes()));
        if subject.inside.closure.known.store().store_path_of(path).is_some() {
            let shown = text.bytes().as_bstr();
            let message = format!("the store path {shown} stands behind another path");
            subject.report(reporter, text.bytes(), message).span = text.covering_span();
        }
    }
}
