//! `tmpfiles.d(5)`: the sources of links (`L`) and copies (`C`), as `systemd-tmpfiles` reads them
//! (`parse_line()` of `src/tmpfiles/tmpfiles.c`).

use std::borrow::Cow;

use crate::encoding::{Encoding, Quote};
use crate::lines;
use crate::reference::{Lookup, ProblemKind, Reference, Role, Scan};
use crate::text::Text;
use crate::words::{self, Escapes};

/// Finds the files that links point to and that are copied.
#[must_use]
pub fn scan(file: &[u8]) -> Scan {
    let mut scan = Scan::default();
    for span in lines::significant(file, b"#") {
        match source(&Text::of_file(file, span)) {
            Ok(reference) => scan.references.extend(reference),
            Err(kind) => scan.problem(kind, span),
        }
    }
    scan
}

fn source(line: &Text) -> Result<Option<Reference>, ProblemKind> {
    let mut fields = Vec::with_capacity(6);
    let mut at = 0;
    while fields.len() < 6 {
        let Some(word) = words::first_word(line, at, Escapes::C)? else {
            break;
        };
        at = word.range.end;
        fields.push(word.text);
    }
    let [kind, path, ..] = &fields[..] else {
        return Err(ProblemKind::BadLine);
    };
    let Some((&letter @ (b'L' | b'C'), modifiers)) = kind.bytes().split_first() else {
        return Ok(None);
    };
    // With `~` and `^` the argument is data or a credential; links and copies take neither.
    if modifiers.iter().any(|modifier| b"~^".contains(modifier)) {
        return Ok(None);
    }
    let argument = line.slice(words::skip_blanks(line, at)..line.len());
    // An empty source is the file of the same name below /usr/share/factory.
    if fields.len() < 6 || matches!(argument.bytes(), b"" | b"-") {
        return Ok(None);
    }
    let text = words::read_specifiers(&words::unescape_all(
        &argument,
        Encoding::UnitWord(Quote::Bare),
    )?);
    let lookup = if text.bytes().starts_with(b"/") {
        Lookup::Nowhere
    } else {
        let path = words::read_specifiers(path);
        match directory(path.bytes()) {
            Some(directory) if letter == b'L' && path.is_literal() && text.is_literal() => {
                Lookup::Directory(directory.to_vec())
            }
            _ => return Ok(None),
        }
    };
    Ok(Some(Reference {
        role: Role::File,
        text,
        field: Cow::Borrowed(match letter {
            b'L' => "L",
            _ => "C",
        }),
        lookup,
        optional: modifiers.iter().any(|modifier| b"-?".contains(modifier)),
        privileged: false,
    }))
}

/// The directory that `path` is in.
fn directory(path: &[u8]) -> Option<&[u8]> {
    let path = path.strip_suffix(b"/").unwrap_or(path);
    match path.iter().rposition(|byte| *byte == b'/')? {
        0 => Some(b"/"),
        slash => path.get(..slash),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::Span;

    #[test]
    fn sources() {
        let nowhere = Lookup::Nowhere;
        let within = |path: &str| Lookup::Directory(path.as_bytes().to_vec());
        for (line, expected) in [
            (
                "L$ /etc/profile.d/70-x.sh - - - - /usr/lib/systemd/profile.d/70-x.sh",
                Some(("/usr/lib/systemd/profile.d/70-x.sh", nowhere.clone())),
            ),
            (
                "L$ /var/log/README - - - - ../../usr/share/doc/systemd/README.logs",
                Some((
                    "../../usr/share/doc/systemd/README.logs",
                    within("/var/log"),
                )),
            ),
            (
                "C /etc/varnish/secret 600 - - - /proc/sys/kernel/random/uuid",
                Some(("/proc/sys/kernel/random/uuid", nowhere.clone())),
            ),
            (
                "\"L+\"\t'/a b/c' - - \"x y\" -  \td e ",
                Some(("d e", within("/a b"))),
            ),
            ("L+! /x - - - - y", Some(("y", within("/")))),
            (
                "L /x - - - - /a\\x20b%%c",
                Some(("/a b%c", nowhere.clone())),
            ),
            ("L /x - - - - \"/a\"", Some(("\"/a\"", within("/")))),
            (
                "L %h/x - - - - /usr/%m/y",
                Some(("/usr/%m/y", nowhere.clone())),
            ),
            ("L %h/x - - - - y", None),
            ("L^ /x - - - - y", None),
            ("C~ /x - - - - Lw==", None),
            ("C /x - - - - relative", None),
            ("L /x - - - - -", None),
            ("L /x - - - -", None),
            ("L /x", None),
            ("d /x 0755 root root - /usr/share/x", None),
            ("f /x 0755 root root - /usr/share/x", None),
            ("# L /x - - - - /y", None),
        ] {
            let scan = scan(line.as_bytes());
            let found = scan.references.first();
            let found = found.map(|found| (found.text.bytes(), found.lookup.clone()));
            let expected = expected.map(|(text, lookup)| (text.as_bytes(), lookup));
            assert_eq!(found, expected, "{line}");
            assert!(scan.problems.is_empty(), "{line}");
        }
    }

    #[test]
    fn what_may_be_missing() {
        for (kind, optional) in [("L", false), ("L?", true), ("L-", true), ("C+!", false)] {
            let line = format!("{kind} /x - - - - /y");
            assert_eq!(
                scan(line.as_bytes()).references[0].optional,
                optional,
                "{kind}"
            );
        }
    }

    #[test]
    fn lines_that_are_refused() {
        for (line, kind) in [
            ("L", ProblemKind::BadLine),
            ("L '/x - - - - /y", ProblemKind::UnbalancedQuote),
            ("L /x - - - - /y\\q", ProblemKind::BadLine),
        ] {
            let scan = scan(line.as_bytes());
            assert!(scan.references.is_empty(), "{line}");
            assert_eq!(scan.problems[0].kind, kind, "{line}");
            assert_eq!(scan.problems[0].span, Span::new(0, line.len()), "{line}");
        }
    }

    #[test]
    fn a_replacement_is_escaped() {
        let line = b"L /x - - - - /usr/share/y\n";
        let text = &scan(line).references[0].text;
        assert_eq!(text.span(), Some(Span::new(13, 25)));
        assert_eq!(text.encode(b"/a b%\\").as_deref(), Ok(&b"/a\\sb%%\\\\"[..]));
    }
}
