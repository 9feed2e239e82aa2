//! The lines of a unit file: `config_parse()` of systemd's `src/shared/conf-parser.c`.

use crate::MAX_LINE_SIZE;
use crate::mapped_text::{MappedText, Span};

/// One `Key=value`, its continuation lines joined.
#[derive(Clone, Debug)]
pub struct Assignment {
    /// The section it stands in, without brackets; empty before the first.
    pub section: Vec<u8>,
    /// The key, without blanks.
    pub key: MappedText,
    /// The value, without blanks at its ends.
    pub value: MappedText,
    /// The key's first byte up to the value's last.
    pub span: Span,
}

/// A logical line of a unit file.
#[derive(Clone, Debug)]
pub enum Line {
    /// `Key=value`.
    Assignment(Assignment),
    /// A section header that is never closed; systemd refuses the whole file.
    BadSection(Span),
    /// A line that is too long with its continuations; systemd refuses the whole file.
    TooLong(Span),
    /// Anything else that is neither blank nor a comment; systemd warns and ignores it.
    Other(Span),
}

const BOM: &[u8] = b"\xef\xbb\xbf";

/// All logical lines of a unit file but comments, blank lines and section headers.
#[must_use]
pub fn lines(file: &[u8]) -> Vec<Line> {
    let mut lines = Vec::new();
    let mut section = Vec::new();
    let mut joined: Option<MappedText> = None;
    let mut at = if file.starts_with(BOM) { BOM.len() } else { 0 };
    while at < file.len() {
        let (mut line, next) = physical_line(file, at);
        at = next;
        while line.start < line.end && is_blank(file[line.start]) {
            line.start += 1;
        }
        // A comment is skipped before continuation is looked at, also within a continued value.
        if matches!(line.of(file).first(), Some(b'#' | b';')) {
            continue;
        }
        let mut text = joined.take().unwrap_or_default();
        if text.len() + line.len() > MAX_LINE_SIZE {
            return vec![Line::TooLong(line)];
        }
        // What is joined so far ends with a blank, so that this line's backslashes decide.
        if ends_in_backslash(line.of(file)) {
            text.push_file(file, Span::new(line.start, line.end - 1));
            text.push_file_decoded(b" ", Span::new(line.end - 1, line.end));
            joined = Some(text);
            continue;
        }
        text.push_file(file, line);
        lines.extend(logical_line(&text, &mut section));
    }
    if let Some(text) = joined {
        lines.extend(logical_line(&text, &mut section));
    }
    lines
}

/// The line that starts at `at`, without its end, and where the next one starts. A line ends with
/// `\n`, `\r`, a NUL byte or several different ones of them (`read_line()` of systemd's
/// `src/basic/fileio.c`).
fn physical_line(file: &[u8], at: usize) -> (Span, usize) {
    let rest = &file[at..];
    let length = memchr::memchr3(b'\n', b'\r', 0, rest).unwrap_or(rest.len());
    let ends = rest.get(length..).unwrap_or_default();
    let mut seen: [Option<u8>; 3] = [None; 3];
    let mut width = 0;
    for &byte in ends {
        let is_end = matches!(byte, b'\n' | b'\r' | 0);
        if !is_end || width == seen.len() || seen.contains(&Some(byte)) {
            break;
        }
        seen[width] = Some(byte);
        width += 1;
    }
    (Span::new(at, at + length), at + length + width)
}

fn ends_in_backslash(text: &[u8]) -> bool {
    let backslashes = text.iter().rev().take_while(|byte| **byte == b'\\').count();
    backslashes % 2 == 1
}

fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

fn logical_line(text: &MappedText, section: &mut Vec<u8>) -> Option<Line> {
    let text = text.trim();
    let span = text.covering_span()?;
    let bytes = text.bytes();
    if let Some(header) = bytes.strip_prefix(b"[") {
        let Some(name) = header.strip_suffix(b"]") else {
            return Some(Line::BadSection(span));
        };
        *section = name.to_vec();
        return None;
    }
    let Some(equals) = memchr::memchr(b'=', bytes) else {
        return Some(Line::Other(span));
    };
    let key = text.slice(0..equals).trim();
    if key.is_empty() {
        return Some(Line::Other(span));
    }
    Some(Line::Assignment(Assignment {
        section: section.clone(),
        key,
        value: text.slice(equals + 1..text.len()).trim(),
        span,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn assignments(file: &str) -> Vec<(String, String, String)> {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        lines(file.as_bytes())
            .iter()
            .filter_map(|line| match line {
                Line::Assignment(found) => Some((
                    text(&found.section),
                    text(found.key.bytes()),
                    text(found.value.bytes()),
                )),
                _ => None,
            })
            .collect()
    }

    fn one(section: &str, key: &str, value: &str) -> Vec<(String, String, String)> {
        vec![(section.into(), key.into(), value.into())]
    }

    #[test]
    fn keys_and_values() {
        for (file, expected) in [
            ("[S]\nA=b", one("S", "A", "b")),
            ("[S]\n  A = b \n", one("S", "A", "b")),
            ("\u{feff}[S]\r\nA=b\r\n", one("S", "A", "b")),
            ("[S]\nA=b=c", one("S", "A", "b=c")),
            ("[S]\nA=", one("S", "A", "")),
            ("A=b", one("", "A", "b")),
            ("[S]\n;A=b\n#A=b\n", vec![]),
            ("[S]\nA\n=b\n", vec![]),
        ] {
            assert_eq!(assignments(file), expected, "{file:?}");
        }
    }

    #[test]
    fn continuation() {
        for (file, value) in [
            ("[S]\nA=b \\\n  c", "b  c"),
            ("[S]\nA=b\\\n# a comment \\\n; another\nc", "b c"),
            ("[S]\nA=b\\\n\nC", "b"),
            ("[S]\nA=b\\\\\nC", "b\\\\"),
            ("[S]\nA=b\\", "b"),
            ("[S]\nA=b\\\r\nc", "b c"),
        ] {
            assert_eq!(assignments(file), one("S", "A", value), "{file:?}");
        }
    }

    #[test]
    fn the_value_knows_its_place() {
        let file = b"[S]\nA = x \\\n  y\n";
        let lines = lines(file);
        let Some(Line::Assignment(found)) = lines.first() else {
            panic!("no assignment in {lines:?}");
        };
        assert_eq!(found.value.bytes(), b"x  y");
        let y = found.value.slice(3..4);
        assert_eq!(y.editable_span(), Some(Span::new(14, 15)));
        assert_eq!(found.value.slice(0..4).editable_span(), None);
    }

    #[test]
    fn a_section_that_is_never_closed() {
        assert!(matches!(lines(b"[S\nA=b")[0], Line::BadSection(_)));
    }
}
