//! Binary formats: `binfmt.d(5)`, whose lines go to the kernel as they are
//! (admin-guide/binfmt-misc): `:name:type:offset:magic:mask:interpreter:flags`.

use crate::encoding::Encoding;
use crate::format::{Files, Format, Paths};
use crate::lines;
use crate::mapped_text::{MappedText, Span};
use crate::reference::{ProblemKind, Reference, Role, Scan};

pub(crate) static FORMAT: Format = Format {
    directories: &["binfmt.d"],
    files: Files::Ending(&[".conf"]),
    scan,
    paths: Paths::All,
    pieces: &[
        b"\n:x:M:0:\\x7fELF::/usr/bin/q:F",
        b"\n:x:M:0:a::",
        b":\n",
        b"\n,x,E,0,a,,",
        b",F\n",
        b"\n ",
    ],
};

const INTERPRETER: usize = 5;
const FIELDS: usize = 7;

/// Finds the interpreters of binary formats.
#[must_use]
pub fn scan(file: &[u8]) -> Scan {
    let mut scan = Scan::default();
    for line in lines::significant(file, b"#;") {
        match interpreter(file, line) {
            Some(text) => scan
                .references
                .push(Reference::new(Role::Program, "interpreter", text)),
            None => scan.problem(ProblemKind::BadLine, line),
        }
    }
    scan
}

/// The interpreter of a registration; `None` if the kernel refuses the line.
fn interpreter(file: &[u8], line: Span) -> Option<MappedText> {
    // The line chooses its delimiter: it is the first byte.
    let (&delimiter, rest) = line.of(file).split_first()?;
    let mut start = line.start + 1;
    let mut found = None;
    let mut count = 0;
    for (index, field) in rest.split(|byte| *byte == delimiter).enumerate() {
        let end = start + field.len();
        if index == INTERPRETER && !field.is_empty() {
            let outer = MappedText::of_file(file, Span::new(start, end));
            let mut text = MappedText::new();
            text.push(
                &outer,
                0..outer.len(),
                Some(Encoding::BinfmtField(delimiter)),
            );
            found = Some(text);
        }
        start = end + 1;
        count = index + 1;
        if count == FIELDS {
            break;
        }
    }
    found.filter(|_| count == FIELDS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn interpreters() {
        for (line, expected) in [
            (":DOSWin:M::MZ::/usr/bin/wine:", Some("/usr/bin/wine")),
            (
                ":python3.13:M::\\xf3\\x0d\\x0d\\x0a::/usr/bin/python3.13:",
                Some("/usr/bin/python3.13"),
            ),
            ("  ,x,E,,jar,,/usr/bin/jexec,OC  ", Some("/usr/bin/jexec")),
            ("# :x:E::jar::/usr/bin/jexec:", None),
            ("; :x:E::jar::/usr/bin/jexec:", None),
        ] {
            let scan = scan(line.as_bytes());
            let found = scan.references.first().map(|found| found.text.bytes());
            assert_eq!(found, expected.map(str::as_bytes), "{line}");
            assert!(scan.problems.is_empty(), "{line}");
            if let Some(found) = scan.references.first() {
                let place = found.text.editable_span().expect("it stands in one piece");
                assert_eq!(place.of(line.as_bytes()), found.text.bytes());
            }
        }
    }

    #[test]
    fn what_the_kernel_refuses() {
        for line in [":x:E::jar::/usr/bin/jexec", ":x:E::jar:::", ":", "x"] {
            let scan = scan(line.as_bytes());
            assert!(scan.references.is_empty(), "{line}");
            assert_eq!(scan.problems[0].kind, ProblemKind::BadLine, "{line}");
        }
    }

    #[test]
    fn a_replacement_cannot_hold_the_delimiter() {
        let scan = scan(b",x,E,,jar,,/usr/bin/jexec,");
        let text = &scan.references[0].text;
        assert!(text.encode(b"/a,b").is_err());
        assert_eq!(text.encode(b"/a:b").as_deref(), Ok(&b"/a:b"[..]));
    }
}
