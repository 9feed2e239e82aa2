//! What files of known formats name: units above all.

use super::{Mention, Mentions, Reader, Verdict};
use crate::kind::FileKind;
use crate::mapped_text::Span;
use crate::paths::PathInText;
use crate::reference::{Reference, Role, Scan};
use crate::tmpfiles;
use crate::unit::lines::{Line, lines};

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
            if let Line::Assignment(assignment) = line
                && assignment.key.bytes() == b"EnvironmentFile"
            {
                let value = assignment.value.bytes();
                let file = value.strip_prefix(b"-").unwrap_or(value);
                mentions.layers.push(file.to_vec());
                environment_files.push(assignment.span);
            }
        }
    }
    if kind == FileKind::Tmpfiles {
        let made = tmpfiles::lines(content).filter_map(Result::ok);
        let made = made.filter(|line| matches!(line.letter, b'L' | b'C'));
        mentions.list.extend(made.map(|line| {
            let path = PathInText {
                text: line.path,
                goes_on: false,
            };
            Mention::new(&path, Verdict::Provided, "as what tmpfiles.d makes")
        }));
    }
    for reference in &scan.references {
        if !reference.text.literal_prefix().starts_with(b"/") {
            continue;
        }
        let Some(place) = reference.text.covering_span() else {
            continue;
        };
        let (verdict, reason) = verdict(reference, content, place);
        let holds = |line: &&Span| line.start <= place.start && place.end <= line.end;
        let line = environment_files.iter().find(holds);
        let path = PathInText {
            text: reference.text.clone(),
            goes_on: false,
        };
        let mut mention = Mention::new(&path, verdict, reason);
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

fn verdict(reference: &Reference, content: &[u8], place: Span) -> (Verdict, &'static str) {
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
        _ => (Verdict::Read, "where it is read"),
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
            ("[Service]\nExecStart=/bin/x -c /etc/x", Verdict::Read),
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
}
