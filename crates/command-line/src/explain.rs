//! `--explain`: what a finding means.

use std::fmt::Write as _;
use std::io::Write;

use anyhow::Context;
use hermetic_out::{FindingKind, kind_by_id};

use crate::escape::escape_for_terminal;
use crate::exit_status::UsageError;

/// Prints the page of the finding whose id, or former id, is `name`; fails, with the nearest ids, if there
/// is none.
pub fn explain(
    kinds: &[&'static FindingKind],
    name: &str,
    stdout: &mut dyn Write,
) -> anyhow::Result<()> {
    match kind_by_id(kinds, name) {
        Some(kind) => stdout
            .write_all(page(kind).as_bytes())
            .context("writing to standard output"),
        None => Err(UsageError(unknown(kinds, name)).into()),
    }
}

/// The page of a kind of finding, in Markdown.
#[must_use]
pub fn page(kind: &FindingKind) -> String {
    let mut page = format!(
        "# {}\n\n*{}* · {}\n\n{}.\n\n{}",
        kind.id,
        kind.severity.name(),
        kind.group.name(),
        kind.summary,
        explanation(kind),
    );
    if !kind.aliases.is_empty() {
        let aliases: Vec<String> = kind.aliases.iter().map(|id| format!("`{id}`")).collect();
        let _ = writeln!(page, "\nFormer ids: {}.", aliases.join(", "));
    }
    page
}

/// What a kind of finding means, with an example and what to do, in Markdown.
#[must_use]
pub fn explanation(kind: &FindingKind) -> String {
    format!(
        "{}\n\n## Example\n\n```\n{}\n```\n\n## What to do\n\n{}.\n",
        kind.explanation.trim(),
        kind.example.trim(),
        sentence(kind.remedy),
    )
}

/// A sentence as it stands by itself.
fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    match letters.next() {
        Some(first) => first.to_uppercase().chain(letters).collect(),
        None => String::new(),
    }
}

pub(crate) fn unknown(kinds: &[&FindingKind], name: &str) -> String {
    // What is typed is short, and the time grows with the product of the lengths.
    let shortened: String = name.chars().take(100).collect();
    let mut near: Vec<(usize, &str)> = kinds
        .iter()
        .map(|kind| (strsim::levenshtein(&shortened, kind.id), kind.id))
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
        names.extend(kinds.iter().map(|kind| kind.id));
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
    use hermetic_out::{Group, Severity};

    use super::*;

    const fn kind(id: &'static str, aliases: &'static [&'static str]) -> FindingKind {
        FindingKind {
            id,
            aliases,
            severity: Severity::Warning,
            group: Group::Units,
            summary: "A program is not found",
            explanation: "\nIt will not start.\n",
            example: "ExecStart=x",
            remedy: "add its package",
        }
    }

    static PROGRAM: FindingKind = kind("unresolved-program", &[]);
    static FILE: FindingKind = kind("unresolved-file", &[]);
    static LINK: FindingKind = kind("broken-link", &["dead-link"]);
    static KINDS: [&FindingKind; 3] = [&PROGRAM, &FILE, &LINK];

    fn explained(name: &str) -> Result<String, String> {
        let mut page = Vec::new();
        match explain(&KINDS, name, &mut page) {
            Ok(()) => Ok(String::from_utf8(page).unwrap()),
            Err(error) => Err(error.to_string()),
        }
    }

    #[test]
    fn a_page_says_what_it_means() {
        let page = explained("broken-link").unwrap();
        assert_eq!(
            page,
            "# broken-link\n\n*warning* · units\n\nA program is not found.\n\nIt will not start.\n\n\
             ## Example\n\n```\nExecStart=x\n```\n\n## What to do\n\nAdd its package.\n\n\
             Former ids: `dead-link`.\n"
        );
        assert_eq!(explained("dead-link").unwrap(), page, "a former id");
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
