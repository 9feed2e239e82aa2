//! What files of known formats name: units above all.

use std::collections::{BTreeMap, BTreeSet};

use super::{EtcPath, Mention, Mentions, Reader, Verdict, shell};
use crate::kind::FileKind;
use crate::mapped_text::Span;
use crate::paths::PathInText;
use crate::reference::{Reference, Role, Scan};
use crate::tmpfiles;
use crate::unit::lines::{Assignment, Line, lines};

/// Directives about what a service may do with a path; nothing is read from it.
const PERMISSIONS: &[&str] = &[
    "ExecPaths",
    "InaccessiblePaths",
    "NoExecPaths",
    "ReadOnlyPaths",
];

/// Directives whose path is a place rather than a content: what is bound is seen under the same name, and
/// what is watched is the administrator's.
const PLACES: &[&str] = &[
    "BindPaths",
    "BindReadOnlyPaths",
    "DirectoryNotEmpty",
    "PathChanged",
    "PathExists",
    "PathExistsGlob",
    "PathModified",
    "RequiresMountsFor",
];

/// What the file names of which `scan` is the scan.
pub(super) fn mentions(kind: FileKind, content: &[u8], scan: &Scan) -> Mentions {
    let mut mentions = Mentions::default();
    let mut environment_files = Vec::new();
    if kind == FileKind::Unit {
        for line in lines(content) {
            let Line::Assignment(assignment) = line else {
                continue;
            };
            mentions.list.extend(places(&assignment));
            if assignment.key.bytes() == b"ConfigurationDirectory" {
                let names = configuration_directories(assignment.value.bytes());
                mentions.configuration_directories.extend(names);
            }
            if assignment.key.bytes() == b"EnvironmentFile" {
                let value = assignment.value.bytes();
                let file = value.strip_prefix(b"-").unwrap_or(value);
                mentions.layers.push(file.to_vec());
                environment_files.push(assignment.span);
            }
        }
    }
    if kind == FileKind::Tmpfiles {
        let made = tmpfiles::lines(content).filter_map(Result::ok);
        mentions.list.extend(made.filter_map(|line| {
            let (verdict, reason) = of_tmpfiles_line(&line)?;
            let path = PathInText::whole(line.path);
            let mut mention = Mention::new(&path, verdict, reason);
            mention.below = !mention.path.goes_on;
            Some(mention)
        }));
    }
    let mut by_place = BTreeMap::new();
    for line in &scan.command_lines {
        let found = shell::of_command_line(content, line);
        let directories = &mentions.configuration_directories;
        let written = found
            .written()
            .flat_map(|written| written.in_configuration_directories(directories));
        mentions.also_written.extend(written);
        mentions.layers.extend(found.layers.iter().cloned());
        for mention in found.list {
            if let Some(place) = mention.text.covering_span() {
                by_place.insert(place, mention);
            }
        }
    }
    let programs: BTreeSet<Vec<u8>> = scan
        .references
        .iter()
        .filter(|reference| reference.role == Role::Program)
        .map(|reference| reference.text.bytes().to_vec())
        .collect();
    for reference in &scan.references {
        if !reference.text.literal_prefix().starts_with(b"/") {
            continue;
        }
        let Some(place) = reference.text.covering_span() else {
            continue;
        };
        let path = PathInText::whole(reference.text.clone());
        let mut mention = by_place.remove(&place).unwrap_or_else(|| {
            let (verdict, reason) = verdict(reference, content, place);
            let mut mention = Mention::new(&path, verdict, reason);
            mention.below = verdict == Verdict::Written;
            if verdict == Verdict::Given {
                mention.programs = programs.iter().cloned().collect();
            }
            mention
        });
        mention.text = reference.text.clone();
        let holds = |line: &&Span| line.start <= place.start && place.end <= line.end;
        let line = environment_files.iter().find(holds);
        if let Some(line) = line.filter(|_| reference.field == "EnvironmentFile") {
            mention.reader = Reader::EnvironmentFile {
                assignment: line.start,
                optional: reference.optional,
            };
        }
        mentions.list.push(mention);
    }
    mentions
}

/// The directories that a value of `ConfigurationDirectory=` names: systemd.exec(5).
fn configuration_directories(value: &[u8]) -> Vec<Vec<u8>> {
    let words = value.split(|byte| byte.is_ascii_whitespace() || b"\"'".contains(byte));
    let names = words.map(|word| word.split(|byte| *byte == b':').next().unwrap_or_default());
    let names = names.filter(|name| !name.is_empty() && !name.contains(&b'%'));
    names.map(<[u8]>::to_vec).collect()
}

/// What a line of tmpfiles.d does with its path: tmpfiles.d(5).
fn of_tmpfiles_line(line: &tmpfiles::Line) -> Option<(Verdict, &'static str)> {
    let truncates = line.modifiers.contains(&b'+');
    match line.letter {
        b'L' | b'C' => Some((Verdict::Provided, "as what tmpfiles.d makes")),
        b'f' if !truncates => None,
        b'F' | b'f' | b'w' | b'z' | b'Z' | b'a' | b'A' | b'h' | b'H' | b't' | b'T' | b'r'
        | b'R' => Some((Verdict::Written, "as what tmpfiles.d changes")),
        _ => None,
    }
}

/// The places of /etc that an assignment means without naming them by an absolute path, or behind another
/// one: systemd.exec(5), `ConfigurationDirectory=`, `BindPaths=`; systemd.unit(5), `%E`.
fn places(assignment: &Assignment) -> Vec<Mention> {
    let value = &assignment.value;
    let bytes = value.bytes();
    let mut found = Vec::new();
    let mut add = |start: usize, end: usize, path: &[u8], verdict, reason| {
        let goes_on = path.iter().any(|byte| b"%$*?[".contains(byte));
        let known = path.split(|byte| b"%$*?[".contains(byte)).next();
        let path = EtcPath::of(known.unwrap_or_default(), goes_on);
        let mut mention = Mention::of(value.slice(start..end), path, verdict, reason);
        mention.below = verdict == Verdict::Written;
        found.push(mention);
    };
    let mut start = 0;
    for word in bytes.split(|byte| byte.is_ascii_whitespace() || b"\"'".contains(byte)) {
        let end = start + word.len();
        match assignment.key.bytes() {
            b"ConfigurationDirectory" if !word.is_empty() => {
                let name = word.split(|byte| *byte == b':').next().unwrap_or_default();
                let path = [b"/etc/", name].concat();
                add(
                    start,
                    end,
                    &path,
                    Verdict::Watched,
                    "a directory of the service",
                );
            }
            b"BindPaths" | b"BindReadOnlyPaths" | b"TemporaryFileSystem" => {
                let skipped = usize::from(assignment.key.bytes() != b"TemporaryFileSystem");
                let target = word.split(|byte| *byte == b':').nth(skipped);
                if let Some(target) = target.filter(|target| target.starts_with(b"/etc/")) {
                    let reason = "where something else is seen";
                    add(start, end, target, Verdict::Watched, reason);
                }
            }
            b"ReadWriteDirectories" => {
                let path = word.strip_prefix(b"-").unwrap_or(word);
                let reason = "in a permission to write";
                add(start, end, path, Verdict::Written, reason);
            }
            b"PIDFile" | b"StandardOutput" | b"StandardError" => {
                let colon = memchr::memchr(b':', word).map_or(0, |colon| colon + 1);
                let path = &word[colon..];
                if path.starts_with(b"/etc/") {
                    let reason = "where the service writes";
                    add(start + colon, end, path, Verdict::Written, reason);
                }
            }
            _ => {
                for at in memchr::memmem::find_iter(word, b"%E/") {
                    let rest = word.get(at + 2..).unwrap_or_default();
                    let length = rest.iter().position(|byte| b":;,".contains(byte));
                    let rest = &rest[..length.unwrap_or(rest.len())];
                    let path = [b"/etc", rest].concat();
                    let at = start + at;
                    let reason = "behind a specifier";
                    add(at, at + 2 + rest.len(), &path, Verdict::Watched, reason);
                }
            }
        }
        start = end + 1;
    }
    found
}

/// What is done with what a directive or a field names: by its role, and by the manuals of units
/// (systemd.service(5), systemd.exec(5), systemd.mount(5), systemd.unit(5)).
fn verdict(reference: &Reference, content: &[u8], place: Span) -> (Verdict, &'static str) {
    const READ: (Verdict, &str) = (Verdict::Read, "where it is read");
    let before = place.start.checked_sub(1).and_then(|at| content.get(at));
    match (reference.role, reference.field.as_ref()) {
        (Role::ProgramSearchPath, _) => (Verdict::Documentation, "in a search path for programs"),
        (Role::Documentation, _) => (Verdict::Documentation, "in a text for people"),
        // The package's own is always there.
        (Role::Condition, _) if before == Some(&b'!') => {
            (Verdict::Documentation, "in a condition that it is missing")
        }
        (_, field) if PERMISSIONS.contains(&field) => (Verdict::Documentation, "in a permission"),
        (_, "ReadWritePaths") => (Verdict::Written, "in a permission to write"),
        (_, field) if PLACES.contains(&field) => (Verdict::Watched, "where a place is meant"),
        (_, "Environment") => (Verdict::Given, "in a variable of the service"),
        (_, "StandardOutput" | "StandardError") => (Verdict::Written, "where the service writes"),
        // It is opened for writing, too, if that can be.
        (_, "AssertPathIsReadWrite" | "ConditionPathIsReadWrite" | "OpenFile" | "What") => {
            (Verdict::Unknown, "where it can be written")
        }
        (
            Role::Program
            | Role::ShellCommand
            | Role::PrefixedProgram
            | Role::File
            | Role::Condition
            | Role::PamModule
            | Role::PamService
            | Role::NameService,
            _,
        ) => READ,
        _ => (
            Verdict::Unknown,
            "where it is not known what is done with it",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Format, of};
    use super::*;

    #[test]
    fn verdicts() {
        let of_x = |kind, content: &str| {
            let found = of(Format::Known(kind), content.as_bytes()).list;
            let of_x = found
                .into_iter()
                .find(|mention| mention.path().path == b"/etc/x");
            of_x.map(|mention| (mention.verdict, mention.reader))
        };
        for (line, verdict) in [
            ("[Service]\nExecStart=/bin/x -c /etc/x", Verdict::Given),
            ("[Service]\nReadWritePaths=/etc/x", Verdict::Written),
            ("[Service]\nReadOnlyPaths=/etc/x", Verdict::Documentation),
            ("[Service]\nBindReadOnlyPaths=/etc/x", Verdict::Watched),
            ("[Path]\nPathChanged=/etc/x", Verdict::Watched),
            (
                "[Unit]\nConditionPathExists=!/etc/x",
                Verdict::Documentation,
            ),
            ("[Unit]\nConditionPathExists=/etc/x", Verdict::Read),
        ] {
            let expected = Some((verdict, Reader::Other));
            assert_eq!(of_x(FileKind::Unit, line), expected, "{line}");
        }
        let reader = Reader::EnvironmentFile {
            assignment: 10,
            optional: true,
        };
        let line = "[Service]\nEnvironmentFile=-/etc/x";
        assert_eq!(of_x(FileKind::Unit, line), Some((Verdict::Read, reader)));
        let line = "L /etc/x - - - - /usr/etc/x";
        assert_eq!(
            of_x(FileKind::Tmpfiles, line),
            Some((Verdict::Provided, Reader::Other))
        );
        assert_eq!(of_x(FileKind::Tmpfiles, "d /etc/x"), None);
    }

    #[test]
    fn what_units_and_tmpfiles_write() {
        let of_kind = |kind, content: &str| {
            let found = of(Format::Known(kind), content.as_bytes());
            let mut written: Vec<String> = found
                .written()
                .filter(|written| written.path.in_etc().is_some())
                .map(|written| String::from_utf8_lossy(&written.path.path).into_owned())
                .collect();
            written.sort();
            written.dedup();
            let of_x = found
                .list
                .iter()
                .find(|found| found.path().path == b"/etc/x");
            (of_x.map(|found| found.verdict), written)
        };
        let x = || vec![String::from("/etc/x")];
        for (line, verdict, written) in [
            (
                "ExecStartPre=/usr/bin/chown a /etc/x",
                Some(Verdict::Written),
                x(),
            ),
            (
                "ExecStartPre=+-/bin/sed -i s/a/b/ /etc/x",
                Some(Verdict::Written),
                x(),
            ),
            (
                "ExecStart=/bin/sh -c \"a > /etc/x\"",
                Some(Verdict::Written),
                x(),
            ),
            (
                "ExecStart=/bin/sh -c 'A=/etc/x; a > $$A'",
                Some(Verdict::Written),
                x(),
            ),
            (
                "ExecStart=/bin/sh -c 'exec a -c /etc/x'",
                Some(Verdict::Given),
                vec![],
            ),
            (
                "ExecStart=/bin/sh -c 'echo see the file /etc/x'",
                Some(Verdict::Shown),
                vec![],
            ),
            (
                "ExecStartPre=/usr/bin/install -D /usr/share/a /etc/x",
                Some(Verdict::Written),
                x(),
            ),
            (
                "ExecStartPre=/bin/cp /etc/x /run/a",
                Some(Verdict::Read),
                vec![],
            ),
            ("ReadWritePaths=-/etc/x", Some(Verdict::Written), x()),
            ("ReadWriteDirectories=-/etc/x", Some(Verdict::Written), x()),
            ("ConfigurationDirectory=x", Some(Verdict::Watched), vec![]),
            ("ConfigurationDirectory=a x", Some(Verdict::Watched), vec![]),
            (
                "BindPaths=/var/lib/a:/etc/x",
                Some(Verdict::Watched),
                vec![],
            ),
            (
                "TemporaryFileSystem=/etc/x:ro",
                Some(Verdict::Watched),
                vec![],
            ),
            ("ExecStart=/bin/a -c %E/x", Some(Verdict::Watched), vec![]),
            (
                "ExecStart=/bin/a --conf=%E/x",
                Some(Verdict::Watched),
                vec![],
            ),
        ] {
            let unit = format!("[Service]\n{line}\n");
            assert_eq!(of_kind(FileKind::Unit, &unit), (verdict, written), "{line}");
        }
        for (line, verdict) in [
            ("z /etc/x 0640 root a", Some(Verdict::Written)),
            ("Z /etc/x - - a", Some(Verdict::Written)),
            ("f+ /etc/x - - - - a", Some(Verdict::Written)),
            ("f /etc/x - - - - a", None),
            ("w /etc/x - - - - a", Some(Verdict::Written)),
            ("w+ /etc/x - - - - a", Some(Verdict::Written)),
            ("a+ /etc/x - - - - u:a:r", Some(Verdict::Written)),
            ("r! /etc/x", Some(Verdict::Written)),
            ("z /etc/x/*.conf 0640", Some(Verdict::Written)),
        ] {
            assert_eq!(of_kind(FileKind::Tmpfiles, line).0, verdict, "{line}");
        }
        let rule = "ACTION==\"add\", RUN+=\"/bin/sh -c 'echo 1 > /etc/x'\"\n";
        assert_eq!(of_kind(FileKind::UdevRules, rule).0, Some(Verdict::Written));
    }
}
