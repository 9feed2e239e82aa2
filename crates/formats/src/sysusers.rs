//! `sysusers.d(5)`: users, groups and login shells, as `systemd-sysusers` reads them (`parse_line()`
//! of `src/sysusers/sysusers.c`).

use crate::format::{Files, Format, Paths};
use crate::lines;
use crate::mapped_text::MappedText;
use crate::reference::{Account, Declaration, ProblemKind, Reference, Role, Scan};
use crate::words::{self, Escapes};

pub(crate) static FORMAT: Format = Format {
    directories: &["sysusers.d"],
    files: Files::Ending(&[".conf"]),
    scan,
    paths: Paths::All,
    pieces: &[
        b"\nu x - \"X Y\" /home/x ",
        b"\nu! x 5 - - ",
        b"\ng x",
        b"\nm x y",
        b" /bin/bash\n",
    ],
};

const FIELDS: usize = 6;

/// Finds the users and groups that are declared, and the users' login shells.
#[must_use]
pub fn scan(file: &[u8]) -> Scan {
    let mut scan = Scan::default();
    for span in lines::significant(file, b"#") {
        let line = MappedText::of_file(file, span);
        if let Err(kind) = scan_line(&mut scan, &line) {
            scan.problem(kind, span);
        }
    }
    scan
}

/// `u NAME ID "GECOS" HOME SHELL`, where `u!` is a locked account; `g NAME ID`; `m USER GROUP`.
fn scan_line(scan: &mut Scan, line: &MappedText) -> Result<(), ProblemKind> {
    let mut fields = Vec::with_capacity(FIELDS);
    let mut at = 0;
    while let Some(word) = words::first_word(line, at, Escapes::C)? {
        if fields.len() == FIELDS {
            return Err(ProblemKind::BadLine);
        }
        at = word.range.end;
        fields.push(word.text);
    }
    if fields.len() < 2 {
        return Err(ProblemKind::BadLine);
    }
    let field = |index: usize| {
        let field = fields.get(index)?;
        Some(words::read_specifiers(field)).filter(|text| !matches!(text.bytes(), b"" | b"-"))
    };
    let kind = field(0);
    match kind.as_ref().map(MappedText::bytes) {
        Some([b'u', modifiers @ ..]) if modifiers.iter().all(|byte| b"!-".contains(byte)) => {
            scan.declarations.extend(field(1).map(Declaration::User));
            // The group of a user has its name, unless the line names another: `u x 5:y`.
            let other = field(2).and_then(|id| {
                let colon = memchr::memchr(b':', id.bytes())?;
                Some(id.slice(colon + 1..id.len()))
            });
            match other {
                Some(group) => scan.uses_account(Account::Group, "group", group),
                None => scan.declarations.extend(field(1).map(Declaration::Group)),
            }
            scan.references
                .extend(field(5).map(|text| Reference::new(Role::Program, "shell", text)));
        }
        Some(b"g") => scan.declarations.extend(field(1).map(Declaration::Group)),
        // Both are made if they are missing.
        Some(b"m") => {
            scan.declarations.extend(field(1).map(Declaration::User));
            scan.declarations.extend(field(2).map(Declaration::Group));
        }
        _ => {}
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn users_and_shells() {
        for (line, user, shell) in [
            (
                "u root 0 \"Super user\" /root /bin/bash",
                Some("root"),
                Some("/bin/bash"),
            ),
            (
                "u!\tx - 'X' - /usr/sbin/nologin",
                Some("x"),
                Some("/usr/sbin/nologin"),
            ),
            ("u x /usr/bin/x \"X\" /var/lib/x -", Some("x"), None),
            ("u x -:y \"X\" /nonexistent", Some("x"), None),
            ("u x", Some("x"), None),
            ("u %m-x - - - /bin/%H", Some("%m-x"), Some("/bin/%H")),
            ("g x - - - -", None, None),
            ("m x y", Some("x"), None),
            ("r - 500-900", None, None),
            ("# u x - - - /bin/sh", None, None),
        ] {
            let scan = scan(line.as_bytes());
            let found = scan.references.first().map(|found| found.text.bytes());
            assert_eq!(found, shell.map(str::as_bytes), "{line}");
            let found = scan.declarations.first().map(|fact| match fact {
                Declaration::User(name) => Some(name.bytes()),
                _ => None,
            });
            assert_eq!(found.flatten(), user.map(str::as_bytes), "{line}");
            assert!(scan.problems.is_empty(), "{line}");
        }
    }

    #[test]
    fn groups() {
        for (line, declared, used) in [
            ("g x -", Some("x"), None),
            ("u x 5", Some("x"), None),
            ("u x 5:y", None, Some("y")),
            ("u x -:y", None, Some("y")),
            ("u x 5:60", None, None),
            ("m x y", Some("y"), None),
            ("r - 500-900", None, None),
        ] {
            let facts = scan(line.as_bytes()).declarations;
            let of = |wanted: fn(&Declaration) -> Option<&MappedText>| {
                let name = facts.iter().find_map(wanted)?;
                Some(String::from_utf8_lossy(name.bytes()).into_owned())
            };
            let found = of(|fact| match fact {
                Declaration::Group(name) => Some(name),
                _ => None,
            });
            assert_eq!(found.as_deref(), declared, "{line}");
            let found = of(|fact| match fact {
                Declaration::UsesAccount { name, .. } => Some(name),
                _ => None,
            });
            assert_eq!(found.as_deref(), used, "{line}");
        }
    }

    #[test]
    fn lines_that_are_refused() {
        for (line, kind) in [
            ("u", ProblemKind::BadLine),
            ("u x - - - /bin/sh more", ProblemKind::BadLine),
            ("u x - \"X - /bin/sh", ProblemKind::UnbalancedQuote),
        ] {
            let scan = scan(line.as_bytes());
            assert!(
                scan.references.is_empty() && scan.declarations.is_empty(),
                "{line}"
            );
            assert_eq!(scan.problems[0].kind, kind, "{line}");
        }
    }
}
