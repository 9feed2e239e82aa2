//! See `rewrite-pkgconfig-prefix --help`.

use std::process::ExitCode;

use rewrite_pkgconfig_prefix::cli;

fn main() -> ExitCode {
    hermetic_out_command_line::run(cli::TOOL, |streams| cli::run(std::env::args_os(), streams))
}
