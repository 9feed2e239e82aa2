//! Lines of sysusers.d and tmpfiles.d files: words with where they stand.

use hermetic_out_formats::words::{Escapes, Word, first_word};
use hermetic_out_formats::{MappedText, Span};

/// A line that says something, split into words.
#[derive(Clone, Debug)]
pub(crate) struct Line {
    /// Where the line is in the file.
    pub(crate) span: Span,
    /// Its words, at most as many as were asked for. `None` if a quote is not closed.
    pub(crate) words: Option<Vec<Word>>,
    /// What stands after these words.
    pub(crate) rest: Vec<u8>,
}

impl Line {
    /// The bytes of a word; empty if the line has fewer.
    pub(crate) fn word(&self, index: usize) -> &[u8] {
        let words = self.words.as_deref().unwrap_or_default();
        words.get(index).map_or(b"", |word| word.text.bytes())
    }

    /// Where a word stands in the file.
    pub(crate) fn word_span(&self, index: usize) -> Option<Span> {
        let range = &self.words.as_ref()?.get(index)?.range;
        let start = self.span.start;
        Some(Span::new(start + range.start, start + range.end))
    }
}

/// The lines of a file that are neither empty nor comments, with at most `count` words each.
pub(crate) fn lines(file: &[u8], count: usize) -> Vec<Line> {
    let mut found = Vec::new();
    let mut start = 0;
    for text in file.split(|byte| *byte == b'\n') {
        let span = Span::new(start, start + text.len());
        start += text.len() + 1;
        let trimmed = text.trim_ascii();
        if trimmed.is_empty() || trimmed.starts_with(b"#") {
            continue;
        }
        let whole = MappedText::of_file(file, span);
        let mut words = Some(Vec::new());
        let mut at = 0;
        while let Some(list) = words.as_mut().filter(|list| list.len() < count) {
            match first_word(&whole, at, Escapes::C) {
                Ok(Some(word)) => {
                    at = word.range.end;
                    list.push(word);
                }
                Ok(None) => break,
                Err(_) => words = None,
            }
        }
        found.push(Line {
            span,
            words,
            rest: text.get(at..).unwrap_or_default().trim_ascii().to_vec(),
        });
    }
    found
}

/// `file` with some places replaced. The places are in the order of the file.
pub(crate) fn with_replacements(file: &[u8], replacements: &[(Span, Vec<u8>)]) -> Vec<u8> {
    let mut result = Vec::with_capacity(file.len());
    let mut at = 0;
    for (span, text) in replacements {
        result.extend_from_slice(file.get(at..span.start).unwrap_or_default());
        result.extend_from_slice(text);
        at = span.end;
    }
    result.extend_from_slice(file.get(at..).unwrap_or_default());
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_what_follows_them() {
        let file = b"# x\n\nL+ \"/etc/a b\" - - - - some thing \nd /x 'y\n";
        let lines = lines(file, 6);
        assert_eq!(lines.len(), 2);
        assert_eq!(lines[0].word(1), b"/etc/a b");
        assert_eq!(lines[0].rest, b"some thing");
        assert_eq!(lines[0].word_span(1).unwrap().of(file), b"\"/etc/a b\"");
        assert_eq!(lines[0].word(9), b"");
        assert!(lines[1].words.is_none());
    }

    #[test]
    fn replacements() {
        let replaced = with_replacements(
            b"abc def",
            &[
                (Span::new(0, 1), b"X".to_vec()),
                (Span::new(4, 7), b"-".to_vec()),
            ],
        );
        assert_eq!(replaced, b"Xbc -");
    }
}
