//! `tmpfiles.d(5)`: the sources of links (`L`) and copies (`C`), users and groups, as `systemd-tmpfiles` reads them
//! (`parse_line()` of `src/tmpfiles/tmpfiles.c`).

use crate::encoding::{Encoding, Quote};
use crate::format::{Files, Format, Paths};
use crate::lines;
use crate::mapped_text::{MappedText, Span};
use crate::reference::{Account, Declaration, Lookup, ProblemKind, Reference, Role, Scan};
use crate::words::{self, Escapes};

pub(crate) static FORMAT: Format = Format {
    directories: &["tmpfiles.d", "user-tmpfiles.d"],
    files: Files::Ending(&[".conf"]),
    scan,
    paths: Paths::All,
    pieces: &[
        b"\nL /run/x - - - - ",
        b"\nL+ /etc/x/y 0755 root root - ",
        b"\nC? /var/x - - - - ",
        b"\nL~ /x - - - - ",
        b"\nd /run/x",
        b"\n\"L\" '/x y' - - - - ",
    ],
};

/// Finds the files that links point to and that are copied, and whose what is made becomes.
#[must_use]
pub fn scan(file: &[u8]) -> Scan {
    let mut scan = Scan::default();
    for line in lines(file) {
        let line = match line {
            Ok(line) => line,
            Err((kind, place)) => {
                scan.problem(kind, place);
                continue;
            }
        };
        match source(&line) {
            Ok(reference) => scan.references.extend(reference),
            Err(kind) => {
                scan.problem(kind, line.span);
                continue;
            }
        }
        scan.declarations.push(Declaration::Makes(line.path));
        let accounts = [
            (Account::User, "user", line.user),
            (Account::Group, "group", line.group),
        ];
        for (account, field, name) in accounts {
            if let Some(name) = name {
                scan.uses_account(account, field, name);
            }
        }
    }
    scan
}

/// A line, as far as it is about a path and where that comes from.
#[derive(Clone, Debug)]
pub struct Line {
    /// All of it, without blanks at its ends.
    pub span: Span,
    /// What it does: the letter.
    pub letter: u8,
    /// What follows the letter: `+`, `!`, `-` …
    pub modifiers: Vec<u8>,
    /// What it does that to; specifiers are opaque.
    pub path: MappedText,
    /// Whose what it makes becomes; specifiers are opaque.
    pub user: Option<MappedText>,
    /// The group of what it makes.
    pub group: Option<MappedText>,
    /// How many fields it has in front of its argument: from 2 to 6.
    pub fields: usize,
    /// Its argument as it stands; empty if it has none.
    pub argument: MappedText,
}

/// The lines of a file that are neither empty nor comments; of those that cannot be read, what is the
/// matter, and where.
pub fn lines(file: &[u8]) -> impl Iterator<Item = Result<Line, (ProblemKind, Span)>> + '_ {
    lines::significant(file, b"#")
        .map(|span| line(&MappedText::of_file(file, span), span).map_err(|kind| (kind, span)))
}

fn line(text: &MappedText, span: Span) -> Result<Line, ProblemKind> {
    let mut fields = Vec::with_capacity(6);
    let mut at = 0;
    while fields.len() < 6 {
        let Some(word) = words::first_word(text, at, Escapes::C)? else {
            break;
        };
        at = word.range.end;
        fields.push(word.text);
    }
    let [kind, path, ..] = &fields[..] else {
        return Err(ProblemKind::BadLine);
    };
    let (letter, modifiers) = kind.bytes().split_first().ok_or(ProblemKind::BadLine)?;
    Ok(Line {
        span,
        letter: *letter,
        modifiers: modifiers.to_vec(),
        path: words::read_specifiers(path),
        user: fields.get(3).map(account),
        group: fields.get(4).map(account),
        fields: fields.len(),
        argument: text.slice(words::skip_blanks(text, at)..text.len()),
    })
}

/// A user or group, without the `:` in front that lets a file that exists keep its own.
fn account(field: &MappedText) -> MappedText {
    let start = usize::from(field.bytes().starts_with(b":"));
    words::read_specifiers(&field.slice(start..field.len()))
}

fn source(line: &Line) -> Result<Option<Reference>, ProblemKind> {
    let letter @ (b'L' | b'C') = line.letter else {
        return Ok(None);
    };
    // With `~` and `^` the argument is data or a credential; links and copies take neither.
    if line
        .modifiers
        .iter()
        .any(|modifier| b"~^".contains(modifier))
    {
        return Ok(None);
    }
    // An empty source is the file of the same name below /usr/share/factory.
    if line.fields < 6 || matches!(line.argument.bytes(), b"" | b"-") {
        return Ok(None);
    }
    let text = words::read_specifiers(&words::unescape_all(
        &line.argument,
        Encoding::UnitWord(Quote::Bare),
    )?);
    let lookup = if text.bytes().starts_with(b"/") {
        Lookup::Nowhere
    } else {
        let path = &line.path;
        match directory(path.bytes()) {
            Some(directory) if letter == b'L' && path.is_literal() && text.is_literal() => {
                Lookup::Directory(directory.to_vec())
            }
            _ => return Ok(None),
        }
    };
    let field = if letter == b'L' { "L" } else { "C" };
    Ok(Some(Reference {
        lookup,
        optional: line
            .modifiers
            .iter()
            .any(|modifier| b"-?".contains(modifier)),
        ..Reference::new(Role::File, field, text)
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
    fn users_and_groups() {
        for (line, expected) in [
            ("d /x 0755 a b", &["a", "b"][..]),
            ("d /x 0755 :a :b 5d", &["a", "b"]),
            ("L /x - a - - /y", &["a"]),
            ("d /x - 0 5 -", &[]),
            ("d /x - - b", &["b"]),
            ("d /x 0755", &[]),
            ("z /x 0755 'a' %u", &["a", "%u"]),
        ] {
            let facts = scan(line.as_bytes()).declarations.into_iter();
            let names = facts.filter_map(|fact| match fact {
                Declaration::UsesAccount { name, .. } => Some(name.bytes().to_vec()),
                _ => None,
            });
            let expected: Vec<_> = expected.iter().map(|name| name.as_bytes()).collect();
            assert_eq!(names.collect::<Vec<_>>(), expected, "{line}");
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
        assert_eq!(text.editable_span(), Some(Span::new(13, 25)));
        assert_eq!(text.encode(b"/a b%\\").as_deref(), Ok(&b"/a\\sb%%\\\\"[..]));
    }
}
