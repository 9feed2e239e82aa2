//! Words with the quoting of a POSIX shell but none of its expansions: `_dbus_shell_parse_argv()`
//! of D-Bus (`dbus/dbus-shell.c`) and `g_shell_parse_argv()` of `GLib`, which desktop environments
//! use for `Exec`.

use crate::encoding::{Encoding, Quote};
use crate::mapped_text::MappedText;
use crate::reference::ProblemKind;

/// The words of `value`; `encoding` tells how text between the given quotes is written. Fails if a
/// quote is not closed.
pub(crate) fn split(
    value: &MappedText,
    encoding: fn(Quote) -> Encoding,
) -> Result<Vec<MappedText>, ProblemKind> {
    let bytes = value.bytes();
    let mut words = Vec::new();
    let mut word: Option<MappedText> = None;
    let mut quote = Quote::Bare;
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let written = Some(encoding(quote));
        let next = bytes.get(at + 1);
        let start = at;
        at += 1;
        match (byte, quote) {
            (b' ' | b'\t' | b'\n', Quote::Bare) => words.extend(word.take()),
            (b'#', Quote::Bare) if word.is_none() => {
                let rest = bytes.get(at..).unwrap_or_default();
                at += memchr::memchr(b'\n', rest).unwrap_or(rest.len());
            }
            (b'"', Quote::Bare) => {
                quote = Quote::Double;
                word.get_or_insert_default();
            }
            (b'\'', Quote::Bare) => {
                quote = Quote::Single;
                word.get_or_insert_default();
            }
            (b'"', Quote::Double) | (b'\'', Quote::Single) => quote = Quote::Bare,
            (b'\\', Quote::Bare) if next == Some(&b'\n') => at += 1,
            (b'\\', Quote::Bare) if next.is_none() => return Err(ProblemKind::UnbalancedQuote),
            (b'\\', Quote::Bare | Quote::Double)
                if quote == Quote::Bare || next.is_some_and(|next| b"$`\"\\\n".contains(next)) =>
            {
                at += 1;
                let escaped = bytes.get(start + 1..at).unwrap_or_default();
                let word = word.get_or_insert_default();
                word.push_decoded(escaped, value, start..at, written);
            }
            _ => {
                let special = |byte: &u8| b" \t\n\"'\\".contains(byte);
                let rest = bytes.get(at..).unwrap_or_default();
                at += rest.iter().position(special).unwrap_or(rest.len());
                word.get_or_insert_default().push(value, start..at, written);
            }
        }
    }
    words.extend(word);
    match quote {
        Quote::Bare => Ok(words),
        Quote::Single | Quote::Double => Err(ProblemKind::UnbalancedQuote),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mapped_text::Span;

    fn words(line: &str) -> Result<Vec<String>, ProblemKind> {
        let value = MappedText::of_file(line.as_bytes(), Span::new(0, line.len()));
        let words = split(&value, Encoding::ShellWord)?;
        Ok(words
            .iter()
            .map(|word| String::from_utf8_lossy(word.bytes()).into_owned())
            .collect())
    }

    #[test]
    fn words_and_quotes() {
        for (line, expected) in [
            ("", &[][..]),
            (" a\tb ", &["a", "b"]),
            ("a 'b c' \"d e\"f", &["a", "b c", "d ef"]),
            ("a\\ b \\\"c", &["a b", "\"c"]),
            ("'a\\b' \"a\\b\\\"\\$\\\\\"", &["a\\b", "a\\b\"$\\"]),
            ("\"it's\" 'a \"q\"'", &["it's", "a \"q\""]),
            ("'' \"\" x''", &["", "", "x"]),
            ("a #b 'c", &["a"]),
            ("a#b", &["a#b"]),
            ("$HOME `x` %u", &["$HOME", "`x`", "%u"]),
        ] {
            assert_eq!(
                words(line).as_deref(),
                Ok(&expected.iter().map(ToString::to_string).collect::<Vec<_>>()[..]),
                "{line}"
            );
        }
        for line in ["'a", "\"a\\\"", "a\\"] {
            assert_eq!(words(line), Err(ProblemKind::UnbalancedQuote), "{line}");
        }
    }

    #[test]
    fn a_word_is_replaced_within_its_quotes() {
        let line = b"'/usr/bin/x' /y";
        let value = MappedText::of_file(line, Span::new(0, line.len()));
        let words = split(&value, Encoding::ShellWord).expect("it is balanced");
        assert_eq!(words[0].editable_span(), Some(Span::new(1, 11)));
        assert_eq!(words[0].encode(b"/a b").as_deref(), Ok(&b"/a b"[..]));
        assert_eq!(words[1].encode(b"/a b").as_deref(), Ok(&b"/a\\ b"[..]));
    }
}
