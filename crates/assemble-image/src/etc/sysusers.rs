//! sysusers.d: numbers are written into the staged copies before systemd-sysusers reads them, so
//! that they depend on nothing but names and pins.

use std::collections::BTreeMap;

use bstr::ByteSlice;
use hermetic_out::{Finding, Place};

use super::config_files::ConfigFile;
use super::lines::{lines, with_replacements};
use crate::findings;
use crate::users::{Numbers, Wanted, assign};

/// What became of the configuration.
#[derive(Debug, Default)]
pub(crate) struct Sysusers {
    /// The files with all numbers written out.
    pub(crate) files: Vec<ConfigFile>,
    /// Findings.
    pub(crate) findings: Vec<Finding>,
}

/// Writes numbers where the lines ask for none. `None` if there are none left.
pub(crate) fn with_numbers(
    files: Vec<ConfigFile>,
    pin: &Numbers,
    existing: &Numbers,
) -> Option<Sysusers> {
    let mut result = Sysusers::default();
    let mut wanted = Wanted::default();
    wanted.fixed.extend(existing.users.values());
    wanted.fixed.extend(existing.groups.values());
    for file in &files {
        for line in lines(&file.content, 6) {
            if line.words.is_none() {
                result.findings.push(unreadable(file, &line));
                continue;
            }
            let (name, id) = (line.word(1), line.word(2));
            if !declares(line.word(0)) || name.contains(&b'%') {
                continue;
            }
            if asks_for_none(id) {
                let known = existing.users.contains_key(name) || existing.groups.contains_key(name);
                if !known {
                    wanted.names.insert(name.to_vec());
                }
            }
            let fixed = id.split(|byte| *byte == b':');
            wanted
                .fixed
                .extend(fixed.filter_map(|number| number.to_str().ok()?.parse::<u32>().ok()));
        }
    }
    // A name that is pinned, or has a number on another line, keeps it there, too.
    let assigned = assign(&wanted, pin)?;
    for file in files {
        let content = number_lines(&file.content, &assigned, pin);
        let content = content.into();
        result.files.push(ConfigFile { content, ..file });
    }
    Some(result)
}

fn number_lines(content: &[u8], assigned: &BTreeMap<Vec<u8>, u32>, pin: &Numbers) -> Vec<u8> {
    let mut replacements = Vec::new();
    for line in lines(content, 6) {
        let (kind, name, id) = (line.word(0), line.word(1), line.word(2));
        if !declares(kind) || !asks_for_none(id) {
            continue;
        }
        let pinned = match kind.first() {
            Some(b'g') => pin.groups.get(name),
            _ => pin.users.get(name),
        };
        let Some(number) = pinned.or_else(|| assigned.get(name)) else {
            continue;
        };
        let mut text = number.to_string().into_bytes();
        // `-:GROUP`: the group stays.
        if let Some(group) = id.strip_prefix(b"-:") {
            text.push(b':');
            text.extend_from_slice(group);
        }
        if let Some(span) = line.word_span(2) {
            replacements.push((span, text));
        } else {
            // The line has two words only.
            let Some(span) = line.word_span(1) else {
                continue;
            };
            let end = hermetic_out_formats::Span::new(span.end, span.end);
            text.insert(0, b' ');
            replacements.push((end, text));
        }
    }
    with_replacements(content, &replacements)
}

/// The users and groups that lines declare by their names, each with whether it is a user.
pub(super) fn declared(content: &[u8]) -> impl Iterator<Item = (bool, Vec<u8>)> {
    lines(content, 2).into_iter().filter_map(|line| {
        let (kind, name) = (line.word(0), line.word(1));
        let is_literal = !name.is_empty() && !name.contains(&b'%');
        (declares(kind) && is_literal).then(|| (kind.starts_with(b"u"), name.to_vec()))
    })
}

/// Whether a line of this type declares a user or group: `u`, `u!`, `g`.
fn declares(kind: &[u8]) -> bool {
    matches!(kind.first(), Some(b'u' | b'g'))
}

fn asks_for_none(id: &[u8]) -> bool {
    matches!(id, b"" | b"-") || id.starts_with(b"-:")
}

pub(super) fn unreadable(file: &ConfigFile, line: &super::lines::Line) -> Finding {
    let mut finding = findings::about(
        &findings::MALFORMED_LINE,
        &file.path,
        "a quote on the line is not closed",
        "close the quote",
    )
    .with_severity(hermetic_out::Severity::Error);
    finding.place = Some(Place::new(&file.content, line.span));
    finding
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbered(content: &str, pin: &str) -> String {
        let file = ConfigFile {
            path: b"usr/lib/sysusers.d/x.conf".to_vec(),
            content: content.into(),
        };
        let pin = Numbers::of_pin_file(pin.as_bytes()).unwrap();
        let result = with_numbers(vec![file], &pin, &Numbers::default()).unwrap();
        String::from_utf8(result.files[0].content.to_vec()).unwrap()
    }

    #[test]
    fn numbers_are_written_where_there_are_none() {
        assert_eq!(
            numbered(
                "# users\nu root 0 \"Super User\" /root\nu! b - \"B b\" /var/b\ng a -\nu c\n\
                 u d -:a \"D\"\nu e /usr/bin/e\nm b a\nr - 500-900\n",
                ""
            ),
            "# users\nu root 0 \"Super User\" /root\nu! b 998 \"B b\" /var/b\ng a 999\nu c 997\n\
             u d 996:a \"D\"\nu e /usr/bin/e\nm b a\nr - 500-900\n"
        );
    }

    #[test]
    fn pinned_numbers_come_first() {
        assert_eq!(
            numbered("u a -\ng a -\nu b -\n", "u a 201\ng a 202\n"),
            "u a 201\ng a 202\nu b 999\n"
        );
    }

    #[test]
    fn a_number_that_a_line_asks_for_is_not_given_away() {
        assert_eq!(
            numbered("u a -\nu b 999\nu c 5:998\n", ""),
            "u a 997\nu b 999\nu c 5:998\n"
        );
    }

    #[test]
    fn an_open_quote_is_a_finding() {
        let file = ConfigFile {
            path: b"usr/lib/sysusers.d/x.conf".to_vec(),
            content: "u x - \"open\n".into(),
        };
        let result = with_numbers(vec![file], &Numbers::default(), &Numbers::default()).unwrap();
        assert_eq!(result.findings[0].kind.id, "malformed-line");
    }
}
