//! `cargo xtask demo`

use std::path::Path;
use std::process::{Command, ExitCode};

use anyhow::{Context as _, bail};
use real_packages::archive::Archive;
use real_packages::store::{self, Package};
use real_packages::tool::{Arguments, read_report};

use crate::table::table;
use crate::{build, set_up};

/// Packages that many machines have.
const SHOWN: [&str; 13] = [
    "atop",
    "avahi-daemon",
    "bluez",
    "chrony",
    "cups-daemon",
    "dbus-daemon",
    "fwupd",
    "gpg-agent",
    "nginx-common",
    "openssh-server",
    "redis-server",
    "udisks2",
    "util-linux",
];
/// Packages that have the programs which those call.
const SUPPORT: [&str; 19] = [
    "bash",
    "coreutils",
    "dash",
    "dbus-bin",
    "dpkg",
    "findutils",
    "gawk",
    "gpgconf",
    "grep",
    "kmod",
    "login",
    "mawk",
    "nginx",
    "openssl",
    "procps",
    "redis-tools",
    "sed",
    "systemd",
    "udev",
];

#[derive(clap::Args)]
pub(crate) struct Options {
    /// Leave the patched packages there
    #[arg(long)]
    keep: bool,
}

pub(crate) fn run(options: &Options) -> anyhow::Result<ExitCode> {
    set_up::ensure_installed(set_up::PACKAGES)?;
    let tool = build("patch-systemd-units")?;
    let directory = tempfile::Builder::new()
        .prefix("demo-")
        .tempdir()
        .context("cannot make a directory for the packages")?;
    let top = directory.path().canonicalize()?;
    let (original, patched) = (top.join("original"), top.join("store"));

    println!("fetching {} packages", SHOWN.len() + SUPPORT.len());
    let names: Vec<String> = SHOWN
        .iter()
        .chain(&SUPPORT)
        .map(ToString::to_string)
        .collect();
    let fetched = store::fetch(&Archive::open()?, &names, &original)?;
    for (name, reason) in &fetched.lacking {
        println!("without {name}: {reason}");
    }
    store::copy(&original, &patched)?;

    let mut rows = Vec::new();
    for package in fetched
        .packages
        .iter()
        .filter(|package| SHOWN.contains(&&*package.name))
    {
        println!("\n━━━ {} ━━━", package.name);
        rows.push(patch(&tool, &patched, &fetched.packages, package)?);
    }
    let number = |row: &[String], column: usize| row[column].parse::<usize>().unwrap_or(0);
    let sums = (1..4).map(|column| rows.iter().map(|row| number(row, column)).sum::<usize>());
    let total = std::iter::once("total".to_owned())
        .chain(sums.map(|sum| sum.to_string()))
        .collect();
    rows.push(total);
    let head = [
        "package",
        "files changed",
        "references replaced",
        "unresolved",
    ];
    println!("\n{}", table(&head, &rows));
    if options.keep {
        println!(
            "before: {}\nafter:  {}",
            original.display(),
            patched.display()
        );
        let _ = directory.keep();
    }
    Ok(ExitCode::SUCCESS)
}

/// Patches a package before the reader's eyes; its row of the summary.
fn patch(
    tool: &Path,
    store: &Path,
    packages: &[Package],
    package: &Package,
) -> anyhow::Result<Vec<String>> {
    let arguments = Arguments::new(store, packages, package)?;
    let command = || {
        let mut command = Command::new(tool);
        command.arg(arguments.argument());
        command
    };
    // The numbers are asked for first: afterwards there is nothing left to change.
    let output = command()
        .args(["--dry-run", "--format", "json"])
        .output()
        .with_context(|| format!("cannot start {}", tool.display()))?;
    let report = read_report(&output.stdout).with_context(|| {
        format!(
            "{}: {}",
            tool.display(),
            String::from_utf8_lossy(&output.stderr).trim()
        )
    })?;
    let status = command().arg("--diff").status()?;
    if status.code().is_none_or(|code| code > 1) {
        bail!(
            "cannot patch {}: {} ended with {status}",
            package.name,
            tool.display()
        );
    }
    let summary = report.summary;
    Ok(std::iter::once(package.name.clone())
        .chain(
            [
                summary.files_changed,
                summary.references_replaced,
                summary.unresolved,
            ]
            .map(|n| n.to_string()),
        )
        .collect())
}
