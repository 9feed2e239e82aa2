//! `cargo xtask draw`

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use tests_packages::archive::Archive;
use tests_packages::{corpus_names, draw};

use crate::test::{Step, packages, run_steps};
use crate::{build, set_up, target_directory};

#[derive(clap::Args)]
pub(crate) struct Options {
    /// Seed of the random choice; it draws the same packages as long as the archive has them
    #[arg(long)]
    seed: u64,
    /// Number of packages
    #[arg(long, default_value_t = 200)]
    count: usize,
    /// Also run patch-systemd-units on them and check the result, with the corpus as dependencies
    #[arg(long)]
    check: bool,
    /// Keep the checked stores: DIR/original as it was, DIR/store patched
    #[arg(long, value_name = "DIR", requires = "check")]
    leave: Option<PathBuf>,
}

pub(crate) fn run(options: &Options) -> anyhow::Result<ExitCode> {
    set_up::ensure_installed(set_up::PACKAGES)?;
    let names = {
        let archive = Archive::open_with_contents()?;
        draw::draw(&archive, options.seed, options.count, &corpus_names())?
    };
    for name in &names {
        println!("{name}");
    }
    if !options.check {
        return Ok(ExitCode::SUCCESS);
    }
    build("patch-systemd-units")?;
    let list = target_directory().join(format!("drawn-{}.txt", options.seed));
    std::fs::write(&list, names.join("\n"))
        .with_context(|| format!("cannot write {}", list.display()))?;
    let mut command = packages(Some(&list));
    if let Some(directory) = &options.leave {
        command.env("HERMETIC_OUT_PACKAGES_IN", std::path::absolute(directory)?);
    }
    let status = run_steps(vec![Step {
        name: "drawn packages",
        command,
    }]);
    println!("drawn: {}", list.display());
    Ok(status)
}
