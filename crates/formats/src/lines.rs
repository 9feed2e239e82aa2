//! The physical lines of a file.

use crate::mapped_text::Span;

/// The lines of `file`, without their ends (`\n` or `\r\n`). A last line needs no end.
pub(crate) fn physical(file: &[u8]) -> impl Iterator<Item = Span> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let rest = file.get(at..).filter(|rest| !rest.is_empty())?;
        let length = memchr::memchr(b'\n', rest).unwrap_or(rest.len());
        let line = rest.get(..length).unwrap_or_default();
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let span = Span::new(at, at + line.len());
        at += length + 1;
        Some(span)
    })
}

/// `span` without the blanks at both its ends.
pub(crate) fn trim(file: &[u8], span: Span) -> Span {
    let bytes = span.of(file);
    let Some(first) = bytes.iter().position(|byte| !is_blank(*byte)) else {
        return Span::new(span.start, span.start);
    };
    let last = bytes.iter().rposition(|byte| !is_blank(*byte));
    Span::new(
        span.start + first,
        span.start + last.map_or(first, |last| last + 1),
    )
}

/// The lines of a file without continuations, trimmed: those that are neither empty nor begin with
/// one of `comments`.
pub(crate) fn significant<'a>(
    file: &'a [u8],
    comments: &'a [u8],
) -> impl Iterator<Item = Span> + 'a {
    physical(file)
        .map(|span| trim(file, span))
        .filter(|span| match span.of(file).first() {
            Some(first) => !comments.contains(first),
            None => false,
        })
}

/// systemd's `WHITESPACE`.
pub(crate) fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_and_their_ends() {
        for (file, lines) in [
            ("", &[][..]),
            ("a", &["a"]),
            ("a\nb\n", &["a", "b"]),
            ("a\r\n\r\nb\rc", &["a", "", "b\rc"]),
            ("\n", &[""]),
        ] {
            let bytes = file.as_bytes();
            let found: Vec<&[u8]> = physical(bytes).map(|span| span.of(bytes)).collect();
            let lines: Vec<&[u8]> = lines.iter().map(|line| line.as_bytes()).collect();
            assert_eq!(found, lines, "{file:?}");
        }
    }

    #[test]
    fn comments_and_empty_lines_are_left_out() {
        let file = b" a b \n\n \t\n# c\n  ;d\ne";
        let found: Vec<&[u8]> = significant(file, b"#;").map(|span| span.of(file)).collect();
        assert_eq!(found, [&b"a b"[..], b"e"]);
    }
}
