//! `--explain`: what a finding means.

use std::io::{self, Write};

use anyhow::Context;
use hermetic_out::FindingKind;

use crate::escape::escape_for_terminal;
use crate::exit_status::UsageError;

/// Prints the page of the finding called `name`; fails, with the nearest names, if there is none.
pub fn explain(kinds: &[&FindingKind], name: &str, stdout: &mut dyn Write) -> anyhow::Result<()> {
    match kinds.iter().find(|kind| kind.name == name) {
        Some(kind) => write_page(kind, stdout).context("writing to standard output"),
        None => Err(UsageError(unknown(kinds, name)).into()),
    }
}

fn write_page(kind: &FindingKind, stdout: &mut dyn Write) -> io::Result<()> {
    let severity = kind.severity.name();
    writeln!(stdout, "{} ({severity})\n\n{}\n", kind.name, kind.summary)?;
    writeln!(stdout, "{}", kind.explanation.trim())
}

pub(crate) fn unknown(kinds: &[&FindingKind], name: &str) -> String {
    // What is typed is short, and the time grows with the product of the lengths.
    let shortened: String = name.chars().take(100).collect();
    let mut near: Vec<(usize, &str)> = kinds
        .iter()
        .map(|kind| (strsim::levenshtein(&shortened, kind.name), kind.name))
        .filter(|(distance, known)| {
            *distance <= known.len() / 3 || (name.len() > 2 && known.contains(name))
        })
        .collect();
    near.sort_unstable();
    let mut names: Vec<&str> = near.iter().take(3).map(|(_, known)| *known).collect();
    let introduction = if names.is_empty() {
        "the findings are"
    } else {
        "did you mean"
    };
    if names.is_empty() {
        names.extend(kinds.iter().map(|kind| kind.name));
        names.sort_unstable();
    }
    let end = if introduction == "did you mean" {
        "?"
    } else {
        ""
    };
    let name = escape_for_terminal(name.as_bytes());
    format!(
        "no finding is called '{name}'; {introduction} {}{end}",
        names.join(", ")
    )
}

#[cfg(test)]
mod tests {
    use hermetic_out::Severity;

    use super::*;

    const fn kind(name: &'static str) -> FindingKind {
        FindingKind {
            name,
            severity: Severity::Warning,
            summary: "A program is not found",
            explanation: "\nIt will not start.\n\nAdd its package.\n",
        }
    }

    static KINDS: [&FindingKind; 3] = [
        &kind("unresolved-program"),
        &kind("unresolved-file"),
        &kind("broken-link"),
    ];

    fn explained(name: &str) -> Result<String, String> {
        let mut page = Vec::new();
        match explain(&KINDS, name, &mut page) {
            Ok(()) => Ok(String::from_utf8(page).unwrap()),
            Err(error) => Err(error.to_string()),
        }
    }

    #[test]
    fn a_page_says_what_it_means() {
        assert_eq!(
            explained("broken-link").unwrap(),
            "broken-link (warning)\n\nA program is not found\n\nIt will not start.\n\nAdd its package.\n"
        );
    }

    #[test]
    fn an_unknown_name_is_told_the_nearest() {
        assert_eq!(
            explained("unresolved-progam").unwrap_err(),
            "no finding is called 'unresolved-progam'; did you mean unresolved-program?"
        );
        assert_eq!(
            explained("unresolved").unwrap_err(),
            "no finding is called 'unresolved'; did you mean unresolved-file, unresolved-program?"
        );
        assert_eq!(
            explained("x\n").unwrap_err(),
            "no finding is called 'x\\x0a'; the findings are broken-link, unresolved-file, \
             unresolved-program"
        );
    }
}
