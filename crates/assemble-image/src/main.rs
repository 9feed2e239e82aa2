//! See `assemble-image --help`.

use std::process::ExitCode;

use assemble_image::cli;

fn main() -> ExitCode {
    hermetic_out_command_line::run(cli::TOOL, |streams| cli::run(std::env::args_os(), streams))
}
