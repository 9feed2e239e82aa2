//! `logrotate(8)`: the scripts and programs of `logrotate.d`, as logrotate reads them
//! (`readConfigFile()` of `config.c`).

use crate::command_line::Context;
use crate::encoding::Encoding;
use crate::format::{Files, Format, Paths};
use crate::lines;
use crate::mapped_text::{MappedText, Span};
use crate::reference::{Account, Lookup, Reference, Role, Scan};
use crate::shell::{Names, scan_script};

pub(crate) static FORMAT: Format = Format {
    directories: &["logrotate.d"],
    files: Files::All,
    scan,
    paths: Paths::Some,
    pieces: &[
        b"/var/log/x/*.log {\n",
        b"\n\tdaily\n\trotate 7\n",
        b"\n    postrotate\n",
        b"\n    prerotate\n/usr/bin/x --y || true\n",
        b"\n    endscript\n",
        b"\n    compresscmd /usr/bin/xz\n",
        b"\n    su x x\n",
        b"\n    create 0640 x adm\n",
        b"\n}\n",
        b"\n# ",
    ],
};

/// The directives after whose line a script begins, up to a line with `endscript`.
const SCRIPTS: &[&str] = &[
    "firstaction",
    "lastaction",
    "postrotate",
    "preremove",
    "prerotate",
];

/// The directives whose value is a program.
const PROGRAMS: &[&str] = &["compresscmd", "uncompresscmd"];

/// Finds what the scripts run, the programs that compress, and the users.
#[must_use]
pub fn scan(file: &[u8]) -> Scan {
    let mut scan = Scan::default();
    let mut script: Option<(&'static str, usize)> = None;
    for physical in lines::physical(file) {
        let line = lines::trim(file, physical);
        let (keyword, value) = split(file, line);
        if let Some((field, start)) = script {
            if keyword.of(file) == b"endscript" {
                let text = MappedText::of_file(file, Span::new(start, physical.start));
                let context = Context::new(field, Lookup::SearchPath);
                scan_script(&mut scan, &context, &text, Names::Resolved);
                script = None;
            }
            continue;
        }
        let keyword = keyword.of(file);
        let named = |known: &&&str| known.as_bytes() == keyword;
        if let Some(field) = SCRIPTS.iter().find(named) {
            script = Some((field, physical.end));
        } else if let Some(field) = PROGRAMS.iter().find(named) {
            scan_program(&mut scan, file, field, value);
        } else if matches!(keyword, b"su" | b"create" | b"createolddir") {
            scan_accounts(&mut scan, file, keyword == b"su", value);
        }
    }
    scan
}

/// A line's first word, and what follows it: after blanks or `=`.
fn split(file: &[u8], line: Span) -> (Span, Span) {
    let bytes = line.of(file);
    let ends = |byte: &u8| *byte == b'=' || byte.is_ascii_whitespace();
    let end = line.start + bytes.iter().position(ends).unwrap_or(bytes.len());
    let mut rest = lines::trim(file, Span::new(end, line.end));
    if rest.of(file).starts_with(b"=") {
        rest = lines::trim(file, Span::new(rest.start + 1, rest.end));
    }
    (Span::new(line.start, end), rest)
}

fn scan_program(scan: &mut Scan, file: &[u8], field: &'static str, value: Span) {
    let outer = MappedText::of_file(file, value);
    let mut text = MappedText::new();
    text.push(&outer, 0..outer.len(), Some(Encoding::BareWord));
    if !text.is_empty() {
        scan.references.push(Reference {
            lookup: Lookup::SearchPath,
            ..Reference::new(Role::Program, field, text)
        });
    }
}

/// `su USER GROUP`; `create MODE OWNER GROUP`, where each may be left out.
fn scan_accounts(scan: &mut Scan, file: &[u8], is_su: bool, value: Span) {
    let mut start = value.start;
    let mut words = Vec::new();
    for word in value.of(file).split(u8::is_ascii_whitespace) {
        if !word.is_empty() {
            words.push(Span::new(start, start + word.len()));
        }
        start += word.len() + 1;
    }
    if !is_su && !words.is_empty() {
        words.remove(0);
    }
    for (span, account) in words.into_iter().zip([Account::User, Account::Group]) {
        let field = if is_su { "su" } else { "create" };
        scan.uses_account(account, field, MappedText::of_file(file, span));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reference::Declaration;

    const FILE: &str = "\
# /usr/bin/no
/var/log/x/*.log {
    daily
    su x adm
    create 0640 y z
    compresscmd /usr/bin/xz
    uncompresscmd=unxz
    sharedscripts
    postrotate
        # /usr/bin/comment
        if [ -f /run/x.pid ]; then
            /usr/bin/x --reopen
        fi
    endscript
    lastaction
        invoke x
    endscript
}
postrotate
/usr/bin/never-ended
";

    #[test]
    fn programs_and_users() {
        let scan = scan(FILE.as_bytes());
        let found: Vec<_> = scan
            .references
            .iter()
            .filter(|found| found.role != Role::Condition)
            .map(|found| (found.field.as_ref(), found.text.bytes()))
            .collect();
        assert_eq!(
            found,
            [
                ("compresscmd", &b"/usr/bin/xz"[..]),
                ("uncompresscmd", b"unxz"),
                ("postrotate", b"/usr/bin/x"),
                ("lastaction", b"invoke"),
            ]
        );
        let accounts = scan.declarations.iter().filter_map(|fact| match fact {
            Declaration::UsesAccount { name, .. } => Some(name.bytes()),
            _ => None,
        });
        assert_eq!(
            accounts.collect::<Vec<_>>(),
            [b"x", &b"adm"[..], b"y", b"z"]
        );
        assert!(scan.problems.is_empty());
    }
}
