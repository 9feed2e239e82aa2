//! `cargo xtask docs`

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::ExitCode;

use anyhow::Context as _;
use clap_complete::Shell;
use clap_complete::aot::generate_to;
use hermetic_out::FindingKind;

use crate::project;

#[derive(clap::Args)]
pub(crate) struct Options {
    /// Write nothing; fail if a committed page is not what would be written
    #[arg(long)]
    check: bool,
}

/// What is written of a tool.
struct Tool {
    name: &'static str,
    /// Its pages, by their paths in the project.
    pages: Vec<(String, String)>,
    command: fn() -> clap::Command,
}

impl Tool {
    /// A tool with one page of all its findings.
    fn with_findings(
        name: &'static str,
        kinds: &[&FindingKind],
        command: fn() -> clap::Command,
    ) -> Self {
        let page = findings_page(name, kinds);
        Self {
            name,
            pages: vec![(format!("docs/{name}-findings.md"), page)],
            command,
        }
    }
}

fn tools() -> [Tool; 5] {
    [
        Tool::with_findings(
            assemble_image::cli::TOOL,
            assemble_image::findings::KINDS,
            assemble_image::cli::command,
        ),
        Tool {
            name: lint_store_path::cli::TOOL,
            pages: rule_pages(),
            command: lint_store_path::cli::command,
        },
        Tool::with_findings(
            patch_systemd_units::cli::TOOL,
            patch_systemd_units::findings::KINDS,
            patch_systemd_units::cli::command,
        ),
        Tool::with_findings(
            relocate_etc_to_out::cli::TOOL,
            relocate_etc_to_out::findings::KINDS,
            relocate_etc_to_out::cli::command,
        ),
        Tool::with_findings(
            rewrite_pkgconfig_prefix::cli::TOOL,
            rewrite_pkgconfig_prefix::findings::KINDS,
            rewrite_pkgconfig_prefix::cli::command,
        ),
    ]
}

pub(crate) fn run(options: &Options) -> anyhow::Result<ExitCode> {
    let mut stale = false;
    for tool in tools() {
        for (name, page) in &tool.pages {
            let path = project().join(name);
            if options.check {
                if fs::read_to_string(&path).unwrap_or_default() != *page {
                    println!("{name} is stale; write it anew with: cargo xtask docs");
                    stale = true;
                }
                continue;
            }
            let directory = path.parent().unwrap_or(&path);
            fs::create_dir_all(directory)
                .and_then(|()| fs::write(&path, page))
                .with_context(|| format!("writing {}", path.display()))?;
            println!("{name}");
        }
        if options.check {
            continue;
        }
        let generated = project().join("target/docs");
        man_pages_and_completions(&tool, &generated).with_context(|| {
            format!(
                "writing the man pages and completions to {}",
                generated.display()
            )
        })?;
    }
    if !options.check {
        println!("target/docs: man pages and completions");
    }
    Ok(ExitCode::from(u8::from(stale)))
}

/// A page for each rule of the lint.
fn rule_pages() -> Vec<(String, String)> {
    let rules = lint_store_path::rules::RULES.iter();
    rules
        .map(|rule| {
            let name = format!("docs/rules/{}.md", rule.name());
            (name, lint_store_path::rules::page(rule))
        })
        .collect()
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

fn findings_page(tool: &str, kinds: &[&FindingKind]) -> String {
    let mut page = format!(
        "# Findings of {tool}\n\nWritten by `cargo xtask docs` from what `{tool} --explain FINDING` says.\n"
    );
    for kind in kinds {
        let severity = kind.severity.name();
        let _ = write!(
            page,
            "\n## {}\n\n*{severity}* · {}.\n\n{}\n",
            kind.name, kind.summary, kind.explanation
        );
    }
    page
}
