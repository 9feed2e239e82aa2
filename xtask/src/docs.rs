//! `cargo xtask docs`

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::process::ExitCode;
use std::{fs, io};

use anyhow::Context as _;
use clap::builder::PossibleValuesParser;
use clap_complete::Shell;
use clap_complete::aot::generate_to;
use hermetic_out::FindingKind;
use hermetic_out_command_line::command;
use hermetic_out_command_line::explain::page;
use lint_store_path::rules::rule_by_id;

use crate::project;

#[cfg(test)]
mod blocks;
mod pictures;

#[derive(clap::Args)]
pub(crate) struct Options {
    /// Write nothing; fail if a committed page is out of date
    #[arg(long)]
    check: bool,
}

/// A tool: its command line, and what it reports.
struct Tool {
    name: &'static str,
    kinds: &'static [&'static FindingKind],
    command: fn() -> clap::Command,
}

fn tools() -> [Tool; 5] {
    [
        Tool {
            name: assemble_image::cli::TOOL.name,
            kinds: assemble_image::findings::KINDS,
            command: command::<assemble_image::cli::Arguments>,
        },
        Tool {
            name: lint_store_path::cli::TOOL.name,
            kinds: lint_store_path::rules::kinds(),
            command: command::<lint_store_path::cli::Arguments>,
        },
        Tool {
            name: patch_systemd_units::cli::TOOL.name,
            kinds: patch_systemd_units::findings::KINDS,
            command: command::<patch_systemd_units::cli::Arguments>,
        },
        Tool {
            name: relocate_etc_to_out::cli::TOOL.name,
            kinds: relocate_etc_to_out::findings::KINDS,
            command: command::<relocate_etc_to_out::cli::Arguments>,
        },
        Tool {
            name: rewrite_pkgconfig_prefix::cli::TOOL.name,
            kinds: rewrite_pkgconfig_prefix::findings::KINDS,
            command: command::<rewrite_pkgconfig_prefix::cli::Arguments>,
        },
    ]
}

/// Where the pages of findings lie in the project.
const PAGES: &str = "docs/rules";
/// The directories in which everything is generated.
const GENERATED: [&str; 4] = [PAGES, "docs/pictures", MANUALS, COMPLETIONS];
/// Where the man pages lie.
const MANUALS: &str = "docs/man";
/// Where the completions of shells lie.
const COMPLETIONS: &str = "docs/completions";

/// The kinds of finding of all tools by their ids, each with the tools that report it.
fn kinds(tools: &[Tool]) -> BTreeMap<&'static str, (&'static FindingKind, Vec<&'static str>)> {
    let mut kinds = BTreeMap::new();
    for tool in tools {
        for kind in tool.kinds {
            let entry = kinds.entry(kind.id);
            let (_, reporters) = entry.or_insert((*kind, Vec::new()));
            reporters.push(tool.name);
        }
    }
    kinds
}

/// The generated pages, by their paths in the project: one for each kind of finding, and a list of them.
fn pages(tools: &[Tool]) -> BTreeMap<String, String> {
    let mut index =
        "# All findings\n\nWritten by `cargo xtask docs`; `TOOL --explain ID` prints the page of \
                     one.\n\n| id | severity | what is wrong | reported by |\n|---|---|---|---|\n"
            .to_owned();
    let mut pages = BTreeMap::new();
    for (id, (kind, reporters)) in kinds(tools) {
        let _ = writeln!(
            index,
            "| [{id}]({id}.md) | {} | {} | {} |",
            kind.severity.name(),
            kind.summary,
            reporters.join(", ")
        );
        let mut page = page(kind);
        page.push_str("\n## Reported by\n\n");
        for reporter in reporters {
            let scope = rule_by_id(id).filter(|_| reporter == lint_store_path::cli::TOOL.name);
            let scope = scope.map(|rule| {
                format!(
                    ", which looks at one {} at a time; `--allow {id}` and `--allow {id}:GLOB` ignore it",
                    rule.check.scope()
                )
            });
            let _ = writeln!(page, "- {reporter}{}", scope.unwrap_or_default());
        }
        pages.insert(format!("{PAGES}/{id}.md"), page);
    }
    pages.insert(format!("{PAGES}/README.md"), index);
    pages
}

/// The generated pages that are not as they should be, or are there and should not be.
fn stale(pages: &BTreeMap<String, String>) -> io::Result<Vec<String>> {
    let mut stale: Vec<String> = Vec::new();
    for (name, page) in pages {
        if fs::read_to_string(project().join(name)).unwrap_or_default() != *page {
            stale.push(name.clone());
        }
    }
    for directory in GENERATED {
        for entry in fs::read_dir(project().join(directory))
            .into_iter()
            .flatten()
        {
            let name = format!("{directory}/{}", entry?.file_name().display());
            if !pages.contains_key(&name) {
                stale.push(name);
            }
        }
    }
    Ok(stale)
}

/// Everything that is generated, by its path in the project.
fn generated() -> anyhow::Result<BTreeMap<String, String>> {
    let tools = tools();
    let manuals = man_pages_and_completions(&tools);
    let mut generated = pages(&tools);
    generated.extend(pictures::pictures().context("making the pictures")?);
    generated.extend(manuals.context("generating the man pages and completions")?);
    let packages = tests_nix::packages::Table::read()?;
    generated.insert("docs/nixpkgs-packages.md".to_owned(), packages.page());
    Ok(generated)
}

pub(crate) fn run(options: &Options) -> anyhow::Result<ExitCode> {
    let pages = generated()?;
    let stale = stale(&pages).with_context(|| format!("reading {PAGES}"))?;
    if options.check {
        for name in &stale {
            println!("{name} is stale; write it anew with: cargo xtask docs");
        }
        return Ok(ExitCode::from(u8::from(!stale.is_empty())));
    }
    for name in stale {
        let path = project().join(&name);
        let written = match pages.get(&name) {
            Some(page) => fs::create_dir_all(path.parent().unwrap_or(&path))
                .and_then(|()| fs::write(&path, page)),
            None => fs::remove_file(&path),
        };
        written.with_context(|| format!("writing {}", path.display()))?;
        println!("{name}");
    }
    Ok(ExitCode::SUCCESS)
}

/// For each tool a man page, one more for each subcommand, and completions, by their paths in the project.
fn man_pages_and_completions(tools: &[Tool]) -> anyhow::Result<BTreeMap<String, String>> {
    let directory = tempfile::tempdir().context("cannot make a directory for the man pages")?;
    for tool in tools {
        clap_mangen::generate_to((tool.command)(), directory.path())?;
        let ids = PossibleValuesParser::new(tool.kinds.iter().map(|kind| kind.id));
        let mut command = with_ids((tool.command)(), &ids);
        for shell in [Shell::Bash, Shell::Fish, Shell::Zsh] {
            generate_to(shell, &mut command, tool.name, directory.path())?;
        }
    }
    let mut generated = BTreeMap::new();
    for entry in fs::read_dir(directory.path())? {
        let entry = entry?;
        let name = entry.file_name();
        let is_manual = Path::new(&name)
            .extension()
            .is_some_and(|extension| extension == "1");
        let directory = if is_manual { MANUALS } else { COMPLETIONS };
        let text = fs::read_to_string(entry.path())?;
        generated.insert(format!("{directory}/{}", name.display()), text);
    }
    Ok(generated)
}

/// The command line of a tool with `ids` as the values of its options that take the id of a finding.
fn with_ids(command: clap::Command, ids: &PossibleValuesParser) -> clap::Command {
    command
        .mut_args(|argument| match argument.get_id().as_str() {
            "explain" => argument
                .value_parser(ids.clone())
                .hide_possible_values(true),
            _ => argument,
        })
        .mut_subcommands(|command| with_ids(command, ids))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// Words in backticks of the documentation that look as ids do.
    const NO_IDS: &[&str] = &[
        "command-line",
        "esp-file",
        "hermetic-image",
        "hermetic-out",
        "lint-closure",
        "systemd-firstboot",
        "systemd-hwdb",
        "systemd-sysusers",
        "users-pin",
        "util-linux",
    ];

    /// Other words for what `missing-` says, and where they stand in an id.
    const NOT_MISSING: &[&str] = &[
        "absent",
        "gone",
        "lacking",
        "lost",
        "no",
        "nonexistent",
        "not-declared",
        "not-found",
        "not-in",
        "not-provided",
        "not-shipped",
        "not-there",
        "undeclared",
        "unfound",
        "unprovided",
        "unshipped",
        "without",
    ];

    fn is_kebab_case(name: &str) -> bool {
        let is_part = |part: &str| {
            let mut bytes = part.bytes();
            !part.is_empty() && bytes.all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
        };
        name.split('-').all(is_part)
    }

    #[test]
    fn one_fact_has_one_id() {
        let tools = tools();
        let mut names: BTreeMap<&str, &FindingKind> = BTreeMap::new();
        for kind in tools.iter().flat_map(|tool| tool.kinds) {
            for name in std::iter::once(&kind.id).chain(kind.aliases) {
                let known = names.insert(name, kind);
                let is_same = known.is_none_or(|known| std::ptr::eq(known, *kind));
                assert!(is_same, "{name} names two kinds of finding");
                assert!(is_kebab_case(name), "{name}");
            }
        }
        for tool in &tools {
            let ids: BTreeSet<&str> = tool.kinds.iter().map(|kind| kind.id).collect();
            assert_eq!(
                ids.len(),
                tool.kinds.len(),
                "{} lists a kind twice",
                tool.name
            );
        }
    }

    #[test]
    fn one_word_says_that_something_is_missing() {
        for (id, _) in kinds(&tools()) {
            let padded = format!("-{id}-");
            for word in NOT_MISSING {
                assert!(
                    !padded.contains(&format!("-{word}-")),
                    "{id}: write missing-X"
                );
            }
            let rest = id.strip_prefix("missing-").unwrap_or(id);
            assert!(!rest.contains("missing"), "{id}: write missing-X");
        }
    }

    #[test]
    fn every_kind_says_what_it_is() {
        for (id, (kind, _)) in kinds(&tools()) {
            assert!(
                !kind.summary.is_empty() && !kind.summary.ends_with('.'),
                "{id}"
            );
            for text in [kind.summary, kind.explanation] {
                let first = text.split(' ').next().unwrap_or_default();
                assert!(
                    !matches!(first, "It" | "it" | "That" | "This"),
                    "{id} names its subject"
                );
            }
            assert!(
                kind.explanation.len() > 30 && kind.explanation.ends_with('.'),
                "{id}"
            );
            assert!(!kind.example.is_empty(), "{id} has an example");
            let starts_small = kind
                .remedy
                .starts_with(|first: char| first.is_ascii_lowercase());
            assert!(
                starts_small && !kind.remedy.ends_with('.'),
                "{id} has a remedy"
            );
        }
    }

    #[test]
    fn the_generated_pages_are_new() {
        let stale = stale(&generated().unwrap()).unwrap();
        assert!(stale.is_empty(), "`cargo xtask docs` writes {stale:?}");
    }

    #[test]
    fn every_id_in_the_documentation_exists() {
        let tools = tools();
        let kinds = kinds(&tools);
        let mut pages = vec![
            project().join("README.md"),
            project().join("ARCHITECTURE.md"),
            project().join("CONTRIBUTING.md"),
        ];
        for entry in fs::read_dir(project().join("docs")).unwrap() {
            let path = entry.unwrap().path();
            // The names of packages look as ids do.
            let is_list = path.ends_with("nixpkgs-packages.md");
            if path.extension().is_some_and(|ending| ending == "md") && !is_list {
                pages.push(path);
            }
        }
        let mut wrong = Vec::new();
        let mut seen = 0;
        for path in pages {
            let text = fs::read_to_string(&path).unwrap();
            for id in ids_of(&text) {
                let is_tool = tools.iter().any(|tool| tool.name == id);
                if kinds.contains_key(id) {
                    seen += 1;
                } else if !is_tool && !NO_IDS.contains(&id) {
                    wrong.push(format!("{}: {id}", path.display()));
                }
            }
        }
        assert!(wrong.is_empty(), "no finding has these ids: {wrong:#?}");
        assert!(seen > 100, "{seen} ids were looked up");
    }

    /// What looks as an id does in backticks, and what stands where an id has to.
    fn ids_of(text: &str) -> Vec<&str> {
        let mut ids = Vec::new();
        let mut is_code = false;
        for line in text.lines() {
            if line.starts_with("```") {
                is_code = !is_code;
            } else if !is_code {
                let quoted = line.split('`').skip(1).step_by(2);
                ids.extend(quoted.filter(|word| word.contains('-') && is_kebab_case(word)));
            }
            for before in [
                "--allow ",
                "--deny ",
                "--severity ",
                "--explain ",
                "error[",
                "warning[",
                "note[",
                "rule = \"",
                "deny = [\"",
            ] {
                for (at, _) in line.match_indices(before) {
                    let rest = &line[at + before.len()..];
                    let is_of_name = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
                    let length = rest.bytes().take_while(|byte| is_of_name(*byte)).count();
                    // RULE, ID and the like are placeholders.
                    ids.extend(Some(&rest[..length]).filter(|name| is_kebab_case(name)));
                }
            }
        }
        ids
    }

    #[test]
    fn ids_are_found_wherever_they_stand() {
        let text = "a `b-c` and `--d-e`, `f`\n```toml\ndeny = [\"g:lib/**\"]\nrule = \"h-i\"\n```\n\
                    error[j-k]: `l-m`\n$ x --allow n:GLOB --explain RULE\n";
        assert_eq!(ids_of(text), ["b-c", "g", "h-i", "l-m", "j-k", "n"]);
    }
}
