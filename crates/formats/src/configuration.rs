//! Configuration files of any syntax: which parts of them are no comments.
//!
//! There are as many syntaxes as programs. What one of the common ones takes for a comment counts as one
//! here, so that a comment is never taken for configuration; the reverse does happen.

use crate::lines;
use crate::mapped_text::{MappedText, Span};

/// What begins a comment at the start of a line.
const AT_LINE_START: &[&[u8]] = &[b"#", b";", b"//", b"!", b"-- ", b"dnl "];

/// What begins a comment that goes on to the end of the line, after a blank.
const AFTER_BLANK: &[&[u8]] = &[b"#", b"//", b"; "];

/// What begins a comment of several lines, what ends it, and whether it begins only after a blank (`/*` is
/// also the end of a glob).
const BLOCKS: &[(&[u8], &[u8], bool)] = &[(b"<!--", b"-->", false), (b"/*", b"*/", true)];

/// What stands in a configuration file outside comments: parts of lines that hold a slash, in their order.
#[must_use]
pub fn texts(file: &[u8]) -> Vec<MappedText> {
    let mut texts = Vec::new();
    let mut block: Option<&[u8]> = None;
    for line in lines::physical(file) {
        let bytes = line.of(file);
        let mut at = 0;
        if block.is_none() {
            let indent = bytes
                .iter()
                .take_while(|byte| lines::is_blank(**byte))
                .count();
            let rest = bytes.get(indent..).unwrap_or_default();
            let is_comment = AT_LINE_START.iter().any(|start| rest.starts_with(start));
            // `!include` of Dovecot and of MariaDB.
            if is_comment && !rest.starts_with(b"!include") {
                continue;
            }
        }
        let mut start = 0;
        let mut end = bytes.len();
        while at < bytes.len() {
            let rest = &bytes[at..];
            if let Some(close) = block {
                let Some(length) = memchr::memmem::find(rest, close) else {
                    start = bytes.len();
                    break;
                };
                at += length + close.len();
                start = at;
                block = None;
                continue;
            }
            let after_blank = at == 0 || lines::is_blank(bytes[at - 1]);
            let opened = BLOCKS.iter().find(|(open, _, needs_blank)| {
                (after_blank || !needs_blank) && rest.starts_with(open)
            });
            if let Some((open, close, _)) = opened {
                add(&mut texts, file, line, start..at);
                block = Some(close);
                at += open.len();
                start = bytes.len();
                continue;
            }
            if after_blank && AFTER_BLANK.iter().any(|mark| rest.starts_with(mark)) {
                end = at;
                break;
            }
            at += 1;
        }
        if block.is_none() {
            add(&mut texts, file, line, start..end);
        }
    }
    texts
}

fn add(texts: &mut Vec<MappedText>, file: &[u8], line: Span, range: std::ops::Range<usize>) {
    let span = Span::new(
        line.start + range.start.min(range.end),
        line.start + range.end,
    );
    if memchr::memchr(b'/', span.of(file)).is_some() {
        texts.push(MappedText::of_file(file, span));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_are_left_out() {
        for (file, expected) in [
            ("a /x\nb=/y\r\n", &["a /x", "b=/y"][..]),
            ("# /x\n  ; /x\n// /x\n! /x\n-- /x\ndnl /x\n", &[]),
            (
                "a /x # /y\nb /z ; /y\nc /w // /y\n",
                &["a /x ", "b /z ", "c /w "],
            ),
            ("a#/x\n--b=/y\n--c /z\n", &["a#/x", "--b=/y", "--c /z"]),
            ("a /x/*.conf\nb /y\n", &["a /x/*.conf", "b /y"]),
            ("/* /x\n# /y\n*/ a /z\n", &[" a /z"]),
            ("a /x /* /y */ /z\n", &["a /x ", " /z"]),
            (
                "<a>/x</a><!-- /y\n/z --><b>/w</b>",
                &["<a>/x</a>", "<b>/w</b>"],
            ),
            ("<!-- /x", &[]),
            ("nothing\n\n", &[]),
            ("include /x;\n", &["include /x;"]),
            ("a http://b/c\n", &["a http://b/c"]),
        ] {
            let found = texts(file.as_bytes());
            let found: Vec<&[u8]> = found.iter().map(MappedText::bytes).collect();
            let expected: Vec<&[u8]> = expected.iter().map(|text| text.as_bytes()).collect();
            assert_eq!(found, expected, "{file}");
        }
    }
}
