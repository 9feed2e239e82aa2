//! `cargo xtask draw`

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use tests_packages::archive::Archive;
use tests_packages::{corpus_names, draw};

use crate::test::{Step, real_packages, run_steps};
use crate::{build, set_up, target_directory};

#[derive(clap::Args)]
pub(crate) struct Options {
    /// The same seed draws the same packages, as far as the archive still has them
    #[arg(long)]
    seed: u64,
    /// How many packages
    #[arg(long, default_value_t = 200)]
    count: usize,
    /// Patch and check them as the tests on real packages do, with the corpus as their dependencies
    #[arg(long)]
    check: bool,
    /// Make the checked stores below DIR, DIR/original as they were and DIR/store patched, and leave
    /// them there
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
    let mut command = real_packages(Some(&list));
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
