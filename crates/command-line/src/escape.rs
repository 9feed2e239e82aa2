//! Any bytes as text that is safe to print.

use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// `bytes` on one line: control characters, characters that change the direction of writing, and
/// bytes that are not UTF-8 are shown as escapes; tabs stay.
#[must_use]
pub fn escape_for_terminal(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        for character in chunk.valid().chars() {
            match character {
                '\t' => text.push('\t'),
                _ if character.is_ascii_control() => push_byte(&mut text, character as u8),
                _ if is_obeyed(character) => text.extend(character.escape_unicode()),
                _ => text.push(character),
            }
        }
        for byte in chunk.invalid() {
            push_byte(&mut text, *byte);
        }
    }
    text
}

/// A path on one line: see [`escape_for_terminal`].
pub(crate) fn escape_path(path: &Path) -> String {
    escape_for_terminal(path.as_os_str().as_bytes())
}

fn push_byte(text: &mut String, byte: u8) {
    text.push_str("\\x");
    push_hex(text, byte);
}

/// Appends the two hexadecimal digits of `byte`.
pub(crate) fn push_hex(text: &mut String, byte: u8) {
    for digit in [byte >> 4, byte & 0xf] {
        text.extend(char::from_digit(digit.into(), 16));
    }
}

/// Whether a terminal or a viewer does something on seeing `character`, in place of showing it: a control
/// character (those of C1 included), or one that changes the direction of writing.
pub(crate) fn is_obeyed(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_reaches_the_terminal_but_text() {
        assert_eq!(escape_for_terminal("a\tÄ".as_bytes()), "a\tÄ");
        assert_eq!(
            escape_for_terminal(b"\x1b[31m\r\n\x7f\0"),
            "\\x1b[31m\\x0d\\x0a\\x7f\\x00"
        );
        assert_eq!(escape_for_terminal(b"\xff\xc3("), "\\xff\\xc3(");
        assert_eq!(
            escape_for_terminal("\u{202e}\u{85}".as_bytes()),
            "\\u{202e}\\u{85}"
        );
    }
}
