//! `environment.d(5)`: `KEY=VALUE` lines, as systemd's `parse_env_file_internal()`
//! (`src/basic/env-file.c`) and `replace_env()` (`src/basic/env-util.c`) read them.

use std::cell::Cell;

use crate::command_line::scan_variable;
use crate::encoding::{Encoding, Quote};
use crate::format::{Files, Format, Paths};
use crate::lines::is_blank;
use crate::mapped_text::{MappedText, Span};
use crate::reference::Scan;
use crate::words::read_doubled;

pub(crate) static FORMAT: Format = Format {
    directories: &["environment.d"],
    files: Files::Ending(&[".conf"]),
    scan,
    paths: Paths::All,
    pieces: &[
        b"\nA=",
        b"\nPATH=",
        b"\nPATH=\"/usr/bin:",
        b"\nLD_LIBRARY_PATH=",
        b"\nA='",
        b"\n A = ",
    ],
};

/// Finds the files and search paths in environment variables.
#[must_use]
pub fn scan(file: &[u8]) -> Scan {
    let mut scan = Scan::default();
    let mut reader = Reader { file, at: 0 };
    while let Some((key, value)) = reader.assignment() {
        let value = read_variables(&value);
        if is_variable_name(key) {
            scan_variable(&mut scan, "VALUE", key, &value);
        }
    }
    scan
}

fn is_variable_name(key: &[u8]) -> bool {
    let is_letter = |byte: &u8| byte.is_ascii_alphabetic() || *byte == b'_';
    let starts_well = key.first().is_some_and(is_letter);
    starts_well
        && key
            .iter()
            .all(|byte| is_letter(byte) || byte.is_ascii_digit())
}

/// `$NAME`, `${NAME}`, `${NAME:-…}` and `${NAME:+…}` are not known here; `$$` is a dollar sign.
fn read_variables(value: &MappedText) -> MappedText {
    // What follows an open `${` is literal to the end.
    let open = Cell::new(false);
    read_doubled(value, b"$", Encoding::Dollar, |rest| {
        if open.get() {
            return None;
        }
        let name = rest.get(1..)?;
        if name.first() != Some(&b'{') {
            let is_part = |byte: &&u8| byte.is_ascii_alphanumeric() || **byte == b'_';
            let length = name.iter().take_while(is_part).count();
            return (length > 0).then_some(1 + length);
        }
        let mut depth = 0_usize;
        for (index, byte) in name.iter().enumerate() {
            match byte {
                b'{' => depth += 1,
                b'}' => depth -= 1,
                _ => {}
            }
            if depth == 0 {
                return Some(index + 2);
            }
        }
        open.set(true);
        None
    })
}

struct Reader<'a> {
    file: &'a [u8],
    at: usize,
}

fn is_line_end(byte: u8) -> bool {
    matches!(byte, b'\n' | b'\r')
}

impl<'a> Reader<'a> {
    /// The next byte, which is thereby read.
    fn next(&mut self) -> Option<u8> {
        let byte = *self.file.get(self.at)?;
        self.at += 1;
        Some(byte)
    }

    fn skip_line(&mut self) {
        while self.next().is_some_and(|byte| !is_line_end(byte)) {}
    }

    /// The next `KEY=VALUE`; `None` at the end of the file.
    fn assignment(&mut self) -> Option<(&'a [u8], MappedText)> {
        loop {
            match *self.file.get(self.at)? {
                b'#' | b';' => self.skip_line(),
                byte if is_blank(byte) => self.at += 1,
                _ => {
                    let start = self.at;
                    let rest = self.file.get(start..)?;
                    let length = rest
                        .iter()
                        .position(|byte| *byte == b'=' || is_line_end(*byte))?;
                    self.at += length + 1;
                    if rest.get(length) == Some(&b'=') {
                        let key = rest.get(..length)?.trim_ascii_end();
                        return Some((key, self.value()));
                    }
                }
            }
        }
    }

    /// The value up to the end of its line. Quotes are quotes at its beginning and after a closing
    /// quote only; within them a value may go on over line ends.
    fn value(&mut self) -> MappedText {
        let mut text = MappedText::new();
        let mut bare = false;
        // Unescaped blanks that are dropped if nothing follows them.
        let mut blanks = None;
        loop {
            let start = self.at;
            let Some(byte) = self.next() else { break };
            match byte {
                _ if is_line_end(byte) => break,
                b'\'' | b'"' if !bare => self.quoted(byte, &mut text),
                _ if is_blank(byte) => {
                    if bare {
                        blanks.get_or_insert(start);
                    }
                }
                _ => {
                    let from = blanks.take().unwrap_or(start);
                    bare = true;
                    self.push(&mut text, from, start, Quote::Bare);
                    if byte == b'\\' {
                        // A line end is dropped with its backslash.
                        let escaped = self.next().filter(|byte| !is_line_end(*byte));
                        self.push_escape(&mut text, escaped, start, Quote::Bare);
                    } else {
                        self.push(&mut text, start, self.at, Quote::Bare);
                    }
                }
            }
        }
        text
    }

    /// The rest of a part in quotes, its closing quote included.
    fn quoted(&mut self, mark: u8, text: &mut MappedText) {
        let quote = match mark {
            b'"' => Quote::Double,
            _ => Quote::Single,
        };
        let mut plain = self.at;
        loop {
            let start = self.at;
            let Some(byte) = self.next() else { break };
            if byte == mark {
                return self.push(text, plain, start, quote);
            }
            if byte == b'\\' && quote == Quote::Double {
                let escaped = self.next();
                if let Some(byte) = escaped.filter(|byte| b"\"\\`$\n".contains(byte)) {
                    self.push(text, plain, start, quote);
                    let kept = Some(byte).filter(|byte| *byte != b'\n');
                    self.push_escape(text, kept, start, quote);
                    plain = self.at;
                }
            }
        }
        self.push(text, plain, self.at, quote);
    }

    fn push(&self, text: &mut MappedText, from: usize, to: usize, quote: Quote) {
        let outer = MappedText::of_file(self.file, Span::new(from, to));
        text.push(
            &outer,
            0..outer.len(),
            Some(Encoding::EnvironmentFile(quote)),
        );
    }

    fn push_escape(&self, text: &mut MappedText, decoded: Option<u8>, from: usize, quote: Quote) {
        let outer = MappedText::of_file(self.file, Span::new(from, self.at));
        let encoding = Some(Encoding::EnvironmentFile(quote));
        text.push_decoded(decoded.as_slice(), &outer, 0..outer.len(), encoding);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reference::Role;

    #[test]
    fn assignments() {
        for (file, expected) in [
            ("A=b", &[("A", "b")][..]),
            (" A = b c \t\nD=", &[("A", "b c"), ("D", "")]),
            ("#A=b\n;C=d\nE=f # g", &[("E", "f # g")]),
            ("# a \\\nB=c", &[("B", "c")]),
            ("A\nB=c\r\nD=e\r\n", &[("B", "c"), ("D", "e")]),
            ("A='b c' \"d\"e", &[("A", "b cde")]),
            ("A=b'c'", &[("A", "b'c'")]),
            ("A='b\nc'\nD=e", &[("A", "b\nc"), ("D", "e")]),
            ("A='\\b' \"\\\"\\$\\x\\\n\"", &[("A", "\\b\"$\\x")]),
            ("A=\\ b\\c\\\nd\\ \nE=f", &[("A", " bcd "), ("E", "f")]),
            ("A='b", &[("A", "b")]),
            ("A=\\", &[("A", "")]),
        ] {
            let mut reader = Reader {
                file: file.as_bytes(),
                at: 0,
            };
            let mut found = Vec::new();
            while let Some((key, value)) = reader.assignment() {
                let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
                found.push((text(key), text(value.bytes())));
            }
            let expected: Vec<_> = expected
                .iter()
                .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
                .collect();
            assert_eq!(found, expected, "{file:?}");
        }
    }

    #[test]
    fn variables() {
        for (value, decoded, literal) in [
            ("a$$b", "a$b", true),
            ("$A:/b", "$A:/b", false),
            ("${A:-/usr/${B}/x}/y", "${A:-/usr/${B}/x}/y", false),
            ("$/x $", "$/x $", true),
            ("${A:-$B", "${A:-$B", true),
        ] {
            let text = MappedText::of_file(value.as_bytes(), Span::new(0, value.len()));
            let text = read_variables(&text);
            assert_eq!(text.bytes(), decoded.as_bytes(), "{value}");
            assert_eq!(text.is_literal(), literal, "{value}");
        }
    }

    #[test]
    fn search_paths() {
        for (file, expected) in [
            ("PATH=$PATH:/snap/bin", Some("$PATH:/snap/bin")),
            (
                "PATH=\"$HOME/bin:/usr/bin:$PATH\"",
                Some("$HOME/bin:/usr/bin:$PATH"),
            ),
            ("PATH=${PATH:-/usr/bin:/bin}", None),
            ("PATH=$HOME/bin", None),
            ("PATH=", None),
        ] {
            let scan = scan(file.as_bytes());
            let found = scan.references.first();
            assert!(
                found.is_none_or(|found| found.role == Role::ProgramSearchPath),
                "{file}"
            );
            let found = found.map(|found| found.text.bytes());
            assert_eq!(found, expected.map(str::as_bytes), "{file}");
        }
    }

    #[test]
    fn arguments() {
        let file = b"EDITOR=/usr/bin/vi\n1X=/usr/bin/y\n";
        let scan = scan(file);
        assert_eq!(scan.references.len(), 1);
        let text = &scan.references[0].text;
        assert_eq!(text.bytes(), b"/usr/bin/vi");
        assert_eq!(text.editable_span(), Some(Span::new(7, 18)));
        assert_eq!(text.encode(b"/a b$").as_deref(), Ok(&b"/a\\ b\\$\\$"[..]));
    }
}
