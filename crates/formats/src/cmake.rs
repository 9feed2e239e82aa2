//! `CMake`'s scripts: paths that stand behind another one.
//!
//! `"${prefix}/${CMAKE_INSTALL_LIBDIR}"` is two paths with two slashes in between where the second variable is a
//! whole path, as nixpkgs sets it (cmake-packages(7), `GNUInstallDirs`).

use crate::format::{Files, Format, Paths};
use crate::mapped_text::{MappedText, Span};
use crate::reference::{Declaration, Scan};

pub(crate) static FORMAT: Format = Format {
    directories: &[],
    files: Files::Matching {
        is: |path| path.ends_with(b".cmake"),
        examples: &["lib/cmake/x/xConfig.cmake"],
    },
    scan,
    paths: Paths::Reported,
    pieces: &[
        b"set_and_check(x_INCLUDE_DIR \"${PACKAGE_PREFIX_DIR}//nix/store/x/include\")\n",
        b"  IMPORTED_LOCATION \"${_IMPORT_PREFIX}/lib/libx.so\"\n",
        b"set(x /nix/store/x//nix/store/x/lib;",
        b"https://example.org/x)",
        b"# ",
        b"\n",
    ],
};

/// What ends a path, beside blanks.
const ENDS: &[u8] = b"\"'();<>";

/// Finds the paths that stand behind another one, with two slashes in between.
#[must_use]
pub fn scan(file: &[u8]) -> Scan {
    let mut scan = Scan::default();
    let mut end = 0;
    for slashes in memchr::memmem::find_iter(file, b"//") {
        let before = file.get(end..slashes).unwrap_or_default();
        let ends = |byte: &u8| byte.is_ascii_whitespace() || ENDS.contains(byte);
        let word = before
            .iter()
            .rposition(ends)
            .map_or(before, |at| &before[at + 1..]);
        // In front of it is a path, or a variable: no protocol.
        let is_path = word.ends_with(b"}") || word.contains(&b'/') && !word.ends_with(b":");
        let start = slashes + 1;
        let rest = file.get(start..).unwrap_or_default();
        let length = rest.iter().position(ends).unwrap_or(rest.len());
        if is_path && length > 1 {
            let path = MappedText::of_file(file, Span::new(start, start + length));
            scan.declarations.push(Declaration::DoubledPath(path));
        }
        end = start;
    }
    scan
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_behind_others() {
        for (file, expected) in [
            (
                "set(X \"${P}//nix/store/x/lib\")",
                &["/nix/store/x/lib"][..],
            ),
            ("set(X /a//b;${P}//c/d)", &["/b", "/c/d"]),
            ("set(X /a//b//c)", &["/b//c", "/c"]),
            ("set(X ${P}/lib)", &[]),
            ("set(X https://x.org/y)", &[]),
            ("set(X https://x.org//y)", &["/y"]),
            ("set(X //a)", &[]),
            ("set(X ${P}//)", &[]),
            ("// a", &[]),
        ] {
            let found = scan(file.as_bytes()).declarations;
            let found: Vec<_> = found
                .iter()
                .map(|fact| match fact {
                    Declaration::DoubledPath(path) => {
                        String::from_utf8_lossy(path.bytes()).into_owned()
                    }
                    _ => String::new(),
                })
                .collect();
            assert_eq!(found, expected, "{file}");
        }
    }
}
