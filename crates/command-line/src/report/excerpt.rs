//! The lines of a finding, as they can be shown.

use std::ops::Range;

use hermetic_out::Place;

use crate::escape::escape_for_terminal;

/// The lines of a place as they can be shown: without what a terminal would obey, and not longer
/// than it takes to see the mark.
pub(super) struct Excerpt {
    /// The lines.
    pub(super) text: String,
    /// What is meant, in them.
    pub(super) mark: Range<usize>,
}

impl Excerpt {
    /// The most bytes of a line that are shown before the mark, of the mark, and after it.
    const BEFORE: usize = 50;
    const MARK: usize = 60;
    const AFTER: usize = 30;
    /// The most lines.
    const LINES: usize = 4;

    pub(super) fn of(place: &Place) -> Self {
        let mut text = String::new();
        let mut shown: Option<Range<usize>> = None;
        for (number, line) in place.lines().take(Self::LINES).enumerate() {
            if number > 0 {
                text.push('\n');
            }
            let content = line.span.of(&place.text);
            // The whole line end is what ends a line, also where it has two bytes.
            let content = content.strip_suffix(b"\r").unwrap_or(content);
            let within = |offset: usize| offset.saturating_sub(line.span.start).min(content.len());
            let mark = within(place.span.start)..within(place.span.end);
            let marked = Self::push_line(&mut text, content, mark);
            let first = shown.map_or(marked.start, |range| range.start);
            shown = Some(first..marked.end);
        }
        let mark = shown.unwrap_or(0..0);
        Self { text, mark }
    }

    /// Appends what is shown of `line`; the mark in `text`.
    fn push_line(text: &mut String, line: &[u8], mark: Range<usize>) -> Range<usize> {
        let from = boundary(line, mark.start.saturating_sub(Self::BEFORE));
        let mark_end = boundary(line, mark.end.min(mark.start + Self::MARK));
        let to = boundary(line, line.len().min(mark_end + Self::AFTER));
        if from > 0 {
            text.push('…');
        }
        text.push_str(&escape_for_terminal(&line[from..mark.start]));
        let start = text.len();
        text.push_str(&escape_for_terminal(
            &line[mark.start..mark_end.max(mark.start)],
        ));
        let end = text.len();
        text.push_str(&escape_for_terminal(
            &line[mark_end.max(mark.start)..to.max(mark_end).max(mark.start)],
        ));
        if to < line.len() {
            text.push('…');
        }
        start..end
    }
}

/// The last position not after `at` at which a UTF-8 character can begin.
fn boundary(line: &[u8], at: usize) -> usize {
    let is_continuation = |at: &usize| line.get(*at).is_some_and(|byte| byte & 0xc0 == 0x80);
    (at.saturating_sub(3)..=at)
        .rev()
        .find(|at| !is_continuation(at))
        .unwrap_or(at)
}

#[cfg(test)]
mod tests {
    use hermetic_out::SourceText;
    use hermetic_out_formats::Span;

    use super::*;

    #[test]
    fn long_lines_are_clipped_around_the_mark() {
        let mut file = "é".repeat(500_000).into_bytes();
        let start = file.len();
        file.extend_from_slice(b"\x1b[31m/usr/bin/x");
        let end = file.len();
        file.extend_from_slice("é".repeat(500_000).as_bytes());
        let excerpt = Excerpt::of(&Place::new(&SourceText::new(file), Span::new(start, end)));
        let expected = format!("…{}\\x1b[31m/usr/bin/x{}…", "é".repeat(25), "é".repeat(15));
        assert_eq!(excerpt.text, expected);
        assert_eq!(&excerpt.text[excerpt.mark], "\\x1b[31m/usr/bin/x");
    }

    #[test]
    fn a_mark_over_two_lines() {
        let file = *b"ExecStart=/bin/sh \\\n  -c x\nUser=y";
        let excerpt = Excerpt::of(&Place::new(&SourceText::new(file), Span::new(10, 24)));
        assert_eq!(excerpt.text, "ExecStart=/bin/sh \\\n  -c x");
        assert_eq!(&excerpt.text[excerpt.mark], "/bin/sh \\\n  -c");
    }
}
