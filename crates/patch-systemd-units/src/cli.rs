//! The command line.

use std::ffi::OsString;
use std::path::PathBuf;

use anyhow::Context;
use clap::{CommandFactory, Parser, ValueEnum};
use hermetic_out_command_line::{
    CommonOptions, ExitStatus, Report, Streams, after_help, explain, parse,
};
use hermetic_out_formats::FileKind;
use hermetic_out_formats::kind::directories;

use crate::{Options, findings, plan};

/// The name of the tool.
pub const TOOL: &str = "patch-systemd-units";

const EXAMPLE: &str = "  \
patch-systemd-units --output out=$out --output bin=$bin --search-path \"$HOST_PATH\"
  patch-systemd-units --output out=/nix/store/…-chrony-4.6 --dry-run --diff";

/// What becomes of a program that nobody has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum MissingProgram {
    /// A warning: the exit status is 0
    #[default]
    Warn,
    /// An error: nothing is written, the exit status is 1
    Error,
}

/// Make every program and own file that systemd units name a store path
///
/// Reads the units, drop-ins, D-Bus activation files, polkit actions, udev rules, and the tmpfiles.d,
/// sysusers.d, binfmt.d, modprobe.d and environment.d files of a package's outputs, and replaces what
/// they run and read by store paths: those of the package's own outputs first, then those on the
/// search path. What cannot be found is reported and stays. If a finding is an error, nothing is
/// written.
#[derive(Debug, Parser)]
#[command(name = TOOL, version, max_term_width = 100, after_long_help = after_help(EXAMPLE))]
struct Arguments {
    #[command(flatten)]
    common: CommonOptions,

    /// What a program that nobody has is: a warning or an error
    #[arg(long, value_enum, default_value_t, value_name = "SEVERITY")]
    missing: MissingProgram,

    /// The output for units that have to move, because otherwise two outputs would refer to each
    /// other
    ///
    /// Without it such a unit moves to the output that has its program.
    #[arg(long, value_name = "NAME")]
    unit_output: Option<String>,

    /// A store path that no replacement may refer to (repeatable)
    #[arg(long, value_name = "PATH")]
    forbid_reference: Vec<PathBuf>,

    /// Patch the programs of desktop entries, too
    ///
    /// Off by default: an absolute Exec breaks wrappers and autostart.
    #[arg(long)]
    desktop_entries: bool,

    /// Print the directories of an output that are read, one a line, and stop
    #[arg(long)]
    list_directories: bool,
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
    if arguments.list_directories {
        for (base, directory) in directories(FileKind::names_paths) {
            writeln!(streams.stdout, "{base}/{directory}").context("writing to standard output")?;
        }
        return Ok(ExitStatus::Clean);
    }
    let request = common.request()?;
    let options = Options {
        choices: request.choices.clone(),
        missing_is_error: arguments.missing == MissingProgram::Error,
        unit_output: arguments.unit_output,
        forbidden_references: arguments.forbid_reference,
        desktop_entries: arguments.desktop_entries,
    };
    let package = &request.package;
    let outcome = plan(package, &options)?;
    let report = Report::new(TOOL, env!("CARGO_PKG_VERSION"), request.name(), outcome);
    report.apply_and_write(package, "patching", &common.shown, streams)
}
