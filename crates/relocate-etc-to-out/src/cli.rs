//! The command line.

use std::ffi::OsString;
use std::fs;
use std::path::PathBuf;

use anyhow::Context;
use clap::{CommandFactory, Parser, ValueEnum};
use hermetic_out_command_line::{
    CommonOptions, ExitStatus, Report, Streams, after_help, explain, parse,
};

use crate::policy::{Mode, Policy};
use crate::{Options, findings, plan};

/// The name of the tool.
pub const TOOL: &str = "relocate-etc-to-out";

const EXAMPLE: &str = "  \
relocate-etc-to-out --output out=$out --output dev=$dev
  relocate-etc-to-out --output out=/nix/store/…-chrony-4.6 --mode link --dry-run --diff";

/// What becomes of the names of a file that the package ships.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum ChosenMode {
    /// They name it in its output; what cannot be rewritten is linked
    Rewrite,
    /// They stay, and tmpfiles.d lines link it
    Link,
}

/// Make a package read the configuration that it ships
///
/// Configuration moves to the output's etc, or to the vendor's directory where its program looks too.
/// What names a file below /etc that the package ships then names it in the output; what cannot be
/// rewritten gets a link, by a line for systemd-tmpfiles that never replaces an administrator's file. If a
/// finding is an error, nothing is written.
#[derive(Debug, Parser)]
#[command(name = TOOL, version, max_term_width = 100, after_long_help = after_help(EXAMPLE))]
struct Arguments {
    #[command(flatten)]
    common: CommonOptions,

    /// What becomes of the names of files that the package ships; rewrite, unless the policy says
    /// otherwise
    #[arg(long, value_enum)]
    mode: Option<ChosenMode>,

    /// Exceptions for packages and paths, in TOML
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,

    /// What the link /etc/os-release of tmpfiles.d is to lead to
    #[arg(long, value_name = "PATH")]
    os_release: Option<PathBuf>,

    /// Where links from /etc lead, in place of the output's etc
    ///
    /// For an /etc that outlives the package: /run/current-system/sw/etc, /usr/share/factory/etc.
    #[arg(long, value_name = "DIR")]
    link_base: Option<PathBuf>,

    /// Remove this directory of every output, such as lib/rpm (repeatable)
    #[arg(long, value_name = "DIR")]
    prune: Vec<PathBuf>,
}

/// The command line's description, from which its man page and completions are made.
#[must_use]
pub fn command() -> clap::Command {
    Arguments::command()
}

/// Does what the command line `arguments` asks for; the first is the program's own name.
pub fn run(
    arguments: impl IntoIterator<Item = OsString>,
    streams: &mut Streams<'_>,
) -> anyhow::Result<ExitStatus> {
    let Some(arguments) = parse::<Arguments>(arguments, streams)? else {
        return Ok(ExitStatus::Clean);
    };
    let common = &arguments.common;
    if let Some(name) = &common.shown.verbosity.explain {
        explain(findings::KINDS, name, streams.stdout)?;
        return Ok(ExitStatus::Clean);
    }
    let request = common.request()?;
    let mut policy = match &arguments.policy {
        None => Policy::default(),
        Some(path) => {
            let text = fs::read_to_string(path)
                .with_context(|| format!("reading the policy {}", path.display()))?;
            Policy::parse(&text).map_err(|error| {
                // toml shows the place over several lines; an error is one.
                let line = error.span().map_or(1, |span| {
                    text[..span.start.min(text.len())].matches('\n').count() + 1
                });
                let message = error.message().replace('\n', "; ");
                anyhow::anyhow!(
                    "reading the policy {}: line {line}: {message}; see docs/relocate-etc-to-out.md",
                    path.display()
                )
            })?
        }
    };
    match arguments.mode {
        Some(ChosenMode::Rewrite) => policy.mode = Mode::Rewrite,
        Some(ChosenMode::Link) => policy.mode = Mode::Link,
        None => {}
    }
    policy.prune.extend(arguments.prune);
    policy.link_base = arguments.link_base.or(policy.link_base);
    policy.os_release = arguments.os_release.or(policy.os_release);
    let options = Options {
        choices: request.choices.clone(),
        policy,
    };
    let package = &request.package;
    let outcome = plan(package, &options)?;
    let report = Report::new(TOOL, env!("CARGO_PKG_VERSION"), request.name(), outcome);
    report.apply_and_write(
        package,
        "relocating the configuration of",
        &common.shown,
        streams,
    )
}
