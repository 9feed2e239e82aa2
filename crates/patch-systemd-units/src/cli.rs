//! The command line.

use std::path::PathBuf;

use anyhow::Context;
use clap::{Parser, ValueEnum};
use hermetic_out::FindingKind;
use hermetic_out::apply::LockedOutputs;
use hermetic_out_command_line::{
    CommonOptions, ExitStatus, OutputOptions, Report, Streams, Tool, ToolVersion,
};
use hermetic_out_formats::FileKind;
use hermetic_out_formats::kind::directories;

use crate::{Options, findings, plan};

/// The name and version of the tool.
pub const TOOL: ToolVersion = ToolVersion {
    name: "patch-systemd-units",
    version: env!("CARGO_PKG_VERSION"),
};

/// How a program that cannot be found is reported.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum MissingProgram {
    /// A warning: the exit status is 0
    #[default]
    Warn,
    /// An error: nothing is written, the exit status is 1
    Error,
}

/// Rewrite program and file paths in systemd units and similar files to store paths
///
/// Reads the units, drop-ins, quadlets, D-Bus services, polkit actions and rules, udev rules, crontabs,
/// logrotate's files, manifests of native-messaging hosts, scripts for sleep, shutdown and networks, and the
/// tmpfiles.d, sysusers.d, sysctl.d, binfmt.d, modprobe.d and environment.d files of a package's outputs.
/// Replaces the programs that they run and the files that they read by store paths: those of the package's
/// own outputs first, then those on the search path. Anything that cannot be resolved is left unchanged and
/// reported. If a finding is an error, nothing is written.
#[derive(Debug, Parser)]
pub struct Arguments {
    #[command(flatten)]
    common: CommonOptions,

    /// Severity of programs that cannot be found
    #[arg(long, value_enum, default_value_t, value_name = "SEVERITY")]
    missing: MissingProgram,

    /// Output for units that move, because otherwise two outputs would refer to each other
    ///
    /// Without it, such a unit moves to the output that has its program.
    #[arg(long, value_name = "NAME")]
    unit_output: Option<String>,

    /// A store path that no replacement may refer to (repeatable)
    #[arg(long, value_name = "PATH")]
    forbid_reference: Vec<PathBuf>,

    /// Also rewrite the programs of desktop entries
    ///
    /// Off by default, because an absolute Exec= breaks wrappers and autostart.
    #[arg(long)]
    desktop_entries: bool,

    /// Print the directories of an output that are read, one per line, and exit
    #[arg(long)]
    list_directories: bool,
}

impl Tool for Arguments {
    const TOOL: ToolVersion = TOOL;
    const EXAMPLE: &'static str = "  \
patch-systemd-units --output out=$out --output bin=$bin --search-path \"$HOST_PATH\"
  patch-systemd-units --output out=/nix/store/…-chrony-4.6 --dry-run --diff";

    fn kinds() -> Vec<&'static FindingKind> {
        findings::KINDS.to_vec()
    }

    fn output_options(&self) -> &OutputOptions {
        &self.common.output_options
    }

    fn run(self, streams: &mut Streams<'_>) -> anyhow::Result<ExitStatus> {
        if self.list_directories {
            for (base, directory) in directories(FileKind::is_patched) {
                writeln!(streams.stdout, "{base}/{directory}")
                    .context("writing to standard output")?;
            }
            return Ok(ExitStatus::Clean);
        }
        let request = self.common.request()?;
        let name = request.name();
        let options = Options {
            choices: request.choices,
            missing_is_error: self.missing == MissingProgram::Error,
            unit_output: self.unit_output,
            forbidden_references: self.forbid_reference,
            desktop_entries: self.desktop_entries,
        };
        let package = &request.package;
        let outputs = LockedOutputs::lock(package);
        let outcome = plan(package, &options)?;
        Report::of_fixup(TOOL, name, package, outcome).apply_and_write(
            &outputs,
            "patching",
            &self.common.changes,
            &self.common.output_options,
            streams,
        )
    }
}
