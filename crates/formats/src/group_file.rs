//! Files of `[Group]` headers and `Key=Value` lines: the Desktop Entry Specification, "Basic format
//! of the file", which D-Bus' activation files share (`bus/desktop-file.c`).

use crate::encoding::Encoding;
use crate::lines;
use crate::mapped_text::{MappedText, Span};

/// A `Key=Value` line.
pub(crate) struct Entry<'a> {
    /// The name of the group that it is in; empty before the first header.
    pub(crate) group: &'a [u8],
    /// The key, with its locale if it has one: `Name[de]`.
    pub(crate) key: &'a [u8],
    /// The value, with its string escapes decoded.
    pub(crate) value: MappedText,
}

/// The entries of a file, in its order.
pub(crate) fn entries(file: &[u8]) -> impl Iterator<Item = Entry<'_>> {
    let mut group: &[u8] = b"";
    lines::significant(file, b"#").filter_map(move |line| {
        let bytes = line.of(file);
        if let Some(rest) = bytes.strip_prefix(b"[") {
            group = rest.strip_suffix(b"]").unwrap_or_default();
            return None;
        }
        let equals = memchr::memchr(b'=', bytes)?;
        let part = |from, to| lines::trim(file, Span::new(line.start + from, line.start + to));
        Some(Entry {
            group,
            key: part(0, equals).of(file),
            value: unescape(file, part(equals + 1, bytes.len())),
        })
    })
}

/// The escapes of values of type string: `\s \n \t \r \\`. Any other backslash stands for itself.
fn unescape(file: &[u8], span: Span) -> MappedText {
    let value = MappedText::of_file(file, span);
    let bytes = value.bytes();
    let encoding = Some(Encoding::DesktopString);
    let mut text = MappedText::new();
    let (mut plain, mut at) = (0, 0);
    while let Some(offset) = memchr::memchr(b'\\', bytes.get(at..).unwrap_or_default()) {
        let escape = at + offset;
        let decoded = match bytes.get(escape + 1) {
            Some(b's') => b" ",
            Some(b'n') => b"\n",
            Some(b't') => b"\t",
            Some(b'r') => b"\r",
            Some(b'\\') => b"\\",
            _ => {
                at = escape + 1;
                continue;
            }
        };
        at = escape + 2;
        text.push(&value, plain..escape, encoding);
        text.push_decoded(decoded, &value, escape..at, encoding);
        plain = at;
    }
    text.push(&value, plain..bytes.len(), encoding);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_keys_and_values() {
        let file = b"# c\nA=0\n[One]\n A = 1 \nA[de]=2\n[Two]\r\nA=a\\sb\\\\n\\q\r\nnoise\nB=\n[Three\nC=3";
        let found: Vec<(&[u8], &[u8], Vec<u8>)> = entries(file)
            .map(|entry| (entry.group, entry.key, entry.value.bytes().to_vec()))
            .collect();
        let expected: [(&[u8], &[u8], &[u8]); 6] = [
            (b"", b"A", b"0"),
            (b"One", b"A", b"1"),
            (b"One", b"A[de]", b"2"),
            (b"Two", b"A", b"a b\\n\\q"),
            (b"Two", b"B", b""),
            (b"", b"C", b"3"),
        ];
        assert_eq!(found.len(), expected.len());
        for (found, expected) in found.iter().zip(expected) {
            assert_eq!((found.0, found.1, &found.2[..]), expected);
        }
    }
}
