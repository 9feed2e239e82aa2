//! See `assemble-image --help`.

use std::process::ExitCode;

fn main() -> ExitCode {
    hermetic_out_command_line::main::<assemble_image::cli::Arguments>()
}
