//! `sysctl.d(5)`: the variables that hold a program which the kernel runs, as `systemd-sysctl` reads their
//! lines (`parse_file()` of `src/sysctl/sysctl.c`) and as the kernel's admin-guide/sysctl describes them.

use crate::encoding::Encoding;
use crate::format::{Files, Format, Paths};
use crate::lines;
use crate::mapped_text::{MappedText, Span};
use crate::reference::{ProblemKind, Reference, Role, Scan};
use crate::words::read_specifiers;

pub(crate) static FORMAT: Format = Format {
    directories: &["sysctl.d"],
    files: Files::Ending(&[".conf"]),
    scan,
    paths: Paths::All,
    pieces: &[
        b"\nkernel.core_pattern=|",
        b"\n-kernel/core_pattern = |/usr/lib/x/x %P %%",
        b"\nkernel.modprobe = ",
        b"\nkernel.poweroff_cmd=/sbin/x -f",
        b"\nnet.ipv4.conf.*.forwarding=1",
        b"\n-net.ipv4.conf.all.rp_filter\n",
    ],
};

/// The longest core pattern that the kernel keeps, in bytes: `CORENAME_MAX_SIZE` with its NUL byte. It
/// cuts a longer one, without an error.
pub const MAX_CORE_PATTERN: usize = 127;

/// Variables whose values are a program: admin-guide/sysctl/kernel, filesystems/ocfs2.
const PROGRAMS: &[&str] = &[
    "fs.ocfs2.nm.hb_ctl_path",
    "kernel.hotplug",
    "kernel.modprobe",
    "kernel.poweroff_cmd",
];

/// Finds the programs that the kernel is given.
#[must_use]
pub fn scan(file: &[u8]) -> Scan {
    let mut scan = Scan::default();
    for line in lines::significant(file, b"#;") {
        let Some(equals) = memchr::memchr(b'=', line.of(file)) else {
            continue;
        };
        let key = lines::trim(file, Span::new(line.start, line.start + equals));
        let key = key.of(file);
        let key = variable(key.strip_prefix(b"-").unwrap_or(key).trim_ascii());
        let value = lines::trim(file, Span::new(line.start + equals + 1, line.end));
        let value = MappedText::of_file(file, value);
        if key == b"kernel.core_pattern" {
            scan_core_pattern(&mut scan, &value);
        } else if let Some(field) = PROGRAMS.iter().find(|known| known.as_bytes() == key) {
            let text = first_word(&value, 0, Encoding::BareWord);
            if !text.is_empty() {
                scan.references
                    .push(Reference::new(Role::Program, field, text));
            }
        }
    }
    scan
}

/// The name of a variable with dots between its parts. Where a slash stands first, slashes are between
/// them, and dots are part of them.
fn variable(key: &[u8]) -> Vec<u8> {
    let first = key.iter().find(|byte| b"./".contains(byte));
    let swapped = |byte: &u8| match byte {
        b'/' => b'.',
        b'.' => b'/',
        byte => *byte,
    };
    match first {
        Some(b'/') => key.iter().map(swapped).collect(),
        _ => key.to_vec(),
    }
}

/// `|program arguments`: core(5), "Piping core dumps to a program". Without the `|` it is the name of a file.
fn scan_core_pattern(scan: &mut Scan, value: &MappedText) {
    if !value.bytes().starts_with(b"|") {
        return;
    }
    if value.len() > MAX_CORE_PATTERN {
        return scan.problem_in(ProblemKind::CorePatternTooLong, value);
    }
    let word = first_word(value, 1, Encoding::Line);
    let room = MAX_CORE_PATTERN.saturating_sub(value.len() - word.len());
    let encoding = Encoding::CorePattern(u8::try_from(room).unwrap_or_default());
    let mut text = MappedText::new();
    text.push(&word, 0..word.len(), Some(encoding));
    if !text.is_empty() {
        let program = read_specifiers(&text);
        scan.references.push(Reference::new(
            Role::Program,
            "kernel.core_pattern",
            program,
        ));
    }
}

/// What stands between the blanks at or after `from`.
fn first_word(value: &MappedText, from: usize, encoding: Encoding) -> MappedText {
    let is_blank = |byte: &u8| byte.is_ascii_whitespace();
    let rest = value.bytes().get(from..).unwrap_or_default();
    let start = from + rest.iter().take_while(|byte| is_blank(byte)).count();
    let rest = value.bytes().get(start..).unwrap_or_default();
    let length = rest.iter().position(is_blank).unwrap_or(rest.len());
    let mut word = MappedText::new();
    word.push(value, start..start + length, Some(encoding));
    word
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_of_the_kernel() {
        for (line, expected) in [
            (
                "kernel.core_pattern=|/usr/lib/x/x %P %u",
                Some("/usr/lib/x/x"),
            ),
            ("kernel.core_pattern = | /usr/lib/x/x", Some("/usr/lib/x/x")),
            ("-kernel/core_pattern=|/x/y", Some("/x/y")),
            ("kernel.core_pattern=/var/crash/core.%p", None),
            ("kernel.core_pattern=core", None),
            ("kernel.core_pattern=|", None),
            ("kernel.core_pattern", None),
            ("kernel.modprobe=/sbin/modprobe", Some("/sbin/modprobe")),
            (
                "kernel.poweroff_cmd = /sbin/poweroff -f",
                Some("/sbin/poweroff"),
            ),
            ("kernel.modprobe=", None),
            ("#kernel.modprobe=/sbin/modprobe", None),
            (";kernel.modprobe=/sbin/modprobe", None),
            ("kernel.modprobes=/sbin/modprobe", None),
            ("net/ipv4/conf/enp3s0.200/forwarding=/sbin/x", None),
        ] {
            let scan = scan(line.as_bytes());
            let found = scan.references.first().map(|found| found.text.bytes());
            assert_eq!(found, expected.map(str::as_bytes), "{line}");
            assert!(scan.problems.is_empty(), "{line}");
        }
    }

    #[test]
    fn a_core_pattern_has_room_for_so_much() {
        let pattern =
            |length: usize| format!("kernel.core_pattern=|/x %P{}", "x".repeat(length - 6));
        let scanned = scan(pattern(MAX_CORE_PATTERN).as_bytes());
        let program = &scanned.references[0].text;
        assert!(program.encode(b"/y").is_ok());
        assert!(program.encode(b"/xy").is_err());
        let scanned = scan(pattern(MAX_CORE_PATTERN + 1).as_bytes());
        assert!(scanned.references.is_empty());
        assert_eq!(scanned.problems[0].kind, ProblemKind::CorePatternTooLong);
    }

    #[test]
    fn a_percent_sign_is_doubled() {
        let scan = scan(b"kernel.core_pattern=|/x/%%/y");
        let text = &scan.references[0].text;
        assert_eq!(text.bytes(), b"/x/%/y");
        assert_eq!(text.encode(b"/%").as_deref(), Ok(&b"/%%"[..]));
    }
}
