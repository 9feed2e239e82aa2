//! See `relocate-etc-to-out --help`.

use std::process::ExitCode;

use relocate_etc_to_out::cli;

fn main() -> ExitCode {
    hermetic_out_command_line::run(cli::TOOL, |streams| cli::run(std::env::args_os(), streams))
}
