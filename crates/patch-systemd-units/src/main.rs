//! See `patch-systemd-units --help`.

use std::process::ExitCode;

fn main() -> ExitCode {
    hermetic_out_command_line::main::<patch_systemd_units::cli::Arguments>()
}
