//! String literals of Python: The Python Language Reference, 2.4.1 "String and Bytes literals".

use crate::mapped_text::Span;

/// A string literal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StringLiteral {
    /// What stands between its quotes.
    pub span: Span,
    /// Whether something in it stands for something else: an escape, or a field of a formatted string.
    pub has_substitutions: bool,
}

/// The string literals of a script, in its order; up to the first that is not closed.
#[must_use]
pub fn string_literals(file: &[u8]) -> Vec<StringLiteral> {
    let mut literals = Vec::new();
    let mut at = 0;
    while let Some(byte) = file.get(at) {
        match byte {
            b'#' => {
                let rest = file.get(at..).unwrap_or_default();
                at += memchr::memchr(b'\n', rest).unwrap_or(rest.len());
            }
            b'\'' | b'"' => {
                let Some((literal, end)) = literal(file, at, *byte) else {
                    break;
                };
                literals.push(literal);
                at = end;
            }
            _ => at += 1,
        }
    }
    literals
}

/// The literal whose quote is at `at`, and where it ends.
fn literal(file: &[u8], at: usize, quote: u8) -> Option<(StringLiteral, usize)> {
    let before = file.get(..at).unwrap_or_default();
    let prefix = before
        .iter()
        .rev()
        .take_while(|byte| b"rRbBuUfFtT".contains(byte))
        .count();
    let prefix = &before[before.len() - prefix..];
    let has = |letters: &[u8]| prefix.iter().any(|byte| letters.contains(byte));
    let triple = [quote; 3];
    let rest = file.get(at..).unwrap_or_default();
    let quotes: &[u8] = if rest.starts_with(&triple) {
        &triple
    } else {
        &triple[..1]
    };
    let start = at + quotes.len();
    let mut end = start;
    let mut escapes = false;
    while let Some(byte) = file.get(end) {
        let closes = file.get(end..).is_some_and(|rest| rest.starts_with(quotes));
        match byte {
            // In raw strings, too, a backslash keeps a quote from closing.
            b'\\' => {
                escapes = true;
                end += 2;
            }
            _ if closes => {
                let literal = StringLiteral {
                    span: Span::new(start, end),
                    has_substitutions: escapes || has(b"fFtT"),
                };
                return Some((literal, end + quotes.len()));
            }
            b'\n' if quotes.len() == 1 => return None,
            _ => end += 1,
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals_and_their_substitutions() {
        for (file, expected) in [
            ("open('/x', \"r\")", &[("/x", false), ("r", false)][..]),
            ("# '/x'\na = '#'", &[("#", false)]),
            (
                "\"\"\"it's\n\"/x\" \"\"\" '/y'",
                &[("it's\n\"/x\" ", false), ("/y", false)],
            ),
            ("'' '/x'", &[("", false), ("/x", false)]),
            (
                "f'/x/{a}' r'/y' rb'/z'",
                &[("/x/{a}", true), ("/y", false), ("/z", false)],
            ),
            ("'a\\'b' '/x\\n'", &[("a\\'b", true), ("/x\\n", true)]),
            ("'/x\n'/y'", &[]),
            ("'/x", &[]),
            ("'/x\\", &[]),
        ] {
            let found: Vec<(&str, bool)> = string_literals(file.as_bytes())
                .iter()
                .map(|found| {
                    (
                        &file[found.span.start..found.span.end],
                        found.has_substitutions,
                    )
                })
                .collect();
            assert_eq!(found, expected, "{file}");
        }
    }
}
