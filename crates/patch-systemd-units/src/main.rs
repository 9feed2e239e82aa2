//! See `patch-systemd-units --help`.

use std::process::ExitCode;

use patch_systemd_units::cli;

fn main() -> ExitCode {
    hermetic_out_command_line::run(cli::TOOL, |streams| cli::run(std::env::args_os(), streams))
}
