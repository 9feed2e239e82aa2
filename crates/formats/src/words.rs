//! systemd's word splitting: `extract_first_word()` of `src/basic/extract-word.c`, which units,
//! tmpfiles.d, sysusers.d and udev's command lines share.

use std::cell::Cell;
use std::ops::Range;

use crate::encoding::{Encoding, Quote};
use crate::mapped_text::MappedText;
use crate::reference::ProblemKind;

/// What a backslash means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Escapes {
    /// C escapes, in and outside quotes (`EXTRACT_CUNESCAPE`); an unknown one stands for itself,
    /// as `extract_first_word_and_warn()` has it.
    C,
    /// Nothing (`EXTRACT_RETAIN_ESCAPE`).
    Retained,
}

/// A word: its decoded text and where it stands in the text that was split.
#[derive(Clone, Debug)]
pub struct Word {
    /// The word without its quotes and escapes.
    pub text: MappedText,
    /// The word with them, in bytes of the text that was split.
    pub range: Range<usize>,
}

fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r')
}

/// The position of the first byte at or after `from` that is not blank.
#[must_use]
pub fn skip_blanks(value: &MappedText, from: usize) -> usize {
    let rest = value.bytes().get(from..).unwrap_or_default();
    let blanks = rest.iter().take_while(|byte| is_blank(**byte)).count();
    (from + blanks).min(value.len())
}

/// The first word of `value` at or after byte `from`; `None` if only blanks are left. Fails if a
/// quote is not closed.
pub fn first_word(
    value: &MappedText,
    from: usize,
    escapes: Escapes,
) -> Result<Option<Word>, ProblemKind> {
    let bytes = value.bytes();
    let start = skip_blanks(value, from);
    if start >= bytes.len() {
        return Ok(None);
    }
    let encoding = |quote| {
        Some(match escapes {
            Escapes::C => Encoding::UnitWord(quote),
            Escapes::Retained => Encoding::UdevWord(quote),
        })
    };
    let mut text = MappedText::new();
    let mut quote = Quote::Bare;
    let mut at = start;
    // Plain bytes are copied in runs, not one by one.
    let mut plain = start;
    while let Some(&byte) = bytes.get(at) {
        let toggled = match (byte, quote) {
            (b'"', Quote::Bare) => Some(Quote::Double),
            (b'\'', Quote::Bare) => Some(Quote::Single),
            (b'"', Quote::Double) | (b'\'', Quote::Single) => Some(Quote::Bare),
            _ => None,
        };
        if let Some(next) = toggled {
            text.push(value, plain..at, encoding(quote));
            quote = next;
            at += 1;
            plain = at;
        } else if quote == Quote::Bare && is_blank(byte) {
            break;
        } else if byte == b'\\' && escapes == Escapes::C && at + 1 < bytes.len() {
            let (decoded, length) = unescape(&bytes[at..]);
            if let Some(decoded) = decoded {
                text.push(value, plain..at, encoding(quote));
                text.push_decoded(&decoded, value, at..at + length, encoding(quote));
                plain = at + length;
            }
            at += length;
        } else {
            at += 1;
        }
    }
    if quote != Quote::Bare {
        return Err(ProblemKind::UnbalancedQuote);
    }
    text.push(value, plain..at, encoding(quote));
    Ok(Some(Word {
        text,
        range: start..at,
    }))
}

/// All words of `value`. Fails if a quote is not closed.
pub fn all_words(value: &MappedText, escapes: Escapes) -> Result<Vec<Word>, ProblemKind> {
    let mut words = Vec::new();
    let mut at = 0;
    while let Some(word) = first_word(value, at, escapes)? {
        at = word.range.end;
        words.push(word);
    }
    Ok(words)
}

/// All of `value` with its C escapes decoded (`cunescape()`). Fails at one that is unknown or cut
/// short.
pub(crate) fn unescape_all(
    value: &MappedText,
    encoding: Encoding,
) -> Result<MappedText, ProblemKind> {
    let bytes = value.bytes();
    let mut text = MappedText::new();
    let mut plain = 0;
    while let Some(offset) = memchr::memchr(b'\\', bytes.get(plain..).unwrap_or_default()) {
        let escape = plain + offset;
        let (decoded, length) = unescape(bytes.get(escape..).unwrap_or_default());
        let decoded = decoded.ok_or(ProblemKind::BadLine)?;
        text.push(value, plain..escape, Some(encoding));
        plain = escape + length;
        text.push_decoded(&decoded, value, escape..plain, Some(encoding));
    }
    text.push(value, plain..bytes.len(), Some(encoding));
    Ok(text)
}

/// The C escape at the start of `bytes` (a backslash and what follows): what it stands for, or
/// `None` if it is no escape; and how many bytes it is long (`cunescape_one()`).
fn unescape(bytes: &[u8]) -> (Option<Vec<u8>>, usize) {
    let digits = |from: usize, count: usize, radix: u32| {
        let text = std::str::from_utf8(bytes.get(from..from + count)?).ok()?;
        let all = text.chars().all(|digit| digit.is_digit(radix));
        u32::from_str_radix(text, radix).ok().filter(|_| all)
    };
    let byte = |value: u32| u8::try_from(value).ok().filter(|byte| *byte != 0);
    let utf8 = |value: Option<u32>| {
        let char = char::from_u32(value?).filter(|char| *char != '\0')?;
        Some(char.to_string().into_bytes())
    };
    let simple = |byte: u8| (Some(vec![byte]), 2);
    let (decoded, length) = match bytes.get(1) {
        Some(b'a') => return simple(7),
        Some(b'b') => return simple(8),
        Some(b'f') => return simple(12),
        Some(b'n') => return simple(b'\n'),
        Some(b'r') => return simple(b'\r'),
        Some(b't') => return simple(b'\t'),
        Some(b'v') => return simple(11),
        Some(b's') => return simple(b' '),
        Some(&byte @ (b'\\' | b'"' | b'\'')) => return simple(byte),
        Some(b'x') => (digits(2, 2, 16).and_then(byte).map(|byte| vec![byte]), 4),
        Some(b'0'..=b'7') => (digits(1, 3, 8).and_then(byte).map(|byte| vec![byte]), 4),
        Some(b'u') => (utf8(digits(2, 4, 16)), 6),
        Some(b'U') => (utf8(digits(2, 8, 16)), 10),
        _ => (None, 2),
    };
    match decoded {
        Some(decoded) => (Some(decoded), length),
        None => (None, 2.min(bytes.len())),
    }
}

/// `word` with systemd's specifiers read: `%%` is a percent sign, every other one is opaque. The
/// longest specifiers are one letter (`systemd.unit(5)`).
#[must_use]
pub fn read_specifiers(word: &MappedText) -> MappedText {
    read_doubled(word, b"%", Encoding::Specifier, |rest| {
        let letter = rest.get(1).is_some_and(u8::is_ascii_alphabetic);
        letter.then_some(2)
    })
}

/// `word` with the environment variables of an Exec line read: `$$` is a dollar sign, `${NAME}` is
/// opaque anywhere, `$NAME` only as a word of its own (`systemd.service(5)`, COMMAND LINES).
#[must_use]
pub fn read_variables(word: &MappedText) -> MappedText {
    let whole = word
        .bytes()
        .strip_prefix(b"$")
        .is_some_and(is_variable_name);
    if whole {
        let mut text = MappedText::new();
        text.push_opaque(word, 0..word.len(), Some(Encoding::Dollar));
        return text;
    }
    // Once no brace closes any more, none is looked for again: the time stays linear.
    let closes = Cell::new(true);
    read_doubled(word, b"$", Encoding::Dollar, |rest| {
        let inside = rest.strip_prefix(b"${").filter(|_| closes.get())?;
        let length = memchr::memchr(b'}', inside);
        closes.set(length.is_some());
        let length = length?;
        let name = inside[..length].split(|byte| *byte == b':').next()?;
        is_variable_name(name).then_some(length + 3)
    })
}

fn is_variable_name(name: &[u8]) -> bool {
    let first = name.first().is_some_and(|byte| !byte.is_ascii_digit());
    first
        && name
            .iter()
            .all(|byte| byte.is_ascii_alphanumeric() || *byte == b'_')
}

/// Reads a layer in which each of `marks` doubled stands for itself, and `opaque` tells how long the
/// variable part at the start of its argument is. Any other mark is literal.
pub(crate) fn read_doubled(
    word: &MappedText,
    marks: &[u8],
    encoding: Encoding,
    opaque: impl Fn(&[u8]) -> Option<usize>,
) -> MappedText {
    let bytes = word.bytes();
    let mut text = MappedText::new();
    let (mut at, mut plain) = (0, 0);
    while let Some(&byte) = bytes.get(at) {
        if !marks.contains(&byte) {
            at += 1;
            continue;
        }
        let rest = &bytes[at..];
        let length = if rest.get(1) == Some(&byte) {
            text.push(word, plain..at, Some(encoding));
            text.push_decoded(&[byte], word, at..at + 2, Some(encoding));
            2
        } else if let Some(length) = opaque(rest) {
            text.push(word, plain..at, Some(encoding));
            text.push_opaque(word, at..at + length, Some(encoding));
            length
        } else {
            at += 1;
            continue;
        };
        at += length;
        plain = at;
    }
    text.push(word, plain..at, Some(encoding));
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mapped_text::Span;

    fn split(line: &str) -> Result<Vec<String>, ProblemKind> {
        let value = MappedText::of_file(line.as_bytes(), Span::new(0, line.len()));
        let words = all_words(&value, Escapes::C)?;
        Ok(words
            .iter()
            .map(|word| String::from_utf8_lossy(word.text.bytes()).into_owned())
            .collect())
    }

    #[test]
    fn words_as_systemd_splits_them() {
        for (line, expected) in [
            ("", &[][..]),
            ("  a\tb  ", &["a", "b"]),
            ("'a b' \"c d\"", &["a b", "c d"]),
            ("--x='a b'c", &["--x=a bc"]),
            ("a\\x20b\\s\\tc\\040d", &["a b \tc d"]),
            ("'it\\'s' \"\\\"q\\\"\"", &["it's", "\"q\""]),
            ("\\u00e4 \\U0001f427", &["ä", "🐧"]),
            ("\\q \\x0 \\", &["\\q", "\\x0", "\\"]),
            ("'' \"\"", &["", ""]),
        ] {
            let words = split(line).expect(line);
            assert_eq!(words, expected, "{line}");
        }
        assert_eq!(split("a 'b"), Err(ProblemKind::UnbalancedQuote));
    }

    #[test]
    fn specifiers_and_variables() {
        let literal = |line: &str, read: fn(&MappedText) -> MappedText| {
            let text = read(&MappedText::of_file(
                line.as_bytes(),
                Span::new(0, line.len()),
            ));
            let bytes = String::from_utf8_lossy(text.bytes()).into_owned();
            (bytes, text.is_literal())
        };
        for (line, bytes, known) in [
            ("100%%", "100%", true),
            ("/x/%i.conf", "/x/%i.conf", false),
            ("5%", "5%", true),
        ] {
            assert_eq!(
                literal(line, read_specifiers),
                (bytes.into(), known),
                "{line}"
            );
        }
        for (line, bytes, known) in [
            ("$$HOME", "$HOME", true),
            ("$HOME", "$HOME", false),
            ("x$HOME", "x$HOME", true),
            ("x${HOME}y", "x${HOME}y", false),
            ("$1", "$1", true),
        ] {
            assert_eq!(
                literal(line, read_variables),
                (bytes.into(), known),
                "{line}"
            );
        }
    }
}
