//! See `rewrite-pkgconfig-prefix --help`.

use std::process::ExitCode;

fn main() -> ExitCode {
    hermetic_out_command_line::main::<rewrite_pkgconfig_prefix::cli::Arguments>()
}
