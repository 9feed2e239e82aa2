//! `cargo xtask docs`

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::process::ExitCode;
use std::{fs, io};

use anyhow::Context as _;
use clap_complete::Shell;
use clap_complete::aot::generate_to;
use hermetic_out::FindingKind;
use hermetic_out_command_line::explain::page;
use lint_store_path::rules::rule_by_id;

use crate::project;

#[derive(clap::Args)]
pub(crate) struct Options {
    /// Write nothing; fail if a committed page is not what would be written
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
            name: assemble_image::cli::TOOL,
            kinds: assemble_image::findings::KINDS,
            command: assemble_image::cli::command,
        },
        Tool {
            name: lint_store_path::cli::TOOL,
            kinds: lint_store_path::rules::kinds(),
            command: lint_store_path::cli::command,
        },
        Tool {
            name: patch_systemd_units::cli::TOOL,
            kinds: patch_systemd_units::findings::KINDS,
            command: patch_systemd_units::cli::command,
        },
        Tool {
            name: relocate_etc_to_out::cli::TOOL,
            kinds: relocate_etc_to_out::findings::KINDS,
            command: relocate_etc_to_out::cli::command,
        },
        Tool {
            name: rewrite_pkgconfig_prefix::cli::TOOL,
            kinds: rewrite_pkgconfig_prefix::findings::KINDS,
            command: rewrite_pkgconfig_prefix::cli::command,
        },
    ]
}

/// Where the pages of findings lie in the project.
const PAGES: &str = "docs/rules";

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
            let scope = rule_by_id(id).filter(|_| reporter == lint_store_path::cli::TOOL);
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
    for entry in fs::read_dir(project().join(PAGES))? {
        let name = format!("{PAGES}/{}", entry?.file_name().display());
        if !pages.contains_key(&name) {
            stale.push(name);
        }
    }
    Ok(stale)
}

pub(crate) fn run(options: &Options) -> anyhow::Result<ExitCode> {
    let tools = tools();
    let pages = pages(&tools);
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
            Some(page) => fs::write(&path, page),
            None => fs::remove_file(&path),
        };
        written.with_context(|| format!("writing {}", path.display()))?;
        println!("{name}");
    }
    let generated = project().join("target/docs");
    for tool in &tools {
        man_pages_and_completions(tool, &generated).with_context(|| {
            format!(
                "writing the man pages and completions to {}",
                generated.display()
            )
        })?;
    }
    println!("target/docs: man pages and completions");
    Ok(ExitCode::SUCCESS)
}

/// A man page, one more for each subcommand, and completions.
fn man_pages_and_completions(tool: &Tool, directory: &Path) -> anyhow::Result<()> {
    fs::create_dir_all(directory)?;
    let mut command = (tool.command)();
    clap_mangen::generate_to(command.clone(), directory)?;
    for shell in [Shell::Bash, Shell::Fish, Shell::Zsh] {
        generate_to(shell, &mut command, tool.name, directory)?;
    }
    Ok(())
}
