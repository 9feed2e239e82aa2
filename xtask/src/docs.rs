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
    kinds: &'static [&'static FindingKind],
    command: fn() -> clap::Command,
}

fn tools() -> [Tool; 3] {
    [
        Tool {
            name: assemble_image::cli::TOOL,
            kinds: assemble_image::findings::KINDS,
            command: assemble_image::cli::command,
        },
        Tool {
            name: patch_systemd_units::cli::TOOL,
            kinds: patch_systemd_units::findings::KINDS,
            command: patch_systemd_units::cli::command,
        },
        Tool {
            name: rewrite_pkgconfig_prefix::cli::TOOL,
            kinds: rewrite_pkgconfig_prefix::findings::KINDS,
            command: rewrite_pkgconfig_prefix::cli::command,
        },
    ]
}

pub(crate) fn run(options: &Options) -> anyhow::Result<ExitCode> {
    let mut stale = false;
    for tool in tools() {
        // The page of its findings, relative to the project.
        let name = format!("docs/{}-findings.md", tool.name);
        let page = findings_page(tool.name, tool.kinds);
        let path = project().join(&name);
        if options.check {
            if fs::read_to_string(&path).unwrap_or_default() != page {
                println!("{name} is stale; write it anew with: cargo xtask docs");
                stale = true;
            }
            continue;
        }
        fs::write(&path, page).with_context(|| format!("writing {}", path.display()))?;
        println!("{name}");
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
