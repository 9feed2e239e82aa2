//! The names of files in /etc that a package's own files have in them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use regex::bytes::Regex;

/// What a file is read as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Unit,
    Shell,
    /// A script in another language.
    Script,
    Udev,
    DBus,
    Tmpfiles,
    PkgConfig,
    /// Any other text in etc.
    Configuration,
}

/// What a name is in the place where it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Use {
    /// Nothing may come of it: a comment, or a part of another path.
    Never,
    /// It is the beginning of a path that is not known before it is used.
    Within,
    /// Whether it is the file's path or prose a short reader cannot tell.
    Perhaps,
    /// The path of the file, by itself.
    Surely,
}

/// A name of a file or directory that the package ships in etc.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Name {
    /// The line, from 1.
    pub(super) line: usize,
    /// The path, from `/etc/`, without a slash at the end.
    pub(super) path: String,
    pub(super) usage: Use,
}

/// Where documentation lies: nothing reads it but people.
const DOCUMENTATION: [&str; 5] = [
    "share/doc/",
    "share/info/",
    "share/lintian/",
    "share/locale/",
    "share/man/",
];

fn pattern(text: &str) -> Regex {
    #[expect(clippy::unwrap_used, reason = "the patterns are those below")]
    Regex::new(text).unwrap()
}

macro_rules! bytes_pattern {
    ($name:ident, $text:expr) => {
        static $name: std::sync::LazyLock<Regex> = std::sync::LazyLock::new(|| pattern($text));
    };
}

bytes_pattern!(NAME, r"(?-u)/etc(?:/[A-Za-z0-9_.@+~-]+)+");
bytes_pattern!(SHELL, r"(?-u)\A#! *(?:/usr)?/bin/(?:env +)?(?:ba|da)?sh\b");
bytes_pattern!(HERE_DOCUMENT, r#"(?-u)<<-?[ \t]*\\?['"]?([A-Za-z_]\w*)"#);

/// How a file of the package is read; `None` if nothing in it may change.
pub(super) fn kind(path: &Path, bytes: &[u8]) -> Option<Kind> {
    let path = path.to_string_lossy();
    if bytes.contains(&0) || DOCUMENTATION.iter().any(|top| path.starts_with(top)) {
        return None;
    }
    let (directory, name) = path.rsplit_once('/').unwrap_or(("", &path));
    let suffix = name.rsplit_once('.').map_or("", |(_, suffix)| suffix);
    let is_unit = matches!(
        suffix,
        "automount"
            | "mount"
            | "path"
            | "service"
            | "slice"
            | "socket"
            | "swap"
            | "target"
            | "timer"
    ) || suffix == "conf" && directory.rsplit('.').next() == Some("d");
    let below = |parts: &[&str]| {
        parts.iter().any(|part| {
            ["lib", "etc", "share"]
                .iter()
                .any(|top| format!("{directory}/").starts_with(&format!("{top}/{part}/")))
        })
    };
    Some(if below(&["systemd/system", "systemd/user"]) && is_unit {
        Kind::Unit
    } else if below(&["udev/rules.d"]) {
        Kind::Udev
    } else if below(&["dbus-1"]) {
        Kind::DBus
    } else if below(&["tmpfiles.d"]) {
        Kind::Tmpfiles
    } else if suffix == "pc" {
        Kind::PkgConfig
    } else if SHELL.is_match(bytes) {
        Kind::Shell
    } else if bytes.starts_with(b"#!") {
        Kind::Script
    } else if path.starts_with("etc/") {
        Kind::Configuration
    } else {
        return None;
    })
}

/// All names in a text; `shipped` has the files of the package's etc and their directories.
pub(super) fn in_text(kind: Kind, text: &[u8], shipped: &BTreeSet<String>) -> Vec<Name> {
    let shell = (kind == Kind::Shell).then(|| classes(text));
    let mut names = Vec::new();
    for (index, (start, line)) in lines(text).into_iter().enumerate() {
        for found in NAME.find_iter(line) {
            let is_known = |end: usize| !b"$%*?[{\\`".contains(line.get(end).unwrap_or(&b' '));
            let path = shipped_path(found.as_bytes(), shipped).or_else(|| {
                // `/etc/x/name-$SUFFIX`: the directory is known.
                let name = std::str::from_utf8(found.as_bytes()).ok()?;
                let (directory, _) = name.rsplit_once('/')?;
                let is_within = !is_known(found.end()) && shipped.contains(directory);
                is_within.then(|| directory.to_owned())
            });
            let Some(path) = path else { continue };
            let (before, after) = (&line[..found.start()], &line[found.start() + path.len()..]);
            let after = if is_known(found.end()) {
                after
            } else {
                &line[found.end()..]
            };
            // The path that tmpfiles.d makes, not one that it reads.
            let is_made = kind == Kind::Tmpfiles
                && before
                    .split(u8::is_ascii_whitespace)
                    .filter(|word| !word.is_empty())
                    .count()
                    < 2;
            let class = shell.as_ref().map_or_else(
                || class_of_line(kind, line),
                |classes| classes[start + found.start()],
            );
            names.push(Name {
                line: index + 1,
                usage: if is_made {
                    Use::Never
                } else {
                    usage(kind, class, before, after)
                },
                path,
            });
        }
    }
    names
}

/// The paths that an object file was compiled with, each with whether a string begins with it.
pub(super) fn in_object(bytes: &[u8], shipped: &BTreeSet<String>) -> BTreeMap<String, bool> {
    let mut names = BTreeMap::new();
    for found in NAME.find_iter(bytes) {
        let Some(path) = shipped_path(found.as_bytes(), shipped) else {
            continue;
        };
        let byte = |at: usize| bytes.get(at).copied().unwrap_or(0);
        let end = found.start() + path.len();
        let whole = found.start() > 0
            && byte(found.start() - 1) == 0
            && (byte(end) == 0 || byte(end) == b'/' && byte(end + 1) == 0);
        *names.entry(path).or_default() |= whole;
    }
    names
}

/// The name as it is shipped: prose ends with a full stop.
fn shipped_path(name: &[u8], shipped: &BTreeSet<String>) -> Option<String> {
    let name = std::str::from_utf8(name).ok()?;
    [name, name.trim_end_matches('.')]
        .into_iter()
        .find(|name| shipped.contains(*name))
        .map(str::to_owned)
}

/// Lines without their ends, each with where it begins.
pub(super) fn lines(text: &[u8]) -> Vec<(usize, &[u8])> {
    let mut start = 0;
    text.split(|byte| *byte == b'\n')
        .map(|line| {
            let at = start;
            start += line.len() + 1;
            (at, line)
        })
        .collect()
}

/// What a byte belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Class {
    Code,
    Comment,
    /// In quotes, or in a here-document.
    Quoted,
}

fn class_of_line(kind: Kind, line: &[u8]) -> Class {
    let line = line.trim_ascii_start();
    let signs: &[&[u8]] = match kind {
        Kind::Configuration => &[b"#", b";", b"//", b"--", b"!", b"*", b"%", b"<!--"],
        Kind::DBus => &[b"#", b"<!--"],
        _ => &[b"#", b";"],
    };
    if signs.iter().any(|sign| line.starts_with(sign)) {
        Class::Comment
    } else {
        Class::Code
    }
}

/// What each byte of a shell script belongs to. A reader for what scripts of packages have: it does
/// not know quotes in substitutions in quotes.
fn classes(text: &[u8]) -> Vec<Class> {
    let mut classes = vec![Class::Code; text.len() + 1];
    let (mut quote, mut at) = (None, 0);
    let mut here: Option<Vec<u8>> = None;
    while at < text.len() {
        let byte = text[at];
        let ends_line = byte == b'\n';
        if ends_line
            && quote.is_none()
            && let Some(word) = here.take()
        {
            // The body up to the line that has nothing but the word.
            let mut end = at + 1;
            while end < text.len() {
                let line = text[end..]
                    .split(|byte| *byte == b'\n')
                    .next()
                    .unwrap_or_default();
                let is_end = line.trim_ascii_start() == word;
                classes[end..end + line.len()].fill(Class::Quoted);
                end += line.len() + 1;
                if is_end {
                    break;
                }
            }
            at = end;
            continue;
        }
        let begins_word = at == 0 || b" \t\n;&|(".contains(&text[at - 1]);
        match (quote, byte) {
            (None, b'#') if begins_word => {
                while at < text.len() && text[at] != b'\n' {
                    classes[at] = Class::Comment;
                    at += 1;
                }
                continue;
            }
            (None | Some(b'"'), b'\\') => at += 1,
            (None, b'\'' | b'"') => quote = Some(byte),
            (Some(open), _) if byte == open => quote = None,
            (None, b'<') if here.is_none() && text.get(at + 2) != Some(&b'<') => {
                here = HERE_DOCUMENT
                    .captures(&text[at..(at + 80).min(text.len())])
                    .filter(|found| found.get(0).is_some_and(|all| all.start() == 0))
                    .map(|found| found[1].to_vec());
            }
            _ => {}
        }
        if quote.is_some() && at < text.len() {
            classes[at] = Class::Quoted;
        }
        at += 1;
    }
    classes
}

fn usage(kind: Kind, class: Class, before: &[u8], after: &[u8]) -> Use {
    // What directives of units have in front of a path.
    let signs = before
        .iter()
        .rev()
        .take_while(|byte| b"-+!@:|".contains(byte));
    let bare = &before[..before.len() - signs.count()];
    let before = if matches!(bare.last(), Some(b'=' | b' ')) {
        bare
    } else {
        before
    };
    let last = before.last().copied().unwrap_or(b' ');
    let next = after.strip_prefix(b"/").unwrap_or(after);
    let next = next.first().copied().unwrap_or(b' ');
    let joins = |byte: u8| byte.is_ascii_alphanumeric() || b"_@+~}/-".contains(&byte);
    // A full stop ends a sentence.
    let goes_on =
        joins(next) || next == b'.' && after.get(1).is_some_and(u8::is_ascii_alphanumeric);
    let joins = |byte: u8| joins(byte) || b".)".contains(&byte);
    let is_joined_quote = b"'\"".contains(&last)
        && before.len() > 1
        && joins(before[before.len() - 2])
        && before.split(|byte| *byte == last).count() % 2 == 1;
    let glued_option = before.len() >= 2 && {
        let option = &before[before.len() - 2..];
        option[0] == b'-' && option[1].is_ascii_alphabetic()
    };
    if class == Class::Comment || joins(last) && !glued_option || is_joined_quote {
        return Use::Never;
    }
    // `/etc/x/*`, `/etc/x$SUFFIX`.
    if b"$%*?[{\\`".contains(&next) {
        return Use::Within;
    }
    // `/etc/x.bak`.
    if goes_on {
        return Use::Never;
    }
    if glued_option {
        return Use::Perhaps;
    }
    let stands_alone = |byte: u8| b" \t\r\n'\"=<>;&|()`,:".contains(&byte);
    let is_prose = class == Class::Quoted && !(b"'\"".contains(&last) && b"'\"".contains(&next));
    match kind {
        Kind::Configuration | Kind::Script => Use::Perhaps,
        _ if is_prose || !stands_alone(last) || !stands_alone(next) => Use::Perhaps,
        _ => Use::Surely,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn uses(kind: Kind, text: &str) -> Vec<(usize, Use)> {
        let shipped = ["/etc/x", "/etc/x/y.conf"].map(str::to_owned);
        let names = in_text(kind, text.as_bytes(), &shipped.into());
        names.iter().map(|name| (name.line, name.usage)).collect()
    }

    #[test]
    fn a_name_is_told_from_a_part_of_another() {
        for (text, expected) in [
            ("A=/etc/x/y.conf", Some(Use::Surely)),
            ("A=-/etc/x/y.conf:rw", Some(Use::Surely)),
            ("A=/usr/bin/z -c/etc/x/y.conf", Some(Use::Perhaps)),
            ("# /etc/x/y.conf", Some(Use::Never)),
            ("A=/etc/x/%i.conf", Some(Use::Within)),
            ("A=/sysroot/etc/x/y.conf", Some(Use::Never)),
            ("A=/etc/x/z-$B", Some(Use::Within)),
            ("A=(see /etc/x/y.conf).", Some(Use::Surely)),
            ("A=$(cat /etc/x/y.conf)", Some(Use::Surely)),
            ("A=/etc/x/y.conf.d", None),
            ("A=/etc/other", None),
        ] {
            let found = uses(Kind::Unit, text);
            assert_eq!(found.first().map(|(_, usage)| *usage), expected, "{text}");
        }
    }

    #[test]
    fn comments_quotes_and_here_documents_of_the_shell() {
        let text = "#!/bin/sh\n. /etc/x/y.conf # /etc/x/y.conf\necho \"see /etc/x/y.conf\"\n\
                    cat <<EOF\n/etc/x/y.conf\nEOF\nA=\"/etc/x/y.conf\"\nB=${C#/etc/x/y.conf}\n\
                    cp \"$D\"/etc/x/y.conf z\n";
        assert_eq!(
            uses(Kind::Shell, text),
            [
                (2, Use::Surely),
                (2, Use::Never),
                (3, Use::Perhaps),
                (5, Use::Perhaps),
                (7, Use::Surely),
                (8, Use::Never),
                (9, Use::Never),
            ]
        );
    }

    #[test]
    fn kinds_are_told_by_path_and_first_line() {
        let kind = |path: &str, text: &str| kind(Path::new(path), text.as_bytes());
        assert_eq!(kind("lib/systemd/system/a.service", ""), Some(Kind::Unit));
        assert_eq!(
            kind("lib/systemd/system/a.service.d/b.conf", ""),
            Some(Kind::Unit)
        );
        assert_eq!(kind("lib/systemd/catalog/a.catalog", ""), None);
        assert_eq!(kind("share/doc/a/run", "#!/bin/sh\n"), None);
        assert_eq!(kind("bin/a", "#!/bin/dash -e\n"), Some(Kind::Shell));
        assert_eq!(kind("bin/a", "#!/usr/bin/perl\n"), Some(Kind::Script));
        assert_eq!(kind("etc/a", "x"), Some(Kind::Configuration));
        assert_eq!(kind("etc/a", "x\0"), None);
    }

    #[test]
    fn strings_of_object_files() {
        let shipped = ["/etc/x", "/etc/x/y.conf"].map(str::to_owned).into();
        let names = in_object(b"\x7fELF\0/etc/x/\0see /etc/x/y.conf.\0", &shipped);
        let expected = [
            ("/etc/x".to_owned(), true),
            ("/etc/x/y.conf".to_owned(), false),
        ];
        assert_eq!(names, expected.into());
    }
}
