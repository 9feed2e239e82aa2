//! `nsswitch.conf(5)`: the services that answer for each database, as glibc reads them
//! (`nss/nss_action_parse.c`).

use crate::encoding::Encoding;
use crate::format::{Files, Format, Paths};
use crate::lines;
use crate::mapped_text::{MappedText, Span};
use crate::reference::{Lookup, ProblemKind, Reference, Role, Scan};

pub(crate) static FORMAT: Format = Format {
    directories: &[],
    files: Files::Matching {
        is: |path| path == b"etc/nsswitch.conf",
        examples: &["etc/nsswitch.conf"],
    },
    scan,
    // What the C library loads is found by its name.
    paths: Paths::Reported,
    pieces: &[
        b"\npasswd: ",
        b"\nhosts:",
        b"files ",
        b" [!UNAVAIL=return] ",
        b"systemd",
        b"[",
        b" # ",
    ],
};

/// Services that are part of glibc itself since 2.34.
const IN_LIBC: &[&[u8]] = &[b"dns", b"files"];

/// Finds the services that databases are looked up in.
#[must_use]
pub fn scan(file: &[u8]) -> Scan {
    let mut scan = Scan::default();
    for line in lines::significant(file, b"#") {
        let bytes = line.of(file);
        let end = memchr::memchr(b'#', bytes).unwrap_or(bytes.len());
        let line = Span::new(line.start, line.start + end);
        match memchr::memchr(b':', line.of(file)) {
            Some(colon) => {
                let services = Span::new(line.start + colon + 1, line.end);
                scan_services(&mut scan, file, services);
            }
            None => scan.problem(ProblemKind::BadLine, line),
        }
    }
    scan
}

/// `SERVICE [STATUS=ACTION …] SERVICE …`
fn scan_services(scan: &mut Scan, file: &[u8], place: Span) {
    let bytes = place.of(file);
    let mut at = 0;
    while let Some(rest) = bytes.get(at..).filter(|rest| !rest.is_empty()) {
        let length = match rest[0] {
            byte if lines::is_blank(byte) => 1,
            b'[' => match memchr::memchr(b']', rest) {
                Some(close) => close + 1,
                // glibc ignores the line's rest.
                None => {
                    return scan
                        .problem(ProblemKind::BadLine, Span::new(place.start + at, place.end));
                }
            },
            _ => {
                let ends = |byte: &u8| lines::is_blank(*byte) || *byte == b'[';
                let length = rest.iter().position(ends).unwrap_or(rest.len());
                let start = place.start + at;
                let outer = MappedText::of_file(file, Span::new(start, start + length));
                let mut name = MappedText::new();
                name.push(&outer, 0..length, Some(Encoding::BareWord));
                scan.references.push(Reference {
                    lookup: Lookup::ByReader,
                    ..Reference::new(Role::NameService, "service", name)
                });
                length
            }
        };
        at += length;
    }
}

/// The file name of the library that answers for a service; `None` if glibc does itself.
#[must_use]
pub fn library_of(service: &[u8]) -> Option<Vec<u8>> {
    (!IN_LIBC.contains(&service)).then(|| [b"libnss_", service, b".so.2"].concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn services(file: &str) -> Vec<String> {
        let references = scan(file.as_bytes()).references.into_iter();
        let text = |found: Reference| String::from_utf8_lossy(found.text.bytes()).into_owned();
        references.map(text).collect()
    }

    #[test]
    fn services_without_actions_and_comments() {
        for (file, expected) in [
            (
                "passwd: files [!UNAVAIL = return] systemd # gone",
                &["files", "systemd"][..],
            ),
            (
                "hosts:mymachines[NOTFOUND=return]dns\n",
                &["mymachines", "dns"],
            ),
            ("# passwd: x\n\n group :\tfiles\n", &["files"]),
            ("hosts:\n", &[]),
        ] {
            assert_eq!(services(file), expected, "{file}");
            assert!(scan(file.as_bytes()).problems.is_empty(), "{file}");
        }
    }

    #[test]
    fn lines_that_are_refused() {
        for (file, expected) in [("passwd files", &[][..]), ("hosts: a [b c", &["a"])] {
            assert_eq!(services(file), expected, "{file}");
            assert_eq!(scan(file.as_bytes()).problems[0].kind, ProblemKind::BadLine);
        }
    }

    #[test]
    fn libraries() {
        assert_eq!(
            library_of(b"systemd").as_deref(),
            Some(&b"libnss_systemd.so.2"[..])
        );
        assert_eq!(library_of(b"files"), None);
    }
}
