//! What is not right in a package: data, to be rendered by others.

use std::path::PathBuf;

use bstr::ByteSlice;
use hermetic_out_formats::Span;
use serde::Serialize;

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth knowing; nothing breaks by it.
    Note,
    /// Probably wrong.
    Warning,
    /// It will fail at run time, or was asked to be fatal.
    Error,
}

impl Severity {
    /// Its name in reports and options.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// A kind of finding: what its name stands for, independent of any file.
#[derive(Debug, PartialEq, Eq)]
pub struct FindingKind {
    /// A stable name in kebab case, unique among all tools.
    pub name: &'static str,
    /// How bad it is, unless the place where it is found says otherwise.
    pub severity: Severity,
    /// One line: what is wrong.
    pub summary: &'static str,
    /// Some paragraphs of Markdown: when it arises, what it breaks, what to do.
    pub explanation: &'static str,
}

/// Defines the kinds of finding of a tool, `NAME = "name", Severity, "explanation";` with the summary
/// as a comment in front of each, and `KINDS`, the list of them all in this order.
#[macro_export]
macro_rules! finding_kinds {
    ($($(#[doc = $summary:literal])+ $name:ident = $id:literal, $severity:ident, $explanation:literal;)+) => {
        $(
            $(#[doc = $summary])+
            pub static $name: $crate::FindingKind = $crate::FindingKind {
                name: $id,
                severity: $crate::Severity::$severity,
                summary: concat!($($summary),+).trim_ascii(),
                explanation: $explanation,
            };
        )+
        /// All of them, sorted by name.
        pub static KINDS: &[&$crate::FindingKind] = &[$(&$name),+];
    };
}

/// A place in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The line on which it begins, from 1.
    pub line: usize,
    /// The column at which it begins, in bytes, from 1.
    pub column: usize,
    /// The bytes meant.
    pub span: Span,
    /// The physical lines that hold it, without the last line end.
    pub source: Vec<u8>,
    /// Where `source` begins in the file.
    pub source_start: usize,
}

impl Place {
    /// The place `span` of `file`; a span past the end is taken as the end.
    #[must_use]
    pub fn new(file: &[u8], span: Span) -> Self {
        let start = span.start.min(file.len());
        let end = span.end.clamp(start, file.len());
        let before = &file[..start];
        let source_start = before.rfind_byte(b'\n').map_or(0, |newline| newline + 1);
        // A place that ends with a line end does not reach into the next line.
        let last = if end > start { end - 1 } else { end };
        let source_end = file[last..]
            .find_byte(b'\n')
            .map_or(file.len(), |length| last + length);
        Self {
            line: before.find_iter(b"\n").count() + 1,
            column: start - source_start + 1,
            span: Span::new(start, end),
            source: file[source_start..source_end.max(source_start)].to_vec(),
            source_start,
        }
    }
}

/// Something in a package that is not right.
#[derive(Clone, Debug)]
pub struct Finding {
    /// What kind of thing it is.
    pub kind: &'static FindingKind,
    /// How bad it is here.
    pub severity: Severity,
    /// The file, by its store path; or the output, for what concerns an output as a whole.
    pub file: PathBuf,
    /// Where in the file.
    pub place: Option<Place>,
    /// What it is about, as it stands in the file: a program, a path (any bytes).
    pub subject: Vec<u8>,
    /// What is wrong, in one sentence without a full stop.
    pub message: String,
    /// What to do about it, in one sentence; empty if nothing can be said.
    pub help: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_knows_its_line() {
        let file = b"[Service]\nExecStart=/usr/bin/x \\\n  -f\nType=simple";
        let place = Place::new(file, Span::new(20, 30));
        assert_eq!((place.line, place.column), (2, 11));
        assert_eq!(place.source, b"ExecStart=/usr/bin/x \\");
        let over_two_lines = Place::new(file, Span::new(20, 37));
        assert_eq!(over_two_lines.source, b"ExecStart=/usr/bin/x \\\n  -f");
        let last = Place::new(file, Span::new(38, 100));
        assert_eq!((last.line, last.column), (4, 1));
        assert_eq!(last.source, b"Type=simple");
        let empty = Place::new(b"", Span::new(3, 5));
        assert_eq!((empty.line, empty.column, empty.source.len()), (1, 1, 0));
    }
}
