//! The command line.

use std::io;
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::{Parser, ValueEnum};
use hermetic_out::apply::LockedOutputs;
use hermetic_out::{FindingKind, regular_file};
use hermetic_out_command_line::{
    CommonOptions, ExitStatus, OutputOptions, Report, Streams, Tool, ToolVersion,
};

use crate::policy::{Mode, Policy};
use crate::{Options, findings, plan};

/// The name and version of the tool.
pub const TOOL: ToolVersion = ToolVersion {
    name: "relocate-etc-to-out",
    version: env!("CARGO_PKG_VERSION"),
};

/// How references to a file that the package ships are treated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum ChosenMode {
    /// Rewrite them to the output; link the files of those that cannot be rewritten
    Rewrite,
    /// Leave them unchanged, and link the files by tmpfiles.d lines
    Link,
}

/// Make a package read the configuration files that it ships
///
/// Configuration files move to the output's etc, or to the vendor's directory if their program looks there,
/// too. References to files below /etc that the package ships are rewritten to the output. What cannot be
/// rewritten gets a link in /etc, by a line for systemd-tmpfiles that never replaces an administrator's file.
/// If a finding is an error, nothing is written.
#[derive(Debug, Parser)]
pub struct Arguments {
    #[command(flatten)]
    common: CommonOptions,

    /// How references to the package's own files below /etc are treated; rewrite, unless the policy says
    /// otherwise
    #[arg(long, value_enum)]
    mode: Option<ChosenMode>,

    /// TOML file with exceptions for packages and paths
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,

    /// Target of the link /etc/os-release in tmpfiles.d
    #[arg(long, value_name = "PATH")]
    os_release: Option<PathBuf>,

    /// Directory that links in /etc lead to, instead of the output's etc
    ///
    /// For an etc that outlives the package: /run/current-system/sw/etc, /usr/share/factory/etc.
    #[arg(long, value_name = "DIR")]
    link_base: Option<PathBuf>,

    /// Remove this directory from every output, such as lib/rpm (repeatable)
    #[arg(long, value_name = "DIR")]
    prune: Vec<PathBuf>,
}

impl Tool for Arguments {
    const TOOL: ToolVersion = TOOL;
    const EXAMPLE: &'static str = "  \
relocate-etc-to-out --output out=$out --output dev=$dev
  relocate-etc-to-out --output out=/nix/store/…-chrony-4.6 --mode link --dry-run --diff";

    fn kinds() -> Vec<&'static FindingKind> {
        findings::KINDS.to_vec()
    }

    fn output_options(&self) -> &OutputOptions {
        &self.common.output_options
    }

    fn run(self, streams: &mut Streams<'_>) -> anyhow::Result<ExitStatus> {
        let request = self.common.request()?;
        let name = request.name();
        let mut policy = match &self.policy {
            None => Policy::default(),
            Some(path) => read_policy(path)?,
        };
        match self.mode {
            Some(ChosenMode::Rewrite) => policy.mode = Mode::Rewrite,
            Some(ChosenMode::Link) => policy.mode = Mode::Link,
            None => {}
        }
        policy.prune.extend(self.prune);
        policy.link_base = self.link_base.or(policy.link_base);
        policy.os_release = self.os_release.or(policy.os_release);
        let options = Options {
            choices: request.choices,
            policy,
        };
        let package = &request.package;
        let outputs = LockedOutputs::lock(package);
        let outcome = plan(package, &options)?;
        Report::of_fixup(TOOL, name, package, outcome).apply_and_write(
            &outputs,
            "relocating the configuration of",
            &self.common.changes,
            &self.common.output_options,
            streams,
        )
    }
}

fn read_policy(path: &Path) -> anyhow::Result<Policy> {
    let text = regular_file::read(path)
        .and_then(|bytes| String::from_utf8(bytes).map_err(io::Error::other))
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
    })
}
