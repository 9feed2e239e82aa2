//! The text of a file that findings point into.

use std::fmt;
use std::ops::{Deref, Range};
use std::sync::{Arc, OnceLock};

use hermetic_out_formats::Span;

/// The content of a file, shared by all findings about it: these hold places, and a line is taken out of it
/// where it is shown. Where lines begin is found out once.
#[derive(Clone, Default)]
pub struct SourceText(Arc<Shared>);

#[derive(Default)]
struct Shared {
    bytes: Vec<u8>,
    marks: OnceLock<Vec<Mark>>,
}

/// What is known of every [`BLOCK`]th byte.
#[derive(Clone, Copy, Default)]
struct Mark {
    /// How many line ends are before it.
    lines: usize,
    /// Where its line begins.
    line_start: usize,
    /// How many characters are before it.
    characters: usize,
}

/// What is looked through for one question: a block, at most. What the marks take is a small part of the text.
const BLOCK: usize = 512;

/// A line of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line {
    /// Its number, from 1.
    pub number: usize,
    /// Where it stands, without its line end.
    pub span: Span,
}

impl SourceText {
    /// The text `bytes`.
    #[must_use]
    pub fn new(bytes: impl Into<Vec<u8>>) -> Self {
        Self(Arc::new(Shared {
            bytes: bytes.into(),
            marks: OnceLock::new(),
        }))
    }

    /// The bytes, for whoever is the last to have them; else a copy.
    #[must_use]
    pub fn into_bytes(self) -> Vec<u8> {
        Arc::try_unwrap(self.0).map_or_else(|shared| shared.bytes.clone(), |own| own.bytes)
    }

    /// The line that the byte at `offset` is in, which a line end is as well; past the end, the last one.
    #[must_use]
    pub fn line_at(&self, offset: usize) -> Line {
        let offset = offset.min(self.len());
        let mark = self.before(offset);
        Line {
            number: mark.lines + 1,
            span: Span::new(mark.line_start, self.line_end(offset, mark.lines)),
        }
    }

    /// The last of the lines that hold `span`. One that ends with a line end does not reach into the next line.
    #[must_use]
    pub fn last_line_of(&self, span: Span) -> Line {
        let last = span.end.saturating_sub(1);
        self.line_at(last.max(span.start))
    }

    /// The lines that hold `span`, in order.
    pub fn lines_of(&self, span: Span) -> impl Iterator<Item = Line> {
        let last = self.last_line_of(span);
        let first = self.line_at(span.start);
        std::iter::successors(Some(first), |line| Some(self.line_at(line.span.end + 1)))
            .take((last.number + 1).saturating_sub(first.number))
    }

    /// How many characters are in `range`: bytes that do not continue a character, as UTF-8 has it.
    #[must_use]
    pub fn characters(&self, range: Range<usize>) -> usize {
        let before = |offset: usize| self.before(offset.min(self.len())).characters;
        before(range.end).saturating_sub(before(range.start))
    }

    /// What is before `offset`, which is within the text.
    fn before(&self, offset: usize) -> Mark {
        let block = offset / BLOCK;
        let mut mark = self.marks().get(block).copied().unwrap_or_default();
        mark.pass(block * BLOCK, &self[block * BLOCK..offset]);
        mark
    }

    /// The first line end at or after `offset`, before which are `lines` of them.
    fn line_end(&self, offset: usize, lines: usize) -> usize {
        let marks = self.marks();
        // The first block with more before it comes after the one that has this one.
        let after = marks.partition_point(|mark| mark.lines <= lines);
        let start = offset.max(after.saturating_sub(1) * BLOCK);
        let rest = self.get(start..).unwrap_or_default();
        let end = rest.iter().position(|byte| *byte == b'\n');
        end.map_or(self.len(), |length| start + length)
    }

    fn marks(&self) -> &[Mark] {
        self.0.marks.get_or_init(|| {
            let mut mark = Mark::default();
            let mut marks = Vec::with_capacity(self.len() / BLOCK + 1);
            for (number, block) in self.chunks(BLOCK).enumerate() {
                marks.push(mark);
                mark.pass(number * BLOCK, block);
            }
            // A text that ends with a block: what is before its end.
            marks.push(mark);
            marks
        })
    }
}

impl Mark {
    /// Goes on over `bytes`, which begin at `start`.
    fn pass(&mut self, start: usize, bytes: &[u8]) {
        for (offset, byte) in bytes.iter().enumerate() {
            if *byte == b'\n' {
                self.lines += 1;
                self.line_start = start + offset + 1;
            }
            self.characters += usize::from(*byte & 0xc0 != 0x80);
        }
    }
}

impl Deref for SourceText {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0.bytes
    }
}

impl From<Vec<u8>> for SourceText {
    fn from(bytes: Vec<u8>) -> Self {
        Self::new(bytes)
    }
}

impl From<&str> for SourceText {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}

impl PartialEq for SourceText {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0) || **self == **other
    }
}

impl Eq for SourceText {}

impl fmt::Debug for SourceText {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "SourceText({} bytes)", self.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The same, by looking through all of the text.
    fn line_at(text: &[u8], offset: usize) -> Line {
        let offset = offset.min(text.len());
        let newline = |byte: &u8| *byte == b'\n';
        let start = text[..offset]
            .iter()
            .rposition(newline)
            .map_or(0, |at| at + 1);
        let end = text[offset..].iter().position(newline);
        Line {
            number: text[..offset].iter().filter(|byte| newline(byte)).count() + 1,
            span: Span::new(start, end.map_or(text.len(), |length| offset + length)),
        }
    }

    #[test]
    fn lines_are_where_they_are() {
        let long = [
            &b"x".repeat(3 * BLOCK)[..],
            b"\n",
            &b"y\n".repeat(BLOCK),
            b"end",
        ]
        .concat();
        let block = [&b"x".repeat(BLOCK - 1)[..], b"\n"].concat();
        for bytes in [&b""[..], b"\n", b"a\n\nb", &long, &block, &block.repeat(3)] {
            let text = SourceText::new(bytes);
            for offset in 0..=bytes.len() + 1 {
                assert_eq!(text.line_at(offset), line_at(bytes, offset), "{offset}");
            }
        }
    }

    #[test]
    fn a_span_has_lines() {
        let text = SourceText::new(*b"a\nbc\n\nd");
        let lines = |start, end| -> Vec<usize> {
            let lines = text.lines_of(Span::new(start, end));
            lines.map(|line| line.number).collect()
        };
        assert_eq!(lines(0, 1), [1]);
        assert_eq!(lines(0, 2), [1]);
        assert_eq!(lines(0, 3), [1, 2]);
        assert_eq!(lines(2, 7), [2, 3, 4]);
        assert_eq!(lines(5, 5), [3]);
        assert_eq!(lines(7, 9), [4]);
    }

    #[test]
    fn characters_are_counted() {
        let text = SourceText::new("é".repeat(BLOCK) + "a");
        assert_eq!(text.characters(0..2 * BLOCK + 1), BLOCK + 1);
        assert_eq!(text.characters(4..10), 3);
    }

    #[test]
    fn the_text_is_shared() {
        let text = SourceText::new(*b"a\nb");
        let other = text.clone();
        assert_eq!(text.as_ptr(), other.as_ptr());
        assert_eq!(other.line_at(2).number, 2);
        assert_eq!(
            text.marks().as_ptr(),
            other.marks().as_ptr(),
            "looked through once"
        );
        assert_eq!(text.into_bytes(), b"a\nb");
        assert_eq!(other.into_bytes(), b"a\nb");
    }
}
