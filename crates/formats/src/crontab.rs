//! The system's crontabs: `crontab(5)` and `cron(8)`, as cron reads their lines (`load_env()` and
//! `load_entry()`). A line is an assignment, or says when, as whom and what is run.

use crate::command_line::Context;
use crate::encoding::Encoding;
use crate::format::{Files, Format, Paths};
use crate::lines::{self, is_blank};
use crate::mapped_text::{MappedText, Span};
use crate::reference::{Account, Declaration, Lookup, ProblemKind, Reference, Role, Scan};
use crate::shell::{Names, scan_script};

pub(crate) static FORMAT: Format = Format {
    directories: &["cron.d"],
    files: Files::All,
    scan,
    paths: Paths::Some,
    pieces: &[
        b"\nSHELL=/bin/sh",
        b"\nPATH = /usr/sbin:/usr/bin",
        b"\nMAILTO=root",
        b"\n*/5 * * * * root ",
        b"\n@reboot root ",
        b"\n-*/5 1,2 * jan mon x\ttest -x /usr/bin/x && ",
        b" \\%d %",
        b"\n# ",
    ],
};

/// Finds what the lines run, as whom, and where commands are looked for.
#[must_use]
pub fn scan(file: &[u8]) -> Scan {
    let mut scan = Scan::default();
    for whole in lines::physical(file) {
        // Blanks at its end are the command's.
        let bytes = whole.of(file).iter();
        let blanks = bytes.take_while(|byte| is_blank(**byte)).count();
        let text = Span::new(whole.start + blanks, whole.end);
        if matches!(text.of(file), [] | [b'#', ..]) {
            continue;
        }
        let line = MappedText::of_file(file, text);
        if let Some((name, value)) = assignment(&line) {
            scan_assignment(&mut scan, name, value);
        } else if let Some((user, command)) = entry(&line) {
            scan_entry(&mut scan, &user, &command);
        } else {
            scan.problem(ProblemKind::BadLine, text);
        }
    }
    scan
}

/// `NAME = value`, where the value may stand in quotes.
fn assignment(line: &MappedText) -> Option<(&[u8], MappedText)> {
    let bytes = line.bytes();
    let equals = memchr::memchr(b'=', bytes)?;
    let name = bytes[..equals].trim_ascii_end();
    let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
    if name.is_empty() || !name.iter().all(is_name) {
        return None;
    }
    let value = line.slice(equals + 1..line.len()).trim();
    let quoted = match value.bytes() {
        [first @ (b'"' | b'\''), .., last] if first == last => value.slice(1..value.len() - 1),
        _ => value,
    };
    let mut value = MappedText::new();
    value.push(&quoted, 0..quoted.len(), Some(Encoding::BareWord));
    Some((name, value))
}

fn scan_assignment(scan: &mut Scan, name: &[u8], value: MappedText) {
    let (role, field) = match name {
        b"PATH" => (Role::ProgramSearchPath, "PATH"),
        b"SHELL" => (Role::Program, "SHELL"),
        _ => return,
    };
    if value.bytes().starts_with(b"/") {
        if role == Role::ProgramSearchPath {
            let path = value.clone();
            scan.declarations.push(Declaration::SearchPath(path));
        }
        scan.references.push(Reference::new(role, field, value));
    }
}

/// The user and the command of a line that says when it is run: five fields, or one that begins with `@`.
fn entry(line: &MappedText) -> Option<(MappedText, MappedText)> {
    let bytes = line.bytes();
    let word = |from: usize| {
        let rest = bytes.get(from..).unwrap_or_default();
        let start = from + rest.iter().take_while(|byte| is_blank(**byte)).count();
        let rest = bytes.get(start..).unwrap_or_default();
        let length = rest.iter().position(|byte| is_blank(*byte));
        start..start + length.unwrap_or(rest.len())
    };
    let mut at = 0;
    // A line with a `-` in front is not logged.
    let fields = if bytes.strip_prefix(b"-").unwrap_or(bytes).starts_with(b"@") {
        1
    } else {
        5
    };
    for _ in 0..fields {
        at = word(at).end;
    }
    let user = word(at);
    let command = word(user.end).start;
    if user.is_empty() || command >= bytes.len() {
        return None;
    }
    Some((line.slice(user), decode(&line.slice(command..bytes.len()))))
}

/// A command up to the `%` after which its input stands; `\%` is a percent sign, and a backslash takes any other
/// byte along (`child_process()` of cron's `do_command.c`).
fn decode(command: &MappedText) -> MappedText {
    let bytes = command.bytes();
    let encoding = Some(Encoding::CrontabCommand);
    let mut text = MappedText::new();
    let (mut at, mut plain) = (0, 0);
    while let Some(offset) = memchr::memchr2(b'%', b'\\', bytes.get(at..).unwrap_or_default()) {
        let mark = at + offset;
        if bytes[mark] == b'%' {
            text.push(command, plain..mark, encoding);
            return text;
        }
        at = mark + 2;
        if bytes.get(mark + 1) == Some(&b'%') {
            text.push(command, plain..mark, encoding);
            text.push_decoded(b"%", command, mark..at, encoding);
            plain = at;
        }
    }
    text.push(command, plain..bytes.len(), encoding);
    text
}

fn scan_entry(scan: &mut Scan, user: &MappedText, command: &MappedText) {
    // `user:group` and `user/class` of other crons.
    let end = user.bytes().iter().position(|byte| b":/".contains(byte));
    let user = user.slice(0..end.unwrap_or(user.len()));
    let is_root = user.bytes() == b"root";
    if !is_root {
        scan.declarations.push(Declaration::RunsAsUser);
    }
    scan.uses_account(Account::User, "user", user);
    let context = Context {
        privileged: is_root,
        ..Context::new("command", Lookup::SearchPath)
    };
    scan_script(scan, &context, command, Names::Resolved);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_a_crontab() {
        for (line, expected) in [
            ("* * * * * root /usr/bin/x -a", &["/usr/bin/x"][..]),
            ("@reboot root /usr/bin/x", &["/usr/bin/x"]),
            ("-*/5 0-7 * jan mon x\tcd / && /usr/bin/x", &["/usr/bin/x"]),
            ("  5 4 * * sun root /usr/bin/x", &["/usr/bin/x"]),
            ("* * * * * root date +\\%s > /tmp/x%/usr/bin/y", &["date"]),
            (
                "* * * * * root /usr/bin/x\\\\%/usr/bin/y",
                &["/usr/bin/x\\"],
            ),
            ("SHELL=/bin/bash", &["/bin/bash"]),
            ("SHELL = \"/bin/bash\"", &["/bin/bash"]),
            ("PATH=/usr/bin:/bin", &["/usr/bin:/bin"]),
            ("MAILTO=/usr/bin/x", &[]),
            ("# * * * * * root /usr/bin/x", &[]),
            ("* * * * * root A=/b x", &["/b", "x"]),
        ] {
            let scan = scan(line.as_bytes());
            let found = scan
                .references
                .iter()
                .filter(|found| found.role != Role::Argument || found.text.bytes() == b"/b");
            let found: Vec<_> = found
                .map(|found| String::from_utf8_lossy(found.text.bytes()).into_owned())
                .collect();
            assert_eq!(found, expected, "{line}");
            assert!(scan.problems.is_empty(), "{line}");
        }
        for line in ["* * * * * root", "* * * *", "x"] {
            assert_eq!(scan(line.as_bytes()).problems.len(), 1, "{line}");
        }
    }

    #[test]
    fn a_percent_sign_is_escaped() {
        let scan = scan(b"* * * * * root /usr/bin/x");
        let text = &scan.references[0].text;
        assert_eq!(text.encode(b"/a%b").as_deref(), Ok(&b"/a\\%b"[..]));
        // A backslash in front of it, which the shell wants doubled, would be one too many.
        assert_eq!(text.encode(b"/a\\%").as_deref(), Ok(&b"/a\\\\\\%"[..]));
    }

    #[test]
    fn who_runs_it() {
        let unprivileged = |file: &str| {
            let scan = scan(file.as_bytes());
            let privileged = scan.references.iter().all(|found| found.privileged);
            (scan.declarations.len(), privileged)
        };
        assert_eq!(unprivileged("@daily root x"), (1, true));
        assert_eq!(unprivileged("@daily www-data x"), (2, false));
    }
}
