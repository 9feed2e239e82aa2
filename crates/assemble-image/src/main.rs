//! See `assemble-image --help`.

use std::process::ExitCode;

use assemble_image::cli::Arguments;
use assemble_image::launch::become_tool_if_asked;

fn main() -> ExitCode {
    become_tool_if_asked().unwrap_or_else(hermetic_out_command_line::main::<Arguments>)
}
