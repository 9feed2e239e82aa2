//! libFuzzer on every target.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, ensure};
use hermetic_out_formats::kind::kind_of;
use scanner_tests::invariants::{Input, inputs};
use walkdir::WalkDir;

use super::{Amount, Attack, Row};
use crate::{project, target_directory};

pub(super) const ATTACK: Attack = Attack {
    name: "fuzz",
    about: "libFuzzer, led by the code that an input reaches, on the target `scan` with each of its inputs and on \
            the target `lint`, from a corpus of files of real packages; a run has 2 GiB.",
    share: 8,
    run,
};

/// The largest file that becomes a part of a corpus, and that libFuzzer makes.
const MAX_LENGTH: u64 = 4096;

fn run(amount: &Amount<'_>) -> anyhow::Result<Vec<Row>> {
    let targets: Vec<(String, Option<Input>)> = inputs()
        .map(|(name, input)| (name.to_owned(), Some(input)))
        .chain([("lint".to_owned(), None)])
        .collect();
    let seconds = (amount.seconds / targets.len() as u64).max(1);
    let corpora = target_directory().join("soak-corpora");
    write_corpora(amount.packages, &targets, &corpora)?;
    let mut rows = Vec::new();
    let mut failed = Vec::new();
    for (name, input) in &targets {
        let target = if input.is_some() { "scan" } else { "lint" };
        println!("  {target} {name}");
        let mut command = Command::new("cargo");
        command
            .current_dir(project())
            // Coverage is a matter of the compiler's unstable options.
            .env("RUSTC_BOOTSTRAP", "1")
            .args(["fuzz", "run", "--sanitizer", "none", target])
            .arg(corpora.join(name))
            .args(["--", "-rss_limit_mb=2048", "-timeout=60"])
            .arg(format!("-max_len={MAX_LENGTH}"))
            .arg(format!("-seed={}", amount.seed % (1 << 32)));
        match amount.runs {
            Some(runs) => command.arg(format!("-runs={runs}")),
            None => command.arg(format!("-max_total_time={seconds}")),
        };
        if input.is_some() {
            command.env("HERMETIC_OUT_INPUT", name);
        }
        let output = command
            .stdin(Stdio::null())
            .output()
            .context("cannot start cargo")?;
        let said = String::from_utf8_lossy(&output.stderr);
        if !output.status.success() {
            println!("{said}");
            failed.push(name.as_str());
            continue;
        }
        // `Done 12345 runs in 61 second(s)`, and of the lines before it `cov: 1234`.
        let done = said
            .lines()
            .rev()
            .find_map(|line| line.strip_prefix("Done "));
        let covered = said
            .split("cov: ")
            .last()
            .and_then(|rest| rest.split(' ').next());
        rows.push(Row {
            what: format!("libFuzzer, {name}"),
            amount: done.unwrap_or("unknown").replace("second(s)", "s"),
            result: format!(
                "{} places of the code reached; no crash",
                covered.unwrap_or("?")
            ),
            command: format!("cargo fuzz run {target}"),
        });
    }
    ensure!(
        failed.is_empty(),
        "{}; inputs in fuzz/artifacts",
        failed.join(", ")
    );
    Ok(rows)
}

/// Writes a directory of files for each target.
fn write_corpora(
    packages: &Path,
    targets: &[(String, Option<Input>)],
    corpora: &Path,
) -> anyhow::Result<()> {
    for (name, input) in targets {
        let directory = corpora.join(name);
        fs::create_dir_all(&directory)?;
        for (number, piece) in input.iter().flat_map(|input| input.pieces()).enumerate() {
            fs::write(directory.join(format!("piece-{number}")), piece)?;
        }
    }
    let files = WalkDir::new(packages).sort_by_file_name().into_iter();
    for (number, entry) in files.filter_map(Result::ok).enumerate() {
        let size = entry.metadata().map_or(0, |file| file.len());
        if !entry.file_type().is_file() || size > MAX_LENGTH {
            continue;
        }
        // Below the name of the package.
        let path = entry.path().strip_prefix(packages)?;
        let sub_path: PathBuf = path.iter().skip(1).collect();
        let content = fs::read(entry.path())?;
        let kind = kind_of(sub_path.as_os_str().as_encoded_bytes());
        let name = match kind {
            Some(kind) => kind.name(),
            None if content.starts_with(b"#!") => "script",
            None if content.starts_with(b"\x7fELF") => "elf",
            None if sub_path.starts_with("etc") => "configuration",
            None => continue,
        };
        fs::write(corpora.join(name).join(number.to_string()), content)?;
    }
    Ok(())
}
