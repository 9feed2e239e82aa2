//! `cargo xtask demo`

use std::fs;
use std::io::{self, IsTerminal as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use hermetic_out::store::replace_hashes;
use tests_boot::layout::Layout;
use tests_packages::archive::Archive;
use tests_packages::store::{self, Package};
use tests_packages::tool::{Arguments, read_report};

use crate::table::table;
use crate::{boot_test, build, set_up};

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
    "lvm2",
    "nginx-common",
    "openssh-server",
    "udisks2",
    "util-linux",
];
/// Packages that have the programs which those call; not all, so that there are findings.
const SUPPORT: [&str; 20] = [
    "bash",
    "coreutils",
    "dash",
    "dbus-bin",
    "dmsetup",
    "dpkg",
    "findutils",
    "gawk",
    "gpgconf",
    "grep",
    "kmod",
    "login",
    "mawk",
    "nginx",
    "openssh-client",
    "openssl",
    "procps",
    "sed",
    "systemd",
    "udev",
];

#[derive(clap::Args)]
pub(crate) struct Options {
    /// Keep the packages, as they were and as they became
    #[arg(long)]
    keep: bool,
    /// Connect the console of the image to this terminal instead of showing a login
    #[arg(long)]
    interactive: bool,
    /// Show the complete output: unchanged lines of the diffs, and full store paths
    #[arg(long)]
    whole: bool,
}

pub(crate) fn run(options: &Options) -> anyhow::Result<ExitCode> {
    set_up::ensure_installed(set_up::PACKAGES)?;
    // In the order in which the hooks run.
    let tools = [build("relocate-etc-to-out")?, build("patch-systemd-units")?];
    let directory = tempfile::Builder::new()
        .prefix("demo-")
        .tempdir()
        .context("cannot make a directory for the packages")?;
    let top = directory.path().canonicalize()?;
    let (original, patched) = (top.join("original"), top.join("nix/store"));
    fs::create_dir(top.join("nix"))?;

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
    let demo = Demo {
        tools: &tools,
        root: &top,
        store: &patched,
        packages: &fetched.packages,
        whole: options.whole,
    };

    let mut rows = Vec::new();
    for package in fetched
        .packages
        .iter()
        .filter(|package| SHOWN.contains(&&*package.name))
    {
        println!("\n━━━ {} ━━━", package.name);
        rows.push(demo.fix_up(package)?);
    }
    let number = |row: &[String], column: usize| row[column].parse::<usize>().unwrap_or(0);
    let sums = (1..5).map(|column| rows.iter().map(|row| number(row, column)).sum::<usize>());
    let total = std::iter::once("total".to_owned())
        .chain(sums.map(|sum| sum.to_string()))
        .collect();
    rows.push(total);
    let head = [
        "package",
        "files changed",
        "references replaced",
        "unresolved",
        "findings",
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

    println!("\n━━━ from packages to a verified image ━━━");
    if options.interactive {
        return boot_test::interact(Layout::Bare);
    }
    boot_test::show()?;
    Ok(ExitCode::SUCCESS)
}

struct Demo<'a> {
    tools: &'a [PathBuf],
    root: &'a Path,
    store: &'a Path,
    packages: &'a [Package],
    whole: bool,
}

impl Demo<'_> {
    /// Fixes up a package before the reader's eyes; its row of the summary.
    fn fix_up(&self, package: &Package) -> anyhow::Result<Vec<String>> {
        let mut sums = [0; 4];
        for tool in self.tools {
            for (sum, number) in sums.iter_mut().zip(self.run(tool, package)?) {
                *sum += number;
            }
        }
        Ok(std::iter::once(package.name.clone())
            .chain(sums.map(|sum| sum.to_string()))
            .collect())
    }

    /// Runs one tool; how much it changed and found.
    fn run(&self, tool: &Path, package: &Package) -> anyhow::Result<[usize; 4]> {
        let arguments = Arguments::in_root(self.root, self.store, self.packages, package)?;
        let run = |options: &[&str]| -> anyhow::Result<std::process::Output> {
            let output = arguments
                .run(tool)
                .args(options)
                .output()
                .with_context(|| format!("cannot start {}", tool.display()))?;
            if output.status.code().is_none_or(|code| code > 1) {
                bail!(
                    "cannot fix up {}: {} ended with {}\n{}",
                    package.name,
                    tool.display(),
                    output.status,
                    String::from_utf8_lossy(&output.stderr).trim()
                );
            }
            Ok(output)
        };
        // The numbers are asked for first: afterwards there is nothing left to change.
        let report = read_report(&run(&["--dry-run", "--format", "json"])?.stdout)?;
        let colours = io::stdout().is_terminal()
            && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
        let color = if colours { "always" } else { "never" };
        let output = run(&["--diff", "--color", color])?;
        let diff = String::from_utf8_lossy(&output.stdout);
        let said = String::from_utf8_lossy(&output.stderr);
        if self.whole {
            print!("{diff}{said}");
        } else {
            let gap = if diff.is_empty() { "" } else { "\n" };
            print!(
                "{}{gap}{}",
                changed_lines(&diff, &package.directory),
                without_hashes(&said)
            );
        }
        let summary = report.summary;
        Ok([
            summary.files_changed,
            summary.references_replaced,
            summary.unresolved,
            report.findings.len(),
        ])
    }
}

/// The changed lines of a diff, with each file by its path in the package.
fn changed_lines(diff: &str, package: &str) -> String {
    let mut short = String::new();
    for line in diff.lines() {
        // Behind the escape sequence for its colour.
        let plain = line
            .strip_prefix('\x1b')
            .and_then(|rest| rest.split_once('m'))
            .map_or(line, |(_, rest)| rest);
        if plain.is_empty()
            || [" ", "@@ ", "--- "]
                .iter()
                .any(|sign| plain.starts_with(sign))
        {
            continue;
        }
        let line = line.replace(&format!("+++ /nix/store/{package}/"), "");
        short += &without_hashes(&line);
        short.push('\n');
    }
    short
}

/// Store paths as people write them: an ellipsis in place of the hash.
fn without_hashes(text: &str) -> String {
    let short = replace_hashes(
        text.as_bytes(),
        Path::new("/nix/store"),
        "/nix/store/…-".as_bytes(),
    );
    String::from_utf8_lossy(&short).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_diff_is_made_short() {
        let hash = "0".repeat(32);
        let diff = format!(
            "--- /nix/store/{hash}-a/b\n\x1b[1m+++ /nix/store/{hash}-a/b\x1b[0m\n@@ -1,2 +1,2 @@\n \
             same\n\x1b[31m-/x\x1b[0m\n+/nix/store/{hash}-c/x\n"
        );
        assert_eq!(
            changed_lines(&diff, &format!("{hash}-a")),
            "\x1b[1mb\x1b[0m\n\x1b[31m-/x\x1b[0m\n+/nix/store/…-c/x\n"
        );
        assert_eq!(without_hashes("/nix/store/x"), "/nix/store/x");
    }
}
