//! `cargo xtask nixpkgs-check`

use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use tests_nix::nix::Nix;
use tests_nix::nixpkgs_check::{Rank, Report, Verdict, check};
use tests_nix::packages::{Package, Table};

use crate::table::table;

/// Of docs/nixpkgs-packages.toml.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Path of a nixpkgs
    #[arg(long, value_name = "PATH")]
    nixpkgs: PathBuf,

    /// Configuration of nixpkgs, as a Nix expression
    #[arg(long, value_name = "EXPRESSION", default_value = "{ }")]
    config: String,

    /// Attributes of packages; without any, all of the list
    #[arg(value_name = "PACKAGE")]
    packages: Vec<String>,
}

pub(crate) fn run(options: &Options) -> anyhow::Result<ExitCode> {
    let all = Table::read()?;
    let mut packages: Vec<&Package> = Vec::new();
    for name in &options.packages {
        let found = all.packages().find(|package| package.attribute == *name);
        match found {
            Some(package) => packages.push(package),
            None => bail!("{name} is not in {}", Table::path().display()),
        }
    }
    if packages.is_empty() {
        packages.extend(all.packages());
    }
    let nixpkgs = options.nixpkgs.canonicalize();
    let nixpkgs =
        nixpkgs.with_context(|| format!("cannot access {}", options.nixpkgs.display()))?;
    let nix = Nix::of_machine();
    let (mut rows, mut details, mut is_right) = (Vec::new(), String::new(), true);
    for package in packages {
        eprintln!("building {} in three forms", package.attribute);
        let report = match check(&nix, &nixpkgs, &options.config, package) {
            Ok(report) => report,
            // One package that a nixpkgs does not have is no reason to look at no other.
            Err(error) => {
                is_right = false;
                rows.push(vec![package.attribute.clone(), "not evaluated".to_owned()]);
                let _ = writeln!(details, "\n{}\n{error}", package.attribute);
                continue;
            }
        };
        is_right &= is_fine(&report.hooked) && is_fine(&report.replaced);
        rows.push(vec![
            package.attribute.clone(),
            told(&report.hooked),
            told(&report.replaced),
        ]);
        details += &lines_of(package, &report);
    }
    println!(
        "{}",
        table(
            &["package", "with the hook", "without its own lines"],
            &rows
        )
    );
    print!("{details}");
    Ok(ExitCode::from(u8::from(!is_right)))
}

fn is_fine(verdict: &Verdict) -> bool {
    verdict.rank().is_some_and(|rank| rank != Rank::Worse)
}

fn told(verdict: &Verdict) -> String {
    let rank = verdict.rank().map(told_rank);
    rank.unwrap_or("does not build").to_owned()
}

/// What a maintainer wants to see of a package: nothing, if all is equal and all was found.
fn lines_of(package: &Package, report: &Report) -> String {
    let mut text = String::new();
    for (form, verdict) in [
        ("with the hook", &report.hooked),
        ("without its own lines", &report.replaced),
    ] {
        match verdict {
            Verdict::Failed(log) => {
                let _ = writeln!(text, "{form}, it does not build:\n{log}");
            }
            Verdict::Built(differences) => {
                for difference in differences {
                    let file = difference.file.display();
                    let _ = writeln!(text, "{form}, {}: {file}", told_rank(difference.rank));
                    for line in &difference.lines {
                        let _ = writeln!(text, "  {line}");
                    }
                }
            }
        }
    }
    for place in &report.not_found {
        let _ = writeln!(text, "the expression has no such lines: {place}");
    }
    if let Some(by_hand) = &package.by_hand {
        let _ = writeln!(text, "to be removed by hand: {by_hand}");
    }
    if text.is_empty() {
        text
    } else {
        format!("\n{}\n{text}", package.attribute)
    }
}

fn told_rank(rank: Rank) -> &'static str {
    match rank {
        Rank::Equal => "equal",
        Rank::Better => "better",
        Rank::Worse => "worse",
    }
}
