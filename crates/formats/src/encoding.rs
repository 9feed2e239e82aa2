//! How text is written in a place of a file: the steps from what a program understands to the bytes.

use std::fmt;

/// The quotes that a byte stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Quote {
    /// Outside quotes.
    Bare,
    /// Inside `'…'`.
    Single,
    /// Inside `"…"`.
    Double,
}

/// One step from what a program understands to what is written in the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Encoding {
    /// The rest of a line, as it stands: it cannot hold a line end, and blanks or a backslash at
    /// its ends would be lost.
    Line,
    /// A word of systemd's `extract_first_word()` with `EXTRACT_UNQUOTE | EXTRACT_CUNESCAPE`: C
    /// escapes work in and outside quotes.
    UnitWord(Quote),
    /// A word of `extract_first_word()` with `EXTRACT_RETAIN_ESCAPE` (udev's command lines): there
    /// are quotes, but no escapes.
    UdevWord(Quote),
    /// systemd's specifiers: `%` is written `%%`.
    Specifier,
    /// systemd's environment variables in command lines: `$` is written `$$`.
    Dollar,
    /// udev's substitutions: `%` is written `%%`, `$` is written `$$`.
    UdevSubstitution,
    /// The value of a udev rule between double quotes, where only `\"` is special.
    UdevValue,
    /// The value of a udev rule between `e"` and `"`, with C escapes.
    UdevEscapedValue,
    /// A word of POSIX shell (also of D-Bus' command lines, which follow its quoting).
    ShellWord(Quote),
    /// The value of an environment file (`environment.d`, `EnvironmentFile=`): a shell's quotes, but
    /// for single ones, which are none within a value.
    EnvironmentFile(Quote),
    /// A line of modprobe.d, where a backslash takes the byte after it as it is.
    ModprobeLine,
    /// One of the items of a value, with this byte in between and neither quotes nor escapes.
    Item(u8),
    /// The command of a crontab's line, where `%` is written `\%`.
    CrontabCommand,
    /// The program in the kernel's core pattern, which has room for so many bytes; no more are kept.
    CorePattern(u8),
    /// Inside a shell's backquotes, where nothing can be written that needs a backslash.
    ShellBackquote,
    /// Character data of XML, in UTF-8; blanks at its ends would be lost.
    XmlText,
    /// A field of binfmt.d, which cannot hold the line's delimiter.
    BinfmtField(u8),
    /// A path in the value of a `.pc` file, where `#` is written `\#`. What would end the path, or
    /// mean something else to one of the readers, has no notation that all of them share.
    PkgConfigValue,
    /// A word between blanks of a format that has neither quotes nor escapes for it (pam.d,
    /// nsswitch.conf).
    BareWord,
    /// A string of JSON, in UTF-8.
    JsonString,
    /// A word in the value of `env -S`, bare or in quotes, without escapes.
    EnvWord,
    /// A string literal of JavaScript, in quotes of either kind.
    ScriptString,
    /// A string value of a desktop entry: `\s \n \t \r \\`.
    DesktopString,
    /// A word of a desktop entry's `Exec`.
    DesktopWord(Quote),
    /// A desktop entry's field codes: `%` is written `%%`.
    DesktopFieldCode,
}

/// A text cannot be written at a place, however it is quoted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Unencodable {
    /// The place has no notation for this byte.
    Byte(u8),
    /// The place has no room for more bytes than these.
    TooLong(usize),
}

impl fmt::Display for Unencodable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Byte(byte) => {
                write!(
                    f,
                    "the byte {:?} cannot be written there",
                    char::from(*byte)
                )
            }
            Self::TooLong(limit) => write!(f, "more than {limit} bytes cannot be written there"),
        }
    }
}

impl std::error::Error for Unencodable {}

/// What ends a word in most formats.
pub(crate) const BLANKS: &[u8] = b" \t\n\r";

impl Encoding {
    /// `text` as it has to be written at a place with this encoding. Fails if the place has no
    /// notation for one of its bytes.
    pub fn encode(self, text: &[u8]) -> Result<Vec<u8>, Unencodable> {
        let mut out = Vec::with_capacity(text.len());
        let refuse = |byte| Err(Unencodable::Byte(byte));
        match self {
            Self::Line => {
                let at_end = |byte: &u8| BLANKS.contains(byte) || *byte == b'\\';
                if let Some(byte) = text.iter().find(|byte| b"\n\r\0".contains(byte)) {
                    return refuse(*byte);
                }
                if let Some(byte) = text.last().filter(|byte| at_end(byte)) {
                    return refuse(*byte);
                }
                if let Some(byte) = text.first().filter(|byte| BLANKS.contains(byte)) {
                    return refuse(*byte);
                }
                out.extend_from_slice(text);
            }
            Self::UnitWord(quote) => {
                for &byte in text {
                    c_escape(byte, quote, &mut out)?;
                }
            }
            Self::UdevEscapedValue => {
                for &byte in text {
                    c_escape(byte, Quote::Double, &mut out)?;
                }
            }
            Self::UdevWord(quote) => {
                let special: &[u8] = match quote {
                    Quote::Bare => b" \t\n\r\"'",
                    Quote::Single => b"'",
                    Quote::Double => b"\"",
                };
                if let Some(&byte) = text.iter().find(|byte| special.contains(byte)) {
                    return refuse(byte);
                }
                out.extend_from_slice(text);
            }
            Self::Specifier | Self::DesktopFieldCode => double(text, b"%", &mut out),
            Self::Dollar => double(text, b"$", &mut out),
            Self::UdevSubstitution => double(text, b"%$", &mut out),
            Self::UdevValue => {
                for (index, &byte) in text.iter().enumerate() {
                    match byte {
                        b'"' => out.extend_from_slice(b"\\\""),
                        b'\n' | b'\0' => return refuse(byte),
                        // It would swallow the quote that follows it.
                        b'\\' if text.get(index + 1).is_none_or(|next| *next == b'"') => {
                            return refuse(byte);
                        }
                        _ => out.push(byte),
                    }
                }
            }
            Self::ShellWord(quote) => {
                for &byte in text {
                    shell_escape(byte, quote, &mut out)?;
                }
            }
            Self::EnvironmentFile(quote) => {
                let refused: &[u8] = match quote {
                    Quote::Single => b"'\0",
                    Quote::Double => b"\0",
                    // They end the line, a backslash in front or not.
                    Quote::Bare => b"\n\r\0",
                };
                for &byte in text {
                    if refused.contains(&byte) {
                        return refuse(byte);
                    }
                    shell_escape(byte, quote, &mut out)?;
                }
            }
            Self::ModprobeLine => {
                for &byte in text {
                    match byte {
                        b'\\' => out.extend_from_slice(b"\\\\"),
                        b'\n' | b'\0' => return refuse(byte),
                        _ => out.push(byte),
                    }
                }
            }
            Self::CrontabCommand => {
                // A backslash takes the next byte along.
                let mut is_taken = false;
                for &byte in text {
                    match byte {
                        b'%' if is_taken => return refuse(b'\\'),
                        b'%' => out.extend_from_slice(b"\\%"),
                        b'\n' | b'\0' => return refuse(byte),
                        _ => out.push(byte),
                    }
                    is_taken = byte == b'\\' && !is_taken;
                }
                if is_taken {
                    return refuse(b'\\');
                }
            }
            Self::CorePattern(room) => {
                let room = usize::from(room);
                let ends = |byte: &&u8| byte.is_ascii_whitespace() || **byte == 0;
                if let Some(&byte) = text.iter().find(ends) {
                    return refuse(byte);
                }
                if text.len() > room {
                    return Err(Unencodable::TooLong(room));
                }
                out.extend_from_slice(text);
            }
            Self::ShellBackquote => {
                // A backslash is read twice there.
                if let Some(&byte) = text.iter().find(|byte| b"`$\\".contains(byte)) {
                    return refuse(byte);
                }
                out.extend_from_slice(text);
            }
            Self::XmlText => {
                let ends = [text.first(), text.last()];
                if let Some(&byte) = ends.into_iter().flatten().find(|end| BLANKS.contains(end)) {
                    return refuse(byte);
                }
                if let Err(error) = std::str::from_utf8(text) {
                    return refuse(text.get(error.valid_up_to()).copied().unwrap_or_default());
                }
                for &byte in text {
                    match byte {
                        b'&' => out.extend_from_slice(b"&amp;"),
                        b'<' => out.extend_from_slice(b"&lt;"),
                        b'>' => out.extend_from_slice(b"&gt;"),
                        0..=8 | 11 | 12 | 14..=31 => return refuse(byte),
                        _ => out.push(byte),
                    }
                }
            }
            Self::BinfmtField(delimiter) => {
                let taken = |byte: &&u8| **byte == delimiter || **byte == b'\n';
                if let Some(&byte) = text.iter().find(taken) {
                    return refuse(byte);
                }
                out.extend_from_slice(text);
            }
            Self::Item(separator) => {
                let special = |byte: &&u8| **byte == separator || b"\"'\\\n\r\0".contains(byte);
                if let Some(&byte) = text.iter().find(special) {
                    return refuse(byte);
                }
                out.extend_from_slice(text);
            }
            Self::PkgConfigValue => {
                for &byte in text {
                    match byte {
                        b'#' => out.extend_from_slice(b"\\#"),
                        b'"' | b'\'' | b'`' | b'\\' => return refuse(byte),
                        _ if byte.is_ascii_whitespace() || byte.is_ascii_control() => {
                            return refuse(byte);
                        }
                        _ => out.push(byte),
                    }
                }
            }
            Self::BareWord => {
                let special = |byte: &&u8| b"#[]\\\0".contains(byte) || BLANKS.contains(byte);
                if let Some(&byte) = text.iter().find(special) {
                    return refuse(byte);
                }
                out.extend_from_slice(text);
            }
            Self::JsonString => {
                if let Err(error) = std::str::from_utf8(text) {
                    return refuse(text.get(error.valid_up_to()).copied().unwrap_or_default());
                }
                for &byte in text {
                    match byte {
                        b'"' | b'\\' => out.extend_from_slice(&[b'\\', byte]),
                        0 => return refuse(byte),
                        1..=31 => out.extend_from_slice(format!("\\u{byte:04x}").as_bytes()),
                        _ => out.push(byte),
                    }
                }
            }
            Self::EnvWord => {
                let special = |byte: &&u8| b"#$\"'\\\0".contains(byte) || BLANKS.contains(byte);
                if let Some(&byte) = text.iter().find(special) {
                    return refuse(byte);
                }
                out.extend_from_slice(text);
            }
            Self::ScriptString => {
                for &byte in text {
                    match byte {
                        b'\\' => out.extend_from_slice(b"\\\\"),
                        // A quote of either kind could end another string of a file with an error.
                        b'"' | b'\'' | b'\n' | b'\r' => return refuse(byte),
                        _ => out.push(byte),
                    }
                }
            }
            Self::DesktopString => {
                for (index, &byte) in text.iter().enumerate() {
                    match byte {
                        // Blanks at the ends of a value are not part of it.
                        b' ' if index == 0 || index + 1 == text.len() => {
                            out.extend_from_slice(b"\\s");
                        }
                        b'\\' => out.extend_from_slice(b"\\\\"),
                        b'\n' => out.extend_from_slice(b"\\n"),
                        b'\t' => out.extend_from_slice(b"\\t"),
                        b'\r' => out.extend_from_slice(b"\\r"),
                        b'\0' => return refuse(byte),
                        _ => out.push(byte),
                    }
                }
            }
            Self::DesktopWord(quote) => match quote {
                Quote::Bare => {
                    let reserved = b" \t\n\"'\\><~|&;$*?#()`";
                    if let Some(&byte) = text.iter().find(|byte| reserved.contains(byte)) {
                        return refuse(byte);
                    }
                    out.extend_from_slice(text);
                }
                Quote::Single => {
                    if text.contains(&b'\'') {
                        return refuse(b'\'');
                    }
                    out.extend_from_slice(text);
                }
                Quote::Double => {
                    for &byte in text {
                        if b"\"`$\\".contains(&byte) {
                            out.push(b'\\');
                        }
                        out.push(byte);
                    }
                }
            },
        }
        Ok(out)
    }
}

fn double(text: &[u8], special: &[u8], out: &mut Vec<u8>) {
    for &byte in text {
        if special.contains(&byte) {
            out.push(byte);
        }
        out.push(byte);
    }
}

/// systemd's C escapes (`src/basic/escape.c`).
fn c_escape(byte: u8, quote: Quote, out: &mut Vec<u8>) -> Result<(), Unencodable> {
    match (byte, quote) {
        (b'\\', _) => out.extend_from_slice(b"\\\\"),
        (b'\n', _) => out.extend_from_slice(b"\\n"),
        (b'\r', _) => out.extend_from_slice(b"\\r"),
        (b'\t', _) => out.extend_from_slice(b"\\t"),
        (b' ', Quote::Bare) => out.extend_from_slice(b"\\s"),
        (b'"', Quote::Bare | Quote::Double) => out.extend_from_slice(b"\\\""),
        (b'\'', Quote::Bare | Quote::Single) => out.extend_from_slice(b"\\'"),
        (0, _) => return Err(Unencodable::Byte(byte)),
        _ => out.push(byte),
    }
    Ok(())
}

fn shell_escape(byte: u8, quote: Quote, out: &mut Vec<u8>) -> Result<(), Unencodable> {
    match quote {
        Quote::Bare => {
            // A line end would vanish with its backslash.
            if matches!(byte, b'\n' | b'\0') {
                return Err(Unencodable::Byte(byte));
            }
            let plain =
                byte.is_ascii_alphanumeric() || byte >= 0x80 || b"_@%+=:,./-^".contains(&byte);
            if !plain {
                out.push(b'\\');
            }
            out.push(byte);
        }
        Quote::Double => {
            if b"$`\"\\".contains(&byte) {
                out.push(b'\\');
            }
            out.push(byte);
        }
        Quote::Single if byte == b'\'' => out.extend_from_slice(b"'\\''"),
        Quote::Single => out.push(byte),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_no_notation_is_refused() {
        for (encoding, text) in [
            (Encoding::UdevWord(Quote::Bare), &b"a b"[..]),
            (Encoding::UdevWord(Quote::Single), b"it's"),
            (Encoding::Line, b"a\nb"),
            (Encoding::Line, b"a\\"),
            (Encoding::BinfmtField(b':'), b"a:b"),
            (Encoding::UdevValue, b"a\\"),
            (Encoding::PkgConfigValue, b"a b"),
            (Encoding::PkgConfigValue, b"a\\b"),
            (Encoding::XmlText, b"\x01"),
            (Encoding::BareWord, b"a b"),
            (Encoding::BareWord, b"a#"),
            (Encoding::EnvWord, b"a'b"),
            (Encoding::ScriptString, b"a\nb"),
        ] {
            assert!(encoding.encode(text).is_err(), "{encoding:?} {text:?}");
        }
    }
}
