//! `cargo xtask package`

use std::fmt::Write as _;
use std::fs;
use std::process::{Command, ExitCode};

use anyhow::{Context as _, ensure};

use crate::{cargo, target_directory};

/// Packages of the workspace that are not published.
const UNPUBLISHED: [&str; 10] = [
    "case-runner",
    "scanner-tests",
    "tests-boot",
    "tests-lint",
    "tests-nix",
    "tests-packages",
    "tests-pages",
    "tests-shell-oracle",
    "tool-tests",
    "xtask",
];

#[derive(clap::Args)]
pub(crate) struct Options {
    /// Do not check that what is in the packages compiles
    #[arg(long)]
    no_verify: bool,
}

pub(crate) fn run(options: &Options) -> anyhow::Result<ExitCode> {
    let packages = target_directory().join("package");
    if packages.exists() {
        fs::remove_dir_all(&packages)
            .with_context(|| format!("removing {}", packages.display()))?;
    }
    let mut command = cargo();
    command.args(["package", "--workspace", "--offline", "--allow-dirty"]);
    command.args(["--no-verify", "--target-dir"]);
    command.arg(target_directory());
    for package in UNPUBLISHED {
        command.args(["--exclude", package]);
    }
    succeed(&mut command)?;
    if options.no_verify {
        return Ok(ExitCode::SUCCESS);
    }

    // Not by cargo itself: it takes what it has unpacked of the same version before.
    let unpacked = packages.join("unpacked");
    fs::create_dir(&unpacked)?;
    let (mut members, mut patches) = (String::new(), String::new());
    for entry in fs::read_dir(&packages)? {
        let path = entry?.path();
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        let version = concat!("-", env!("CARGO_PKG_VERSION"));
        if path.extension().is_none_or(|suffix| suffix != "crate") {
            continue;
        }
        // The files in it have one time for ever, by which cargo would know them.
        let mut unpack = Command::new("tar");
        unpack.args(["--touch", "-xzf"]).arg(&path);
        succeed(unpack.arg("-C").arg(&unpacked))?;
        let crate_name = name.strip_suffix(version).unwrap_or(&name);
        let _ = write!(members, "{name:?}, ");
        let _ = writeln!(patches, "{crate_name} = {{ path = {name:?} }}");
    }
    let workspace = format!(
        "[workspace]\nresolver = \"3\"\nmembers = [{members}]\n\n[patch.crates-io]\n{patches}"
    );
    fs::write(unpacked.join("Cargo.toml"), workspace)?;
    fs::copy(
        crate::project().join("Cargo.lock"),
        unpacked.join("Cargo.lock"),
    )?;
    let mut check = cargo();
    check.args(["check", "--workspace", "--all-features", "--offline"]);
    check.arg("--target-dir").arg(target_directory());
    succeed(check.current_dir(&unpacked))?;
    Ok(ExitCode::SUCCESS)
}

fn succeed(command: &mut Command) -> anyhow::Result<()> {
    let program = command.get_program().display().to_string();
    let status = command
        .status()
        .with_context(|| format!("cannot start {program}"))?;
    ensure!(status.success(), "{program} ended with {status}");
    Ok(())
}
