//! The project's own commands.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "printing is what they are for"
)]

use std::path::PathBuf;
use std::process::{Command, ExitCode};

use anyhow::{Context as _, ensure};
use clap::{Parser, Subcommand};

use boot_test::ASSEMBLER;

mod bench;
mod boot_test;
mod demo;
mod docs;
mod draw;
#[cfg(test)]
mod module_cycles;
mod nixpkgs_check;
mod package;
mod set_up;
mod soak;
mod table;
mod test;

/// The project's own commands.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Run the fixups on copies of well-known packages, show the changes, and boot an image
    Demo(demo::Options),
    /// Run all tests of a CI run
    Test(test::Options),
    /// Attack the tools, and write docs/attack.md
    Soak(soak::Options),
    /// Assemble images of real packages, boot them, log in, and damage them
    BootTest(boot_test::Options),
    /// Measure the tools against find, grep and /bin/true
    Bench(bench::Options),
    /// Generate the findings' pages, the man pages and the completions
    Docs(docs::Options),
    /// Package the crates that are published, and check that the packages compile
    Package(package::Options),
    /// Build packages of nixpkgs without the lines that the hooks make superfluous, and compare them
    NixpkgsCheck(nixpkgs_check::Options),
    /// Draw random packages that are in none of the lists
    Draw(draw::Options),
}

fn main() -> ExitCode {
    let result = match Arguments::parse().task {
        Task::Demo(options) => demo::run(&options),
        Task::Test(options) => test::run(&options),
        Task::Soak(options) => soak::run(&options),
        Task::BootTest(options) => boot_test::run(&options),
        Task::Bench(options) => bench::run(&options),
        Task::Docs(options) => docs::run(&options),
        Task::Package(options) => package::run(&options),
        Task::NixpkgsCheck(options) => nixpkgs_check::run(&options),
        Task::Draw(options) => draw::run(&options),
    };
    match result {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(2)
        }
    }
}

/// The tools that are built.
const TOOLS: [&str; 5] = [
    ASSEMBLER,
    "lint-store-path",
    "patch-systemd-units",
    "relocate-etc-to-out",
    "rewrite-pkgconfig-prefix",
];

/// The top of the checkout.
fn project() -> PathBuf {
    let mut directory = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    directory.pop();
    directory
}

/// Cargo, in the project.
fn cargo() -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(project());
    // What `cargo xtask` sets for this program must not become another build's settings.
    for (name, _) in std::env::vars_os() {
        let of_package = name.to_str().is_some_and(|name| {
            name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_")
        });
        if of_package {
            command.env_remove(name);
        }
    }
    command
}

/// Builds a tool for release; its path.
fn build(tool: &str) -> anyhow::Result<PathBuf> {
    println!("building {tool}");
    let status = cargo()
        .args(["build", "--release", "--package", tool])
        .status()
        .context("cannot start cargo")?;
    ensure!(
        status.success(),
        "cannot build {tool}: cargo ended with {status}"
    );
    Ok(released(tool))
}

/// Where [`build`] puts a tool.
fn released(tool: &str) -> PathBuf {
    target_directory().join("release").join(tool)
}

/// Cargo's directory for what it makes.
fn target_directory() -> PathBuf {
    let target =
        std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| "target".into(), PathBuf::from);
    project().join(target)
}
