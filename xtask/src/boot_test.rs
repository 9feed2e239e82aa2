//! `cargo xtask boot-test`

use std::path::PathBuf;
use std::process::{Command, ExitCode};

use anyhow::Context as _;
use tests_boot::layout::Layout;
use tests_boot::machine::Machine;
use tests_boot::staging::Fixups;
use tests_boot::workshop::Workshop;

use crate::test::variable;
use crate::{TOOLS, build, cargo, released, set_up};

/// The tool that makes images.
pub(crate) const ASSEMBLER: &str = "assemble-image";

#[derive(clap::Args)]
pub(crate) struct Options {
    /// Test only this layout: ddi, bare, initrd or esp-file
    #[arg(long)]
    layout: Option<Layout>,
    /// Boot the image and connect its console to this terminal; Ctrl-A X stops the machine
    #[arg(long)]
    interactive: bool,
}

pub(crate) fn run(options: &Options) -> anyhow::Result<ExitCode> {
    if options.interactive {
        return interact(&workshop(&build)?, options.layout.unwrap_or(Layout::Bare));
    }
    set_up()?;
    for tool in TOOLS {
        build(tool)?;
    }
    let status = command(options.layout)
        .status()
        .context("cannot start cargo")?;
    Ok(ExitCode::from(u8::from(!status.success())))
}

/// Installs what the test needs on the machine.
pub(crate) fn set_up() -> anyhow::Result<()> {
    set_up::ensure_installed(set_up::PACKAGES)?;
    set_up::ensure_installed(set_up::MACHINES)
}

/// The boot test, with the release builds of the tools.
pub(crate) fn command(layout: Option<Layout>) -> Command {
    let mut command = cargo();
    command.args(["test", "--package", "tests-boot", "--tests"]);
    command.args(["--", "--nocapture"]);
    command.env("RUST_BACKTRACE", "0");
    for tool in TOOLS {
        command.env(variable(tool), released(tool));
    }
    match layout {
        Some(layout) => command.env("HERMETIC_OUT_LAYOUT", layout.name()),
        None => command.env_remove("HERMETIC_OUT_LAYOUT"),
    };
    command
}

/// Everything that images are made of, with the tools that `tool` builds or names.
pub(crate) fn workshop(tool: &dyn Fn(&str) -> anyhow::Result<PathBuf>) -> anyhow::Result<Workshop> {
    set_up()?;
    let fixups = Fixups {
        relocate: tool("relocate-etc-to-out")?,
        patch: tool("patch-systemd-units")?,
        rewrite: tool("rewrite-pkgconfig-prefix")?,
    };
    let assembler = tool(ASSEMBLER)?;
    println!("fetching and fixing up the packages of the image");
    Ok(Workshop::open(&fixups, &assembler)?)
}

/// Assembles an image, boots it and leaves it to the user.
pub(crate) fn interact(workshop: &Workshop, layout: Layout) -> anyhow::Result<ExitCode> {
    println!("assembling the image, layout {layout}");
    let image = workshop.assemble(layout)?;
    let (start, disks) = image.start(workshop.kernel())?;
    println!(
        "booting; log in as root or as {} with the password {}; Ctrl-A X ends the machine",
        tests_boot::logins::USER,
        tests_boot::logins::PASSWORD
    );
    Machine::interact(&start, &disks)?;
    Ok(ExitCode::SUCCESS)
}
