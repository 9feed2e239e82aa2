//! udev rules: `udev(7)`, as systemd reads them (`src/udev/udev-rules.c`, `src/udev/udev-event.c`).

use std::cell::Cell;

use crate::command_line::{Context, scan_command};
use crate::encoding::Encoding;
use crate::format::{Files, Format, Paths};
use crate::lines::{self, is_blank};
use crate::mapped_text::{MappedText, Span};
use crate::reference::{Account, Declaration, Lookup, ProblemKind, Reference, Role, Scan};
use crate::words::{self, Escapes};

pub(crate) static FORMAT: Format = Format {
    directories: &["udev/rules.d"],
    files: Files::Ending(&[".rules"]),
    scan,
    paths: Paths::All,
    pieces: &[
        b"\nRUN+=\"",
        b"\nACTION==\"add\", RUN{program}+=\"",
        b"\nPROGRAM==\"",
        b"\nIMPORT{program}=\"",
        b"\nIMPORT{file}=\"",
        b"\nTEST==\"",
        b"\nENV{A}=\"",
        b"\nRUN+=e\"",
        b"\nRUN+=i\"",
        b"\", ",
        b"\"\n",
        b"\nRUN+=\"/bin/sh -c '",
    ],
};

/// udev ignores longer lines (`UDEV_LINE_SIZE`).
const LINE_SIZE: usize = 16384;

/// Finds what udev rules run, import and test.
#[must_use]
pub fn scan(file: &[u8]) -> Scan {
    let mut scan = Scan::default();
    let mut line = MappedText::new();
    for physical in lines::physical(file) {
        let start = skip(physical.of(file), 0, is_blank) + physical.start;
        let end = physical.end;
        match Span::new(start, end).of(file) {
            // Also between a line and its continuation.
            [b'#', ..] => continue,
            [.., b'\\'] => {
                line.push_file(file, Span::new(start, end - 1));
                continue;
            }
            _ => line.push_file(file, Span::new(start, end)),
        }
        scan_line(&mut scan, &std::mem::take(&mut line));
    }
    // The file ends in a continuation: udev ignores the line.
    scan.problem_in(ProblemKind::BadLine, &line);
    scan
}

fn scan_line(scan: &mut Scan, line: &MappedText) {
    // A line is taken as a whole or not at all.
    match tokens(line).filter(|_| line.len() < LINE_SIZE) {
        Some(tokens) => {
            for token in &tokens {
                scan_token(scan, token);
            }
            scan_device_unit(scan, &tokens);
        }
        None => scan.problem_in(ProblemKind::BadLine, line),
    }
}

/// `KEY{attribute}OP"value"`.
struct Token<'a> {
    key: &'a [u8],
    attribute: Option<&'a [u8]>,
    operator: &'static [u8],
    value: MappedText,
}

const OPERATORS: &[&[u8]] = &[b"==", b"!=", b"+=", b"-=", b":=", b"="];

/// The tokens of a line; `None` if one of them is malformed.
fn tokens(line: &MappedText) -> Option<Vec<Token<'_>>> {
    let bytes = line.bytes();
    let mut tokens = Vec::new();
    let mut at = 0;
    loop {
        at = skip(bytes, at, |byte| is_blank(byte) || byte == b',');
        if at >= bytes.len() {
            return Some(tokens);
        }
        let (token, end) = token(line, at)?;
        tokens.push(token);
        at = end;
    }
}

fn skip(bytes: &[u8], from: usize, skipped: impl Fn(u8) -> bool) -> usize {
    let rest = bytes.get(from..).unwrap_or_default();
    from + rest.iter().take_while(|byte| skipped(**byte)).count()
}

/// The token at `at`, and where it ends.
fn token(line: &MappedText, at: usize) -> Option<(Token<'_>, usize)> {
    let bytes = line.bytes();
    let rest = bytes.get(at..)?;
    let length = (0..rest.len()).find(|index| match rest.get(*index..) {
        Some([b'=' | b'{', ..] | [b'+' | b'-' | b'!' | b':', b'=', ..]) => true,
        Some([byte, ..]) => is_blank(*byte),
        _ => false,
    })?;
    let (key, rest) = rest.split_at_checked(length)?;
    let mut at = at + length;
    let attribute = match rest.strip_prefix(b"{") {
        Some(rest) => {
            let length = memchr::memchr(b'}', rest)?;
            at += length + 2;
            Some(rest.get(..length)?)
        }
        None => None,
    };
    at = skip(bytes, at, is_blank);
    let rest = bytes.get(at..)?;
    let operator = OPERATORS
        .iter()
        .find(|operator| rest.starts_with(operator))?;
    at = skip(bytes, at + operator.len(), is_blank);
    let (value, end) = value(line, at)?;
    let token = Token {
        key,
        attribute,
        operator,
        value,
    };
    Some((token, end))
}

/// The value at `at`, and where it ends: `"…"`, with `e` (C escapes) and `i` (matches ignore case)
/// in front.
fn value(line: &MappedText, at: usize) -> Option<(MappedText, usize)> {
    let bytes = line.bytes();
    let (escaped, prefix) = match bytes.get(at..)? {
        [b'"', ..] => (false, 0),
        [b'i', b'"', ..] => (false, 1),
        [b'e', b'"', ..] => (true, 1),
        [b'e', b'i', b'"', ..] | [b'i', b'e', b'"', ..] => (true, 2),
        _ => return None,
    };
    let start = at + prefix + 1;
    let encoding = Some(Encoding::UdevValue);
    let mut text = MappedText::new();
    let (mut at, mut plain) = (start, start);
    loop {
        at += memchr::memchr2(b'"', b'\\', bytes.get(at..)?)?;
        match bytes.get(at..)? {
            [b'"', ..] => break,
            [_, b'"', ..] if !escaped => {
                text.push(line, plain..at, encoding);
                text.push_decoded(b"\"", line, at..at + 2, encoding);
                at += 2;
                plain = at;
            }
            _ if escaped => at += 2,
            _ => at += 1,
        }
    }
    if escaped {
        let value = line.slice(start..at);
        text = words::unescape_all(&value, Encoding::UdevEscapedValue).ok()?;
    } else {
        text.push(line, plain..at, encoding);
    }
    Some((text, at + 1))
}

fn scan_token(scan: &mut Scan, token: &Token<'_>) {
    let value = || read_substitutions(&token.value);
    let runs = |field| Context::new(field, Lookup::UdevHelpers);
    match (token.key, token.attribute) {
        (b"RUN", None | Some(b"program")) => scan_program(scan, &runs("RUN"), &value()),
        (b"PROGRAM", None) => scan_program(scan, &runs("PROGRAM"), &value()),
        (b"IMPORT", Some(b"program")) if is_builtin(token.value.bytes()) => {}
        (b"IMPORT", Some(b"program")) => scan_program(scan, &runs("IMPORT"), &value()),
        (b"IMPORT", Some(b"file")) => scan_path(scan, Role::File, "IMPORT", value()),
        (b"TEST", _) => scan_path(scan, Role::Condition, "TEST", value()),
        (b"OWNER", None) if !is_match(token) => {
            scan.uses_account(Account::User, "OWNER", value());
        }
        (b"GROUP", None) if !is_match(token) => {
            scan.uses_account(Account::Group, "GROUP", value());
        }
        // systemd.device(5)
        (b"ENV", Some(b"SYSTEMD_WANTS")) if !is_match(token) => {
            scan_units(scan, "SYSTEMD_WANTS", &value());
        }
        (b"ENV", Some(b"SYSTEMD_USER_WANTS")) if !is_match(token) => {
            scan_units(scan, "SYSTEMD_USER_WANTS", &value());
        }
        // Another rule may run it: `RUN+="$env{REMOVE_CMD}"`.
        (b"ENV", Some(_)) if !is_match(token) => {
            if let Ok(Some(word)) = words::first_word(&value(), 0, Escapes::Retained) {
                scan_path(scan, Role::Argument, "ENV", word.text);
            }
        }
        _ => {}
    }
}

/// The commands that udev has itself: udev(7), "Built-in commands"; `udev_builtin_lookup()` of systemd's
/// `src/udev/udev-builtin.c`, of all versions.
const BUILTINS: &[&[u8]] = &[
    b"blkid",
    b"btrfs",
    b"dissect_image",
    b"factory_reset",
    b"firmware",
    b"hwdb",
    b"input_id",
    b"keyboard",
    b"kmod",
    b"net_driver",
    b"net_id",
    b"net_setup_link",
    b"path_id",
    b"tpm2_id",
    b"uaccess",
    b"usb_id",
];

/// Whether the first word of a command is one that udev has itself: `IMPORT{program}` runs that one
/// (`parse_token()` of systemd's `src/udev/udev-rules.c`).
fn is_builtin(command: &[u8]) -> bool {
    let name = command.split(u8::is_ascii_whitespace).next();
    name.is_some_and(|name| BUILTINS.contains(&name))
}

/// Adds what a line says of the unit of a device: systemd.device(5).
fn scan_device_unit(scan: &mut Scan, tokens: &[Token<'_>]) {
    let is_tag = |token: &&Token<'_>| {
        token.key == b"TAG" && token.value.bytes() == b"systemd" && !is_match(token)
    };
    let is_tagged = tokens.iter().any(|token| is_tag(&token));
    let wants = tokens.iter().find(|token| {
        let names: [&[u8]; 2] = [b"SYSTEMD_WANTS", b"SYSTEMD_USER_WANTS"];
        let is_wants = token.attribute.is_some_and(|name| names.contains(&name));
        token.key == b"ENV" && is_wants && !is_match(token) && !token.value.is_empty()
    });
    if !is_tagged && wants.is_none() {
        return;
    }
    let of = tokens
        .iter()
        .filter(|token| token.key == b"SUBSYSTEM" && token.operator == b"==");
    let subsystems = of.flat_map(|token| token.value.bytes().split(|byte| *byte == b'|'));
    scan.declarations.push(Declaration::DeviceUnit {
        subsystems: subsystems.map(<[u8]>::to_vec).collect(),
        is_tagged,
        wants: wants.map(|token| token.value.clone()),
    });
}

/// Whether a token asks, and sets nothing.
fn is_match(token: &Token<'_>) -> bool {
    matches!(token.operator, b"==" | b"!=" | b"-=")
}

/// Adds the units that a device wants.
fn scan_units(scan: &mut Scan, field: &'static str, value: &MappedText) {
    // A value with an open quote is read up to there, by systemd as well.
    let mut at = 0;
    while let Ok(Some(word)) = words::first_word(value, at, Escapes::Retained) {
        at = word.range.end;
        if !word.text.is_empty() {
            scan.declarations.push(Declaration::NamesUnit {
                field: field.into(),
                name: word.text,
            });
        }
    }
}

fn scan_program(scan: &mut Scan, context: &Context, value: &MappedText) {
    match words::all_words(value, Escapes::Retained) {
        Ok(words) => {
            let words: Vec<MappedText> = words.into_iter().map(|word| word.text).collect();
            scan_command(scan, context, &words);
        }
        Err(kind) => scan.problem_in(kind, value),
    }
}

/// Adds an absolute path. A relative one is in the device's directory of sysfs.
fn scan_path(scan: &mut Scan, role: Role, field: &'static str, text: MappedText) {
    let is_glob = text.bytes().iter().any(|byte| b"*?[".contains(byte));
    if text.bytes().starts_with(b"/") && !is_glob {
        scan.references.push(Reference::new(role, field, text));
    }
}

/// The names that `$` takes, longer ones before those that they begin with.
const NAMES: &[&[u8]] = &[
    b"devnode",
    b"tempnode",
    b"attr",
    b"sysfs",
    b"env",
    b"kernel",
    b"number",
    b"driver",
    b"devpath",
    b"id",
    b"major",
    b"minor",
    b"result",
    b"parent",
    b"name",
    b"links",
    b"root",
    b"sys",
];
/// The letters that `%` takes.
const LETTERS: &[u8] = b"NsEkndpbMmcPDLrS";

/// `value` with its substitutions read: `$$` and `%%` are literal, `$name`, `%l`, `$name{…}` and
/// `%l{…}` are not known here; any other mark stands for itself.
fn read_substitutions(value: &MappedText) -> MappedText {
    // Of an unclosed `{` udev makes an error; it is looked for once.
    let unclosed = Cell::new(false);
    words::read_doubled(value, b"$%", Encoding::UdevSubstitution, |rest| {
        let (mark, rest) = rest.split_first()?;
        let length = match mark {
            b'$' => NAMES.iter().find(|name| rest.starts_with(name))?.len(),
            _ => rest
                .first()
                .filter(|letter| LETTERS.contains(letter))
                .map(|_| 1)?,
        };
        let attribute = match rest.get(length..)? {
            [b'{', rest @ ..] if !unclosed.get() => {
                let length = memchr::memchr(b'}', rest);
                unclosed.set(length.is_none());
                length.map_or(0, |length| length + 2)
            }
            _ => 0,
        };
        Some(1 + length + attribute)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Role, field and text of what is found, but for arguments of programs.
    fn found(file: &str) -> Vec<(Role, String, String)> {
        let scan = scan(file.as_bytes());
        assert!(scan.problems.is_empty(), "{file}: {:?}", scan.problems);
        let found = scan
            .references
            .iter()
            .filter(|found| found.role != Role::Argument || found.field == "ENV");
        found
            .map(|found| {
                let text = String::from_utf8_lossy(found.text.bytes()).into_owned();
                (found.role, found.field.to_string(), text)
            })
            .collect()
    }

    #[test]
    fn programs() {
        for (rule, field, program) in [
            ("RUN+=\"/bin/x a\"", "RUN", "/bin/x"),
            ("RUN{program}:=\"x\"", "RUN", "x"),
            ("ACTION==\"add\",RUN=\"/bin/x\"", "RUN", "/bin/x"),
            ("KERNEL==\"a*\" , , RUN = \"/bin/x\",", "RUN", "/bin/x"),
            ("PROGRAM==\"/bin/x %k\"", "PROGRAM", "/bin/x"),
            (
                "PROGRAM=\"'/opt/a b/x' \\\"c d\\\"\"",
                "PROGRAM",
                "/opt/a b/x",
            ),
            ("PROGRAM!=\"/bin/a\\x20b\"", "PROGRAM", "/bin/a\\x20b"),
            ("PROGRAM==i\"/bin/x\"", "PROGRAM", "/bin/x"),
            (
                "IMPORT{program}==\"kpartx_id %M %m $env{DM_UUID}\"",
                "IMPORT",
                "kpartx_id",
            ),
            ("RUN+=e\"'/bin/a\\x2fb\\tc'\"", "RUN", "/bin/a/b\tc"),
            ("RUN+=\"/opt/100%%/$$x\"", "RUN", "/opt/100%/$x"),
        ] {
            let found = found(rule);
            assert_eq!(
                found,
                [(Role::Program, field.to_owned(), program.to_owned())],
                "{rule}"
            );
        }
    }

    #[test]
    fn what_names_nothing() {
        for rule in [
            "RUN{builtin}+=\"kmod load x\"",
            "IMPORT{builtin}=\"path_id\"",
            "IMPORT{program}=\"path_id %p\"",
            "IMPORT{program}==\"usb_id --export %p\"",
            "IMPORT{file}=\"x\"",
            "TEST==\"power/control\"",
            "TEST==\"/dev/x*\"",
            "ENV{A}==\"/bin/x\"",
            "ENV{A}=\"x\"",
            "ENV{A}=\"'x\"",
            "ATTR{a}=\"/bin/x\"",
            "#RUN+=\"/bin/x\"",
            "",
        ] {
            assert_eq!(found(rule), [], "{rule}");
        }
    }

    #[test]
    fn files_and_commands_for_later() {
        for (rule, role, field, text) in [
            (
                "TEST==\"/usr/lib/udev/x\"",
                Role::Condition,
                "TEST",
                "/usr/lib/udev/x",
            ),
            ("TEST{0111}!=\"/bin/x\"", Role::Condition, "TEST", "/bin/x"),
            ("IMPORT{file}=\"/etc/x\"", Role::File, "IMPORT", "/etc/x"),
            (
                "ENV{REMOVE_CMD}=\"/bin/x a\"",
                Role::Argument,
                "ENV",
                "/bin/x",
            ),
        ] {
            assert_eq!(
                found(rule),
                [(role, field.to_owned(), text.to_owned())],
                "{rule}"
            );
        }
    }

    #[test]
    fn owners_and_units() {
        for (rule, expected) in [
            ("OWNER=\"a\", GROUP:=\"b\"", &["a", "b"][..]),
            ("GROUP=\"0\"", &[]),
            ("GROUP==\"b\"", &[]),
            (
                "ENV{SYSTEMD_WANTS}+=\"a.service b@%k.service\"",
                &["a.service", "b@%k.service"],
            ),
            ("ENV{SYSTEMD_USER_WANTS}=\"a.target\"", &["a.target"]),
            ("ENV{SYSTEMD_WANTS}==\"a.service\"", &[]),
        ] {
            let facts = scan(rule.as_bytes()).declarations.into_iter();
            let names = facts.filter_map(|fact| match fact {
                Declaration::UsesAccount { name, .. } | Declaration::NamesUnit { name, .. } => {
                    Some(name.bytes().to_vec())
                }
                _ => None,
            });
            let expected: Vec<_> = expected.iter().map(|name| name.as_bytes()).collect();
            assert_eq!(names.collect::<Vec<_>>(), expected, "{rule}");
        }
    }

    #[test]
    fn units_of_devices() {
        for (rule, expected) in [
            (
                "SUBSYSTEM==\"a|b\", TAG+=\"systemd\", ENV{SYSTEMD_WANTS}=\"x.service\"",
                Some((&["a", "b"][..], true, Some("x.service"))),
            ),
            (
                "ENV{SYSTEMD_USER_WANTS}+=\"x@%k.target\"",
                Some((&[], false, Some("x@%k.target"))),
            ),
            ("SUBSYSTEM!=\"a\", TAG=\"systemd\"", Some((&[], true, None))),
            ("TAG==\"systemd\", ENV{SYSTEMD_WANTS}==\"x\"", None),
            ("TAG-=\"systemd\", TAG+=\"uaccess\"", None),
            ("SUBSYSTEM==\"a\", ENV{SYSTEMD_WANTS}=\"\"", None),
        ] {
            let facts = scan(rule.as_bytes()).declarations;
            let found = facts.iter().find_map(|fact| match fact {
                Declaration::DeviceUnit {
                    subsystems,
                    is_tagged,
                    wants,
                } => {
                    let wants = wants.as_ref().map(MappedText::bytes);
                    Some((subsystems.clone(), *is_tagged, wants))
                }
                _ => None,
            });
            let expected = expected.map(|(subsystems, is_tagged, wants)| {
                let subsystems = subsystems.iter().map(|name| name.as_bytes().to_vec());
                (subsystems.collect(), is_tagged, wants.map(str::as_bytes))
            });
            assert_eq!(found, expected, "{rule}");
        }
    }

    #[test]
    fn continued_lines() {
        let file = "A==\"b\", \\\n  # comment \\\n \t RUN+=\"/bin/\\\n  x\", \\\r\n PROGRAM=\"/y\"\r\nRUN+=\"z\"";
        let scan = scan(file.as_bytes());
        let texts: Vec<&[u8]> = scan
            .references
            .iter()
            .map(|found| found.text.bytes())
            .collect();
        assert_eq!(texts, [&b"/bin/x"[..], b"/y", b"z"]);
        assert_eq!(scan.references[0].text.editable_span(), None);
        let place = scan.references[1]
            .text
            .editable_span()
            .expect("it stands in one piece");
        assert_eq!(place.of(file.as_bytes()), b"/y");
    }

    #[test]
    fn substitutions() {
        for (value, decoded, literal) in [
            ("$$x %%y", "$x %y", true),
            ("/sys/%p", "/sys/%p", false),
            ("%E{A}%s{b/c}", "%E{A}%s{b/c}", false),
            ("$attr{[dmi/id]x}", "$attr{[dmi/id]x}", false),
            ("$sys$devpath", "$sys$devpath", false),
            ("$HOME $ %z %", "$HOME $ %z %", true),
            ("$env{A", "$env{A", false),
        ] {
            let text = MappedText::of_file(value.as_bytes(), Span::new(0, value.len()));
            let text = read_substitutions(&text);
            assert_eq!(text.bytes(), decoded.as_bytes(), "{value}");
            assert_eq!(text.is_literal(), literal, "{value}");
        }
    }

    #[test]
    fn lines_that_are_ignored() {
        for (file, kind) in [
            ("RUN", ProblemKind::BadLine),
            ("RUN+=\"/bin/x", ProblemKind::BadLine),
            ("RUN+=/bin/x", ProblemKind::BadLine),
            ("RUN{program+=\"/bin/x\"", ProblemKind::BadLine),
            ("RUN?\"/bin/x\"", ProblemKind::BadLine),
            ("RUN+=\"/bin/x\", A=b", ProblemKind::BadLine),
            ("RUN+=e\"/bin/\\q\"", ProblemKind::BadLine),
            ("RUN+=\"/bin/x\" \\", ProblemKind::BadLine),
            ("RUN+=\"/bin/x 'a\"", ProblemKind::UnbalancedQuote),
        ] {
            let scan = scan(file.as_bytes());
            assert!(scan.references.is_empty(), "{file}");
            assert_eq!(scan.problems[0].kind, kind, "{file}");
        }
        let long = format!("RUN+=\"/bin/x\"{}", " ".repeat(LINE_SIZE));
        assert!(scan(long.as_bytes()).references.is_empty());
    }

    #[test]
    fn a_replacement_goes_through_all_layers() {
        for (rule, written) in [
            ("RUN+=\"/bin/x\"", &b"/a%%$$"[..]),
            ("RUN+=e\"/bin/x\"", b"/a%%$$"),
        ] {
            let scan = scan(rule.as_bytes());
            assert_eq!(
                scan.references[0].text.encode(b"/a%$").as_deref(),
                Ok(written)
            );
            assert!(scan.references[0].text.encode(b"/a b").is_err());
        }
    }
}
