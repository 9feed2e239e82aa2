//! `sysusers.d(5)`: users and their login shells, as `systemd-sysusers` reads them (`parse_line()`
//! of `src/sysusers/sysusers.c`).

use crate::lines;
use crate::reference::{Fact, ProblemKind, Reference, Role, Scan};
use crate::text::Text;
use crate::words::{self, Escapes};

const FIELDS: usize = 6;

/// Finds the users that are declared, and their login shells.
#[must_use]
pub fn scan(file: &[u8]) -> Scan {
    let mut scan = Scan::default();
    for span in lines::significant(file, b"#") {
        let line = Text::of_file(file, span);
        if let Err(kind) = scan_line(&mut scan, &line) {
            scan.problem(kind, span);
        }
    }
    scan
}

/// `u NAME ID "GECOS" HOME SHELL`; `u!` is a locked account.
fn scan_line(scan: &mut Scan, line: &Text) -> Result<(), ProblemKind> {
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
    let is_user = |kind: &Text| match kind.bytes() {
        [b'u', modifiers @ ..] => modifiers.iter().all(|modifier| b"!-".contains(modifier)),
        _ => false,
    };
    if !field(0).is_some_and(|kind| is_user(&kind)) {
        return Ok(());
    }
    scan.facts.extend(field(1).map(Fact::User));
    scan.references
        .extend(field(5).map(|text| Reference::new(Role::Program, "shell", text)));
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
            ("m x y", None, None),
            ("r - 500-900", None, None),
            ("# u x - - - /bin/sh", None, None),
        ] {
            let scan = scan(line.as_bytes());
            let found = scan.references.first().map(|found| found.text.bytes());
            assert_eq!(found, shell.map(str::as_bytes), "{line}");
            let found = scan.facts.first().map(|fact| match fact {
                Fact::User(name) => name.bytes(),
                _ => b"?",
            });
            assert_eq!(found, user.map(str::as_bytes), "{line}");
            assert!(scan.problems.is_empty(), "{line}");
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
                scan.references.is_empty() && scan.facts.is_empty(),
                "{line}"
            );
            assert_eq!(scan.problems[0].kind, kind, "{line}");
        }
    }
}
