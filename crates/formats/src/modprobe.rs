//! `modprobe.d(5)`: `install` and `remove` lines are shell commands, as libkmod reads them
//! (`kmod_config_parse()`, `getline_wrapped()`).

use crate::command_line::Context;
use crate::encoding::Encoding;
use crate::format::{Files, Format, Paths};
use crate::mapped_text::{MappedText, Span};
use crate::reference::{Lookup, Scan};
use crate::shell::{Names, scan_script};

pub(crate) static FORMAT: Format = Format {
    directories: &["modprobe.d"],
    files: Files::Ending(&[".conf"]),
    scan,
    paths: Paths::All,
    pieces: &[
        b"\ninstall x ",
        b"\nremove x ",
        b"\n install\tx\t",
        b"\noptions x ",
        b" $CMDLINE_OPTS",
    ],
};

/// Finds what the shell commands of `install` and `remove` name.
#[must_use]
pub fn scan(file: &[u8]) -> Scan {
    let mut scan = Scan::default();
    let mut at = 0;
    while at < file.len() {
        let line = line(file, &mut at);
        if let Some((field, script)) = command(&line) {
            let context = Context::new(field, Lookup::SearchPath);
            scan_script(&mut scan, &context, &script, Names::Resolved);
        }
    }
    scan
}

/// The logical line at `at`. A backslash is dropped and takes the byte after it as it is; before a
/// line end, that is dropped as well.
fn line(file: &[u8], at: &mut usize) -> MappedText {
    let outer = |from: usize, to: usize| MappedText::of_file(file, Span::new(from, to));
    let encoding = Some(Encoding::ModprobeLine);
    let mut text = MappedText::new();
    while let Some(rest) = file.get(*at..).filter(|rest| !rest.is_empty()) {
        let length = memchr::memchr2(b'\n', b'\\', rest).unwrap_or(rest.len());
        text.push(&outer(*at, *at + length), 0..length, encoding);
        *at += length;
        match (file.get(*at), file.get(*at + 1)) {
            (Some(b'\\'), Some(b'\n')) => *at += 2,
            (Some(b'\\'), Some(&escaped)) => {
                text.push_decoded(&[escaped], &outer(*at, *at + 2), 0..2, encoding);
                *at += 2;
            }
            _ => {
                *at += 1;
                break;
            }
        }
    }
    text
}

/// The command of an `install` or `remove` line, and which of them it is.
fn command(line: &MappedText) -> Option<(&'static str, MappedText)> {
    let bytes = line.bytes();
    if bytes.starts_with(b"#") {
        return None;
    }
    let blank = |byte: &u8| matches!(byte, b' ' | b'\t');
    let word = |from: usize| {
        let rest = bytes.get(from..)?;
        let start = from + rest.iter().position(|byte| !blank(byte))?;
        let rest = bytes.get(start..)?;
        Some(start..start + rest.iter().position(blank).unwrap_or(rest.len()))
    };
    let keyword = word(0)?;
    let field = match bytes.get(keyword.clone())? {
        b"install" => "install",
        b"remove" => "remove",
        _ => return None,
    };
    let module = word(keyword.end)?;
    // A blank at its end may be escaped.
    let script = line.slice(word(module.end)?.start..line.len());
    Some((field, script))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn commands(file: &str) -> Vec<(&'static str, String)> {
        let (mut at, mut found) = (0, Vec::new());
        while at < file.len() {
            if let Some((field, script)) = command(&line(file.as_bytes(), &mut at)) {
                found.push((field, String::from_utf8_lossy(script.bytes()).into_owned()));
            }
        }
        found
    }

    #[test]
    fn install_and_remove() {
        for (file, expected) in [
            (
                "install a /bin/x start; modprobe -i a $CMDLINE_OPTS\n",
                Some(("install", "/bin/x start; modprobe -i a $CMDLINE_OPTS")),
            ),
            (
                "  remove\ta \t modprobe -r a && x",
                Some(("remove", "modprobe -r a && x")),
            ),
            (
                "install a /bin/x \\\n  -f\n",
                Some(("install", "/bin/x   -f")),
            ),
            (
                "install a echo \\\\\"b\\q\"",
                Some(("install", "echo \\\"bq\"")),
            ),
            ("install a\n", None),
            ("options a b=/c\n", None),
            ("installed a /bin/x\n", None),
            ("#install a /bin/x\n", None),
            ("# comment \\\ninstall a /bin/x\n", None),
            ("", None),
            ("\\", None),
        ] {
            let found = commands(file);
            let expected = expected.map(|(field, script)| (field, script.to_owned()));
            assert_eq!(found.into_iter().next(), expected, "{file:?}");
        }
        assert_eq!(commands("install a x\r\nalias b c\ninstall d y").len(), 2);
    }

    #[test]
    fn a_backslash_is_doubled_in_a_replacement() {
        let file = b"install a /bin/x";
        let (_, script) = command(&line(file, &mut 0)).expect("it has a command");
        assert_eq!(script.editable_span(), Some(Span::new(10, 16)));
        assert_eq!(script.encode(b"\\a").as_deref(), Ok(&b"\\\\a"[..]));
    }
}
