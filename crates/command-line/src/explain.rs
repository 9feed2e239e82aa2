//! `--explain`: what a finding means.

use std::fmt::Write as _;

use hermetic_out::FindingKind;

use crate::escape::escape_for_terminal;

/// The most ids that are suggested for one that does not exist.
const SUGGESTIONS: usize = 3;

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
pub(crate) fn explanation(kind: &FindingKind) -> String {
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

/// Says that no finding is called `name`, with the nearest names.
pub(crate) fn unknown(kinds: &[&FindingKind], name: &str) -> String {
    // What is typed is short, and the time grows with the product of the lengths.
    let shortened: String = name.chars().take(100).collect();
    let distance = |known: &str| {
        let distance = strsim::levenshtein(&shortened, known);
        let is_part = name.len() > 2 && known.contains(name);
        (distance > known.len() / 3 && !is_part, distance)
    };
    // Who knows a former id is told the present one.
    let mut names: Vec<((bool, usize), &str)> = kinds
        .iter()
        .map(|kind| {
            let former = kind.aliases.iter().map(|id| distance(id));
            (former.fold(distance(kind.id), Ord::min), kind.id)
        })
        .collect();
    names.sort_unstable();
    let near = names.partition_point(|((is_far, _), _)| !is_far);
    names.truncate(if near == 0 {
        SUGGESTIONS
    } else {
        near.min(SUGGESTIONS)
    });
    let names: Vec<&str> = names.into_iter().map(|(_, known)| known).collect();
    let name = escape_for_terminal(name.as_bytes());
    let names = names.join(", ");
    if near == 0 {
        format!("no finding is called '{name}'; the nearest are {names}")
    } else {
        format!("no finding is called '{name}'; did you mean {names}?")
    }
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

    #[test]
    fn a_page_says_what_it_means() {
        assert_eq!(
            page(KINDS[2]),
            "# broken-link\n\n*warning* · units\n\nA program is not found.\n\nIt will not start.\n\n\
             ## Example\n\n```\nExecStart=x\n```\n\n## What to do\n\nAdd its package.\n\n\
             Former ids: `dead-link`.\n"
        );
    }

    #[test]
    fn an_unknown_name_is_told_the_nearest() {
        assert_eq!(
            unknown(&KINDS, "unresolved-progam"),
            "no finding is called 'unresolved-progam'; did you mean unresolved-program?"
        );
        assert_eq!(
            unknown(&KINDS, "unresolved"),
            "no finding is called 'unresolved'; did you mean unresolved-file, unresolved-program?"
        );
        assert_eq!(
            unknown(&KINDS, "deadlink"),
            "no finding is called 'deadlink'; did you mean broken-link?",
            "by a former id"
        );
        assert_eq!(
            unknown(&KINDS, "x\n"),
            "no finding is called 'x\\x0a'; the nearest are broken-link, unresolved-file, \
             unresolved-program"
        );
    }
}
