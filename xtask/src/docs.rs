//! `cargo xtask docs`

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::ExitCode;

use anyhow::Context as _;
use clap_complete::Shell;
use clap_complete::aot::generate_to;
use hermetic_out::{FindingKind, Severity};

use crate::project;

#[derive(clap::Args)]
pub(crate) struct Options {
    /// Write nothing; fail if a committed page is not what would be written
    #[arg(long)]
    check: bool,
}

/// What pages are made of a tool.
struct Tool {
    name: &'static str,
    command: clap::Command,
    findings: &'static [&'static FindingKind],
}

/// All tools, by name.
fn tools() -> Vec<Tool> {
    vec![
        Tool {
            name: patch_systemd_units::cli::TOOL,
            command: patch_systemd_units::cli::command(),
            findings: patch_systemd_units::findings::KINDS,
        },
        Tool {
            name: rewrite_pkgconfig_prefix::cli::TOOL,
            command: rewrite_pkgconfig_prefix::cli::command(),
            findings: rewrite_pkgconfig_prefix::findings::KINDS,
        },
    ]
}

pub(crate) fn run(options: &Options) -> anyhow::Result<ExitCode> {
    let mut code = ExitCode::SUCCESS;
    let generated = project().join("target/docs");
    for tool in tools() {
        let page = findings_page(tool.name, tool.findings);
        let name = format!("docs/{}-findings.md", tool.name);
        let path = project().join(&name);
        if options.check {
            if fs::read_to_string(&path).unwrap_or_default() != page {
                println!("{name} is stale; write it anew with: cargo xtask docs");
                code = ExitCode::from(1);
            }
            continue;
        }
        fs::write(&path, page).with_context(|| format!("writing {}", path.display()))?;
        println!("{name}");
        man_pages_and_completions(&tool, &generated).with_context(|| {
            format!(
                "writing the man page and completions of {} to {}",
                tool.name,
                generated.display()
            )
        })?;
        println!("target/docs: man page and completions of {}", tool.name);
    }
    Ok(code)
}

/// The man page, one for each subcommand, and completions.
fn man_pages_and_completions(tool: &Tool, directory: &Path) -> anyhow::Result<()> {
    fs::create_dir_all(directory)?;
    let mut command = tool.command.clone();
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
        let severity = match kind.severity {
            Severity::Note => "note",
            Severity::Warning => "warning",
            Severity::Error => "error",
        };
        let _ = write!(
            page,
            "\n## {}\n\n*{severity}* · {}.\n\n{}\n",
            kind.name, kind.summary, kind.explanation
        );
    }
    page
}
