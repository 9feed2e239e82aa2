//! `cargo xtask docs`

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::ExitCode;

use anyhow::Context as _;
use clap_complete::Shell;
use clap_complete::aot::generate_to;
use hermetic_out::{FindingKind, Severity};
use patch_systemd_units::{cli, findings};

use crate::project;

#[derive(clap::Args)]
pub(crate) struct Options {
    /// Write nothing; fail if a committed page is not what would be written
    #[arg(long)]
    check: bool,
}

/// The page of a tool's findings, relative to the project.
const FINDINGS_PAGE: &str = "docs/patch-systemd-units-findings.md";

pub(crate) fn run(options: &Options) -> anyhow::Result<ExitCode> {
    let page = findings_page(cli::TOOL, findings::KINDS);
    let path = project().join(FINDINGS_PAGE);
    if options.check {
        let committed = fs::read_to_string(&path).unwrap_or_default();
        if committed != page {
            println!("{FINDINGS_PAGE} is stale; write it anew with: cargo xtask docs");
            return Ok(ExitCode::from(1));
        }
        return Ok(ExitCode::SUCCESS);
    }
    fs::write(&path, page).with_context(|| format!("writing {}", path.display()))?;
    println!("{FINDINGS_PAGE}");
    let generated = project().join("target/docs");
    man_page_and_completions(&generated).with_context(|| {
        format!(
            "writing the man page and completions to {}",
            generated.display()
        )
    })?;
    println!("target/docs: man page and completions");
    Ok(ExitCode::SUCCESS)
}

fn man_page_and_completions(directory: &Path) -> anyhow::Result<()> {
    fs::create_dir_all(directory)?;
    let mut command = cli::command();
    let mut page = Vec::new();
    clap_mangen::Man::new(command.clone()).render(&mut page)?;
    fs::write(directory.join(format!("{}.1", cli::TOOL)), page)?;
    for shell in [Shell::Bash, Shell::Fish, Shell::Zsh] {
        generate_to(shell, &mut command, cli::TOOL, directory)?;
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
