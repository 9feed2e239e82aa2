//! Decoded bytes that know where they stand in the file.
//!
//! Text nests: a path inside `sh -c '…'`, inside an Exec line, on a continued line. Each layer's
//! decoder builds a [`MappedText`] from the one around it; the result carries a source map back to the
//! file and the stack of [`Encoding`]s that a replacement has to go through on its way out.

#[cfg(feature = "serde")]
mod recorded;

use std::fmt;
use std::ops::Range;

use crate::encoding::{BLANKS, Encoding, Unencodable};

/// A stretch of a file: `start..end`, in bytes from its first byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Span {
    /// The first byte.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
}

impl Span {
    /// `start..end`.
    #[must_use]
    pub fn new(start: usize, end: usize) -> Self {
        Self { start, end }
    }

    /// The number of bytes.
    #[must_use]
    pub fn len(self) -> usize {
        self.end - self.start
    }

    /// Whether it holds no byte; an edit of an empty span inserts.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.start == self.end
    }

    /// The bytes of `file` that it names; empty if the file is shorter.
    #[must_use]
    pub fn of(self, file: &[u8]) -> &[u8] {
        file.get(self.start..self.end).unwrap_or_default()
    }
}

/// The encodings of a place, innermost first. Deeper nesting than real files have makes the text
/// one that is never edited.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Stack {
    layers: [Encoding; Self::DEPTH],
    depth: u8,
}

impl Stack {
    const DEPTH: usize = 10;
    const EMPTY: Self = Self {
        layers: [Encoding::Line; Self::DEPTH],
        depth: 0,
    };

    /// This stack below one more (inner) encoding; `None` if it is full.
    fn within(self, inner: Encoding) -> Option<Self> {
        let depth = usize::from(self.depth);
        let mut layers = [Encoding::Line; Self::DEPTH];
        *layers.first_mut()? = inner;
        layers
            .get_mut(1..=depth)?
            .copy_from_slice(self.layers.get(..depth)?);
        Some(Self {
            layers,
            depth: self.depth + 1,
        })
    }

    fn layers(&self) -> &[Encoding] {
        &self.layers[..usize::from(self.depth)]
    }
}

impl fmt::Debug for Stack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.layers()).finish()
    }
}

/// As much of an expansion as is kept, in bytes.
const MAX_OPAQUE: usize = 256;

/// How a run of decoded bytes came to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum RunKind {
    /// The same bytes stand in the file.
    Verbatim,
    /// An escape: the run as a whole stands for its source.
    Decoded,
    /// A specifier or variable: what it stands for is known only at run time.
    Opaque,
    /// Only a part of an escape, or nested too deeply: known, but not to be replaced.
    Part,
}

#[derive(Clone, Copy, Debug)]
struct Run {
    start: usize,
    len: usize,
    source: Span,
    kind: RunKind,
    encodings: Stack,
}

/// Decoded bytes, their source map and their encodings.
#[derive(Clone, Debug, Default)]
pub struct MappedText {
    bytes: Vec<u8>,
    runs: Vec<Run>,
}

impl MappedText {
    /// An empty text, to be built by a decoder.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The bytes `span` of `file`, as they are.
    #[must_use]
    pub fn of_file(file: &[u8], span: Span) -> Self {
        let mut text = Self::new();
        text.push_file(file, span);
        text
    }

    /// What the reading program understands.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The number of decoded bytes.
    #[must_use]
    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Whether there is nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Whether its value is known here: it holds no specifier and no variable.
    #[must_use]
    pub fn is_literal(&self) -> bool {
        self.runs.iter().all(|run| run.kind != RunKind::Opaque)
    }

    /// How many of its first bytes are known here: up to the first specifier or variable.
    #[must_use]
    pub fn literal_prefix(&self) -> &[u8] {
        let opaque = self.runs.iter().find(|run| run.kind == RunKind::Opaque);
        &self.bytes[..opaque.map_or(self.bytes.len(), |run| run.start)]
    }

    /// The specifiers and variables in it: where each stands, in the order of the text.
    pub fn opaque_ranges(&self) -> impl Iterator<Item = Range<usize>> {
        let opaque = self.runs.iter().filter(|run| run.kind == RunKind::Opaque);
        opaque.map(|run| run.start..run.start + run.len)
    }

    /// Its bytes with an `x` for each that is part of a specifier or variable: what a parser may read
    /// that knows nothing of these.
    #[must_use]
    pub fn masked(&self) -> Vec<u8> {
        let mut bytes = self.bytes.clone();
        for run in &self.runs {
            if run.kind == RunKind::Opaque {
                bytes[run.start..run.start + run.len].fill(b'x');
            }
        }
        bytes
    }

    /// Where it stands in the file, if in one piece, whole escapes, and one encoding: then an edit
    /// of that span replaces exactly this text. `None` for an empty text.
    #[must_use]
    pub fn editable_span(&self) -> Option<Span> {
        let (first, rest) = self.runs.split_first()?;
        let mut end = first.source.end;
        for run in rest {
            if run.source.start != end || run.encodings != first.encodings {
                return None;
            }
            end = run.source.end;
        }
        let whole = self.runs.iter().all(|run| run.kind != RunKind::Part);
        whole.then_some(Span::new(first.source.start, end))
    }

    /// The stretch of the file that holds it, quotes and line ends in between included: for
    /// messages. An empty text has none.
    #[must_use]
    pub fn covering_span(&self) -> Option<Span> {
        let (first, last) = (self.runs.first()?, self.runs.last()?);
        Some(Span::new(
            first.source.start,
            last.source.end.max(first.source.start),
        ))
    }

    /// `replacement` as it has to be written to stand for this text.
    pub fn encode(&self, replacement: &[u8]) -> Result<Vec<u8>, Unencodable> {
        let mut text = replacement.to_vec();
        for encoding in self
            .runs
            .first()
            .map_or(&[][..], |run| run.encodings.layers())
        {
            text = encoding.encode(&text)?;
        }
        Ok(text)
    }

    /// A part of it; positions past the end are taken as the end.
    #[must_use]
    pub fn slice(&self, range: Range<usize>) -> Self {
        let mut part = Self::new();
        part.push(self, range, None);
        part
    }

    /// Without blanks (space, tab, line ends) at both ends.
    #[must_use]
    pub fn trim(&self) -> Self {
        let kept = |byte: &u8| !BLANKS.contains(byte);
        let start = self.bytes.iter().position(kept).unwrap_or(self.len());
        let end = self
            .bytes
            .iter()
            .rposition(kept)
            .map_or(start, |last| last + 1);
        self.slice(start..end)
    }

    /// Appends bytes `span` of `file`, as they are.
    pub fn push_file(&mut self, file: &[u8], span: Span) {
        let bytes = span.of(file);
        self.append(bytes, span, RunKind::Verbatim, Stack::EMPTY);
    }

    /// Appends `bytes`, for which `span` stands in the file.
    pub fn push_file_decoded(&mut self, bytes: &[u8], span: Span) {
        self.append(bytes, span, RunKind::Decoded, Stack::EMPTY);
    }

    /// Appends a part of the text around this one, as it is; `encoding` is what a replacement of it
    /// has to go through before those of `outer`.
    pub fn push(&mut self, outer: &Self, range: Range<usize>, encoding: Option<Encoding>) {
        let end = range.end.min(outer.len());
        let start = range.start.min(end);
        let first = outer
            .runs
            .partition_point(|run| run.start + run.len <= start);
        for run in &outer.runs[first..] {
            let from = run.start.max(start);
            let to = (run.start + run.len).min(end);
            if from >= to {
                break;
            }
            let (source, kind) = match run.kind {
                RunKind::Verbatim => {
                    let source = run.source.start + (from - run.start);
                    (Span::new(source, source + (to - from)), RunKind::Verbatim)
                }
                RunKind::Decoded if to - from < run.len => (run.source, RunKind::Part),
                kind => (run.source, kind),
            };
            let (encodings, kind) = nest(run.encodings, encoding, kind);
            self.append(&outer.bytes[from..to], source, kind, encodings);
        }
    }

    /// Appends `bytes`, for which `range` of the text around this one stands: an escape.
    pub fn push_decoded(
        &mut self,
        bytes: &[u8],
        outer: &Self,
        range: Range<usize>,
        encoding: Option<Encoding>,
    ) {
        let part = outer.slice(range);
        let Some(source) = part.covering_span() else {
            return;
        };
        let kind = match part.editable_span() {
            _ if !part.is_literal() => RunKind::Opaque,
            Some(_) => RunKind::Decoded,
            None => RunKind::Part,
        };
        let outer_encodings = part.runs.first().map_or(Stack::EMPTY, |run| run.encodings);
        let (encodings, kind) = nest(outer_encodings, encoding, kind);
        self.append(bytes, source, kind, encodings);
    }

    /// Appends a specifier, a variable or another expansion: `range` of the text around this one. It
    /// reads as it is written, but its value is not known. Of a long one only the beginning is kept:
    /// expansions stand within each other.
    pub fn push_opaque(&mut self, outer: &Self, range: Range<usize>, encoding: Option<Encoding>) {
        let Some(source) = outer.span_of(range.clone()) else {
            return;
        };
        let kept = range.start..range.end.min(range.start + MAX_OPAQUE);
        let bytes = outer.bytes.get(kept).unwrap_or_default();
        let encodings = outer.run_at(range.start).map(|run| run.encodings);
        let outer_encodings = encodings.unwrap_or(Stack::EMPTY);
        let (encodings, kind) = nest(outer_encodings, encoding, RunKind::Opaque);
        self.append(bytes, source, kind, encodings);
    }

    /// The stretch of the file that holds a part of it, as [`covering_span`](Self::covering_span)
    /// gives it of all. An empty part has none.
    #[must_use]
    pub fn span_of(&self, range: Range<usize>) -> Option<Span> {
        let (start, last) = (range.start, range.end.min(self.len()).checked_sub(1)?);
        if last < start {
            return None;
        }
        let (first_run, last_run) = (self.run_at(start)?, self.run_at(last)?);
        let start = match first_run.kind {
            RunKind::Verbatim => first_run.source.start + (start - first_run.start),
            _ => first_run.source.start,
        };
        let end = match last_run.kind {
            RunKind::Verbatim => last_run.source.start + (last - last_run.start) + 1,
            _ => last_run.source.end,
        };
        Some(Span::new(start, end.max(start)))
    }

    fn run_at(&self, at: usize) -> Option<&Run> {
        let index = self.runs.partition_point(|run| run.start + run.len <= at);
        self.runs.get(index)
    }

    fn append(&mut self, bytes: &[u8], source: Span, kind: RunKind, encodings: Stack) {
        if bytes.is_empty() {
            return;
        }
        let start = self.bytes.len();
        self.bytes.extend_from_slice(bytes);
        if let Some(last) = self.runs.last_mut() {
            let continues = kind == RunKind::Verbatim
                && last.kind == RunKind::Verbatim
                && last.source.end == source.start
                && last.encodings == encodings;
            if continues {
                last.len += bytes.len();
                last.source.end = source.end;
                return;
            }
        }
        if self.runs.is_empty() {
            // Most texts have one; there are many texts.
            self.runs.reserve_exact(1);
        }
        self.runs.push(Run {
            start,
            len: bytes.len(),
            source,
            kind,
            encodings,
        });
    }
}

fn nest(outer: Stack, encoding: Option<Encoding>, kind: RunKind) -> (Stack, RunKind) {
    let Some(encoding) = encoding else {
        return (outer, kind);
    };
    match outer.within(encoding) {
        Some(stack) => (stack, kind),
        None if kind == RunKind::Opaque => (outer, kind),
        None => (outer, RunKind::Part),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::encoding::Quote;

    #[test]
    fn a_slice_of_a_file_knows_its_place() {
        let file = b"ExecStart=/usr/bin/x -f";
        let value = MappedText::of_file(file, Span::new(10, file.len()));
        let program = value.slice(0..10);
        assert_eq!(program.bytes(), b"/usr/bin/x");
        assert_eq!(program.editable_span(), Some(Span::new(10, 20)));
    }

    #[test]
    fn an_escape_is_replaced_whole_or_not_at_all() {
        let file = b"a\\x20b";
        let outer = MappedText::of_file(file, Span::new(0, file.len()));
        let mut text = MappedText::new();
        let word = Some(Encoding::UnitWord(Quote::Bare));
        text.push(&outer, 0..1, word);
        text.push_decoded(b" ", &outer, 1..5, word);
        text.push(&outer, 5..6, word);
        assert_eq!(text.bytes(), b"a b");
        assert_eq!(text.editable_span(), Some(Span::new(0, 6)));
        assert_eq!(text.encode(b"c d").as_deref(), Ok(&b"c\\sd"[..]));
    }

    #[test]
    fn text_with_a_gap_has_no_span() {
        let file = b"\"/usr\"/bin/x";
        let outer = MappedText::of_file(file, Span::new(0, file.len()));
        let mut text = MappedText::new();
        text.push(&outer, 1..5, Some(Encoding::UnitWord(Quote::Double)));
        text.push(&outer, 6..12, Some(Encoding::UnitWord(Quote::Bare)));
        assert_eq!(text.bytes(), b"/usr/bin/x");
        assert_eq!(text.editable_span(), None);
        assert_eq!(text.slice(4..10).editable_span(), Some(Span::new(6, 12)));
    }

    #[test]
    fn encodings_apply_from_the_inside_out() {
        let file = b"x";
        let outer = MappedText::of_file(file, Span::new(0, 1));
        let mut unquoted = MappedText::new();
        unquoted.push(&outer, 0..1, Some(Encoding::UnitWord(Quote::Double)));
        let mut specified = MappedText::new();
        specified.push(&unquoted, 0..1, Some(Encoding::Specifier));
        let mut shell = MappedText::new();
        shell.push(&specified, 0..1, Some(Encoding::ShellWord(Quote::Bare)));
        assert_eq!(
            shell.encode(b"50% \"x\"").as_deref(),
            Ok(&b"50%%\\\\ \\\\\\\"x\\\\\\\""[..])
        );
    }

    #[test]
    fn too_deep_a_nesting_is_never_edited() {
        let file = b"x";
        let mut text = MappedText::of_file(file, Span::new(0, 1));
        for _ in 0..=Stack::DEPTH {
            let mut inner = MappedText::new();
            inner.push(&text, 0..1, Some(Encoding::ShellBackquote));
            text = inner;
        }
        assert_eq!(text.bytes(), b"x");
        assert_eq!(text.editable_span(), None);
    }
}
