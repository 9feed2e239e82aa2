//! The paths in a value: the whole of it, a part of a search path, the argument of a flag.

use std::ops::Range;

use super::{Piece, Value, is_space};

/// A place in a value at which a path can stand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PathWord {
    /// Its place in the value's text, `${…}` and all.
    pub range: Range<usize>,
    /// Whether nothing else stands in the value.
    pub is_whole: bool,
    /// Whether it goes on in a way that is not understood: a blank or another byte after a backslash.
    pub is_partial: bool,
}

/// The bytes between which a path stands. A path that has one of them in its name is not known as
/// one: no reader of search paths and flags would take it for one.
const SEPARATORS: &[u8] = b":,;\"'`=<>|&!\\";

/// Whether a value, worked out, is one absolute path: no list of paths, no flags.
#[must_use]
pub fn is_absolute_path(value: &[u8]) -> bool {
    let separates = |byte: &u8| is_space(*byte) || SEPARATORS.contains(byte);
    value.starts_with(b"/") && !value.iter().any(separates)
}

/// Whether a value is a list of directories: colons stand between its parts, and each part begins with `/`
/// or with a variable, or is empty.
#[must_use]
pub fn is_search_path(value: &Value) -> bool {
    let bytes = value.text.bytes();
    let begins = |part: &[u8]| part.is_empty() || part.starts_with(b"/") || part.starts_with(b"${");
    bytes.contains(&b':')
        && !bytes.iter().copied().any(is_space)
        && bytes.split(|byte| *byte == b':').all(begins)
}

/// The words of a value that begin with `/` or with a variable: paths, if what the variable stands for
/// is one. `${pc_sysrootdir}` in front of a path is no part of it. A word with a brace that is not
/// understood is none, as what would be written there could be taken for the name of a variable.
#[must_use]
pub fn path_words(value: &Value) -> Vec<PathWord> {
    let bytes = value.text.bytes();
    let separates = |byte: u8| is_space(byte) || SEPARATORS.contains(&byte);
    let mut words = Vec::new();
    let mut start = 0;
    let mut is_understood = true;
    // A place that a variable takes can hold no separator.
    let mut braces = value
        .pieces
        .iter()
        .filter(|piece| !matches!(piece, Piece::Literal(_)));
    let mut brace = braces.next();
    let mut at = 0;
    loop {
        if let Some(piece) = brace.filter(|piece| piece.range().start == at) {
            let is_root = value.bytes(piece.range()) == b"${pc_sysrootdir}";
            at = piece.range().end;
            if is_root {
                start = at;
            }
            is_understood &= matches!(piece, Piece::Variable { .. });
            brace = braces.next();
            continue;
        }
        let byte = bytes.get(at).copied();
        if byte.is_none_or(separates) {
            // Only these mean more than themselves after a backslash.
            let next = bytes.get(at + 1).copied();
            let is_partial = byte == Some(b'\\') && !matches!(next, Some(b'"' | b'\'') | None);
            if is_understood {
                word(value, start..at, is_partial, &mut words);
            }
            start = at + 1;
            is_understood = true;
        }
        if byte.is_none() {
            return words;
        }
        at += 1;
    }
}

fn word(value: &Value, range: Range<usize>, is_partial: bool, words: &mut Vec<PathWord>) {
    let bytes = value.bytes(range.clone());
    let begins = |offset: &usize| {
        let rest = bytes.get(*offset..).unwrap_or_default();
        rest.starts_with(b"/") || rest.starts_with(b"${")
    };
    let skipped = if bytes.starts_with(b"-") {
        // A path glued to its flag: `-I/usr/include`, `-isystem${includedir}`.
        let letters = bytes.iter().skip(1);
        let length = 1 + letters
            .take_while(|byte| byte.is_ascii_alphabetic())
            .count();
        Some(length).filter(|length| *length > 1)
    } else {
        Some(0)
    };
    let Some(skipped) = skipped.filter(begins) else {
        return;
    };
    // `-l${name}` and the like name no directory.
    if bytes.starts_with(b"-l") {
        return;
    }
    let range = range.start + skipped..range.end;
    words.push(PathWord {
        is_whole: range == (0..value.text.len()),
        range,
        is_partial,
    });
}
