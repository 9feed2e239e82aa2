//! See `relocate-etc-to-out --help`.

use std::process::ExitCode;

fn main() -> ExitCode {
    hermetic_out_command_line::main::<relocate_etc_to_out::cli::Arguments>()
}
