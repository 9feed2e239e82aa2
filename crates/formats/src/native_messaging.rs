//! Manifests of native-messaging hosts, by which a browser finds the program that an extension talks to: JSON,
//! MDN "Native manifests", Chromium "Native messaging". On Linux, `path` is absolute.

use crate::encoding::Encoding;
use crate::format::{Files, Format, Paths};
use crate::mapped_text::{MappedText, Span};
use crate::reference::{ProblemKind, Reference, Role, Scan};

pub(crate) static FORMAT: Format = Format {
    directories: &[
        "chromium/native-messaging-hosts",
        "librewolf/native-messaging-hosts",
        "mozilla/native-messaging-hosts",
        "opt/chrome/native-messaging-hosts",
        "opt/edge/native-messaging-hosts",
    ],
    files: Files::Ending(&[".json"]),
    scan,
    paths: Paths::All,
    pieces: &[
        b"{ \"name\": \"org.x\",\n",
        b"\"path\": \"/usr/lib/x/host\"",
        b"\"path\": \"\\/usr\\/bin\\/\\u0078\"",
        b"\"type\": \"stdio\",\n",
        b"\"allowed_extensions\": [ \"x@y\", 1.5e3, null, true ]",
        b", ",
        b"}\n",
    ],
};

/// Objects and arrays within each other that are read, at most.
const MAX_DEPTH: usize = 64;

/// Finds the host's program. Of what is no JSON, which browsers do not load, only that is reported.
#[must_use]
pub fn scan(file: &[u8]) -> Scan {
    let mut scan = Scan::default();
    let mut reader = Reader { file, at: 0 };
    let mut path = None;
    let start = if file.starts_with(b"\xef\xbb\xbf") {
        3
    } else {
        0
    };
    reader.at = start;
    let read = reader.value(0, &mut |key, text| {
        if key == b"path" {
            path = Some(text);
        }
    });
    reader.skip_blanks();
    if read.is_none() || reader.at < file.len() {
        let at = reader.at.min(file.len());
        scan.problem(ProblemKind::BadJson, Span::new(at, file.len().min(at + 1)));
    } else if let Some(text) = path.filter(|text: &MappedText| !text.is_empty()) {
        scan.references
            .push(Reference::new(Role::Program, "path", text));
    }
    scan
}

/// Reads JSON: RFC 8259. A method gives nothing where the text is none.
struct Reader<'a> {
    file: &'a [u8],
    at: usize,
}

impl Reader<'_> {
    fn skip_blanks(&mut self) {
        let rest = self.file.get(self.at..).unwrap_or_default();
        let blank = |byte: &&u8| b" \t\r\n".contains(byte);
        self.at += rest.iter().take_while(blank).count();
    }

    /// Steps over a mark, if it is the next one after blanks.
    fn takes(&mut self, mark: u8) -> bool {
        self.skip_blanks();
        let is_next = self.file.get(self.at) == Some(&mark);
        self.at += usize::from(is_next);
        is_next
    }

    /// A value; `found` is given the strings of the outermost object, with their keys.
    fn value(&mut self, depth: usize, found: &mut dyn FnMut(&[u8], MappedText)) -> Option<()> {
        if depth > MAX_DEPTH {
            return None;
        }
        self.skip_blanks();
        match self.file.get(self.at)? {
            b'{' => {
                self.at += 1;
                if self.takes(b'}') {
                    return Some(());
                }
                loop {
                    self.skip_blanks();
                    let key = self.string()?;
                    if !self.takes(b':') {
                        return None;
                    }
                    self.skip_blanks();
                    if depth == 0 && self.file.get(self.at) == Some(&b'"') {
                        found(key.bytes(), self.string()?);
                    } else {
                        self.value(depth + 1, found)?;
                    }
                    if !self.takes(b',') {
                        return self.takes(b'}').then_some(());
                    }
                }
            }
            b'[' => {
                self.at += 1;
                if self.takes(b']') {
                    return Some(());
                }
                loop {
                    self.value(depth + 1, found)?;
                    if !self.takes(b',') {
                        return self.takes(b']').then_some(());
                    }
                }
            }
            b'"' => self.string().map(drop),
            _ => {
                let rest = self.file.get(self.at..)?;
                let is_part = |byte: &&u8| byte.is_ascii_alphanumeric() || b"+-.".contains(byte);
                let word = rest.get(..rest.iter().take_while(is_part).count())?;
                let is_number = word
                    .first()
                    .is_some_and(|first| *first == b'-' || first.is_ascii_digit());
                self.at += word.len();
                (is_number || matches!(word, b"true" | b"false" | b"null")).then_some(())
            }
        }
    }

    /// A string, decoded.
    fn string(&mut self) -> Option<MappedText> {
        if self.file.get(self.at) != Some(&b'"') {
            return None;
        }
        self.at += 1;
        let encoding = Some(Encoding::JsonString);
        let mut text = MappedText::new();
        loop {
            let rest = self.file.get(self.at..)?;
            let length = memchr::memchr3(b'"', b'\\', b'\n', rest)?;
            let outer = MappedText::of_file(self.file, Span::new(self.at, self.at + length));
            text.push(&outer, 0..length, encoding);
            self.at += length;
            match self.file.get(self.at)? {
                b'"' => {
                    self.at += 1;
                    return Some(text);
                }
                b'\\' => {
                    let (decoded, length) = unescape(self.file.get(self.at..)?)?;
                    let span = Span::new(self.at, self.at + length);
                    let outer = MappedText::of_file(self.file, span);
                    text.push_decoded(&decoded, &outer, 0..length, encoding);
                    self.at += length;
                }
                _ => return None,
            }
        }
    }
}

/// What the escape at the start of `rest` stands for, and how long it is.
fn unescape(rest: &[u8]) -> Option<(Vec<u8>, usize)> {
    let simple = match rest.get(1)? {
        byte @ (b'"' | b'\\' | b'/') => *byte,
        b'b' => 8,
        b'f' => 12,
        b'n' => b'\n',
        b'r' => b'\r',
        b't' => b'\t',
        b'u' => {
            let unit = |at: usize| {
                let digits = std::str::from_utf8(rest.get(at + 2..at + 6)?).ok()?;
                let all = digits.bytes().all(|digit| digit.is_ascii_hexdigit());
                u16::from_str_radix(digits, 16).ok().filter(|_| all)
            };
            let first = unit(0)?;
            let second = rest.get(6..8).filter(|next| *next == b"\\u");
            let units = match second.and_then(|_| unit(6)) {
                Some(second) if (0xd800..0xdc00).contains(&first) => vec![first, second],
                _ => vec![first],
            };
            let text = String::from_utf16(&units).ok()?;
            return Some((text.into_bytes(), 6 * units.len()));
        }
        _ => return None,
    };
    Some((vec![simple], 2))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn program(file: &str) -> Option<String> {
        let scan = scan(file.as_bytes());
        let found = scan.references.first()?;
        Some(String::from_utf8_lossy(found.text.bytes()).into_owned())
    }

    #[test]
    fn programs_of_hosts() {
        for (file, expected) in [
            (r#"{"name":"x","path":"/usr/bin/x"}"#, Some("/usr/bin/x")),
            (
                "{\n \"path\" : \"/usr/bin/x\" ,\n \"a\": [1, {}, null]\n}\n",
                Some("/usr/bin/x"),
            ),
            (
                r#"{"path":"\/usr\/bin\/\u0078\ud83d\udc27"}"#,
                Some("/usr/bin/x🐧"),
            ),
            (r#"{"a":{"path":"/usr/bin/x"}}"#, None),
            (r#"{"a":"path","b":"/usr/bin/x"}"#, None),
            (r#"{"path":["/usr/bin/x"]}"#, None),
            (r#"["path","/usr/bin/x"]"#, None),
            (r#"{"path":""}"#, None),
        ] {
            assert_eq!(program(file).as_deref(), expected, "{file}");
            assert!(scan(file.as_bytes()).problems.is_empty(), "{file}");
        }
    }

    #[test]
    fn what_is_no_json() {
        for file in [
            "",
            r#"{"path":"/usr/bin/x",}"#,
            r#"{"path":"/usr/bin/x"} x"#,
            r#"{"path":"/usr/bin/x""#,
            "{'path':'/usr/bin/x'}",
            "{\"path\":\"/usr/bin/x\n\"}",
            r#"{"path":"\x"}"#,
            "// {}",
        ] {
            let scan = scan(file.as_bytes());
            assert!(scan.references.is_empty(), "{file}");
            assert_eq!(scan.problems[0].kind, ProblemKind::BadJson, "{file}");
        }
        let deep = "[".repeat(100_000);
        assert_eq!(scan(deep.as_bytes()).problems[0].kind, ProblemKind::BadJson);
    }

    #[test]
    fn a_replacement_is_escaped() {
        let file = r#"{"path":"/usr/bin/x"}"#;
        let text = &scan(file.as_bytes()).references[0].text;
        assert_eq!(text.editable_span(), Some(Span::new(9, 19)));
        assert_eq!(
            text.encode(b"/a\"\\\n").as_deref(),
            Ok(&b"/a\\\"\\\\\\u000a"[..])
        );
    }
}
