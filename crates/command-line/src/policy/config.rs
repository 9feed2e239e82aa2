//! The configuration file: TOML.

use std::ops::Range;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use bstr::ByteSlice;
use hermetic_out::{FindingKind, Glob, regular_file};
use serde::Deserialize;
use toml::Spanned;

use super::{Choices, PolicyError, Selector, rule, selector, severity_called};
use crate::escape::escape_for_terminal;

const WHAT: &str = "the configuration";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    deny: Vec<Spanned<String>>,
    #[serde(default)]
    allow: Vec<Allow>,
    #[serde(default)]
    severity: Vec<Graded>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Allow {
    rule: Spanned<String>,
    file: Option<Spanned<String>>,
    subject: Option<Spanned<String>>,
    // Nobody knows a year later why something was allowed.
    reason: Spanned<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Graded {
    rule: Spanned<String>,
    file: Option<Spanned<String>>,
    subject: Option<Spanned<String>>,
    severity: Spanned<String>,
}

/// A place in the file, and what is wrong there.
type Wrong = (Range<usize>, String);

/// Adds what the file says to `choices`.
pub(super) fn read(
    path: &Path,
    kinds: &[&'static FindingKind],
    choices: &mut Choices,
) -> Result<(), PolicyError> {
    let name = || escape_for_terminal(path.as_os_str().as_bytes());
    let bytes = regular_file::read(path).map_err(|source| PolicyError::Unreadable {
        what: WHAT,
        path: name(),
        source,
    })?;
    parse(&bytes, kinds, choices).map_err(|(at, reason)| {
        let before = &bytes[..at.start.min(bytes.len())];
        let line_start = before.rfind("\n").map_or(0, |newline| newline + 1);
        PolicyError::Malformed {
            what: WHAT,
            path: name(),
            line: before.find_iter("\n").count() + 1,
            column: before.len() - line_start + 1,
            reason: escape_for_terminal(reason.as_bytes()),
        }
    })
}

fn parse(bytes: &[u8], kinds: &[&'static FindingKind], choices: &mut Choices) -> Result<(), Wrong> {
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let at = error.valid_up_to();
        (at..at, "it is not UTF-8, as TOML is".to_owned())
    })?;
    let file: File = toml::from_str(text).map_err(|error| {
        let reason = error.message().trim().replace('\n', ", ");
        (error.span().unwrap_or(0..0), reason)
    })?;
    for denied in &file.deny {
        let found = selector(kinds, denied.get_ref().as_bytes());
        let selector = found.map_err(|(_, reason)| (denied.span(), reason))?;
        choices.deny.push(selector);
    }
    for entry in &file.allow {
        if entry.reason.get_ref().trim().is_empty() {
            let reason = "the reason is empty; say why it is allowed".to_owned();
            return Err((entry.reason.span(), reason));
        }
        let selector = selected(
            kinds,
            &entry.rule,
            entry.file.as_ref(),
            entry.subject.as_ref(),
        )?;
        choices.allow.push(selector);
    }
    for entry in &file.severity {
        let selector = selected(
            kinds,
            &entry.rule,
            entry.file.as_ref(),
            entry.subject.as_ref(),
        )?;
        let severity = severity_called(entry.severity.get_ref().as_bytes()).ok_or_else(|| {
            let reason = "there is no such severity; write note, warning or error".to_owned();
            (entry.severity.span(), reason)
        })?;
        choices.severity.push((selector, severity));
    }
    Ok(())
}

fn selected(
    kinds: &[&'static FindingKind],
    name: &Spanned<String>,
    file: Option<&Spanned<String>>,
    subject: Option<&Spanned<String>>,
) -> Result<Selector, Wrong> {
    let pattern = |pattern: Option<&Spanned<String>>| match pattern {
        Some(pattern) => match Glob::new(pattern.get_ref().as_bytes()) {
            Ok(glob) => Ok(Some(glob)),
            Err(reason) => Err((pattern.span(), format!("this is no glob: {reason}"))),
        },
        None => Ok(None),
    };
    Ok(Selector {
        rule: rule(kinds, name.get_ref()).map_err(|reason| (name.span(), reason))?,
        either: None,
        file: pattern(file)?,
        subject: pattern(subject)?,
    })
}

#[cfg(test)]
mod tests {
    use super::super::tests::{KINDS, severities};
    use super::super::{Policy, PolicyError};
    use std::fs;

    use super::*;

    fn policy(text: &[u8]) -> Result<Policy, PolicyError> {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("lint.toml");
        fs::write(&path, text).unwrap();
        let mut policy = Policy::new(KINDS);
        policy.read_config(&path).map(|()| policy)
    }

    #[test]
    fn a_file_decides_what_the_command_line_does_not() {
        let text = br#"
            # A former id means the same.
            deny = ["program-missing:lib/udev/**"]

            [[allow]]
            rule = "missing-program"
            file = "x-1/**"
            subject = "/usr/bin/x"
            reason = "it is started by hand"

            [[severity]]
            rule = "dangling-symlink"
            severity = "note"
        "#;
        let mut policy = policy(text).unwrap();
        assert_eq!(severities(&policy), "en");
        policy.deny("--deny", b"missing-program").unwrap();
        assert_eq!(severities(&policy), "een");
        policy.allow("--allow", b"missing-program").unwrap();
        assert_eq!(severities(&policy), "n");
    }

    #[test]
    fn an_empty_file_says_nothing() {
        assert_eq!(severities(&policy(b"").unwrap()), "wwe");
    }

    #[test]
    fn what_is_wrong_is_said_with_its_place() {
        for (text, expected) in [
            (
                &b"deny = [\n  \"missing-progam\"]"[..],
                ":2:3: no finding is called 'missing-progam'; did you mean missing-program?",
            ),
            (
                b"denied = []",
                ":1:1: unknown field `denied`, expected one of `deny`, `allow`, `severity`",
            ),
            (
                b"[[allow]]\nrule = \"missing-program\"",
                ":1:1: missing field `reason`",
            ),
            (
                b"[[allow]]\nrule = \"missing-program\"\nreason = \" \"",
                ":3:10: the reason is empty; say why it is allowed",
            ),
            (
                b"[[severity]]\nrule = \"missing-program\"\nseverity = \"fatal\"",
                ":3:12: there is no such severity; write note, warning or error",
            ),
            (
                b"[[severity]]\nrule = \"missing-program\"\nfile = \"[\"\nseverity = \"note\"",
                ":3:8: this is no glob: unclosed character class; missing ']'",
            ),
            (
                b"deny = 1",
                ":1:8: invalid type: integer `1`, expected a sequence",
            ),
            (b"x = \xff", ":1:5: it is not UTF-8, as TOML is"),
        ] {
            let error = policy(text).unwrap_err().to_string();
            assert!(error.starts_with("reading the configuration /"), "{error}");
            assert!(error.ends_with(expected), "{error}");
        }
        let error = Policy::new(KINDS).read_config(Path::new("/no/such/file"));
        assert_eq!(
            error.unwrap_err().to_string(),
            "reading the configuration /no/such/file"
        );
    }
}
