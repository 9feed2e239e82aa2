//! `cargo xtask draw`

use std::process::ExitCode;

use anyhow::Context as _;
use real_packages::archive::Archive;
use real_packages::{corpus_names, draw};

use crate::test::{Step, real_packages, run_steps};
use crate::{build, project, set_up};

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
    let list = project()
        .join("target")
        .join(format!("drawn-{}.txt", options.seed));
    std::fs::write(&list, names.join("\n"))
        .with_context(|| format!("cannot write {}", list.display()))?;
    build("patch-systemd-units")?;
    Ok(run_steps(vec![Step {
        name: "drawn packages",
        command: real_packages(Some(&list)),
    }]))
}
