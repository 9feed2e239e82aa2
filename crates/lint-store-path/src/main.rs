//! See `lint-store-path --help`.

use std::process::ExitCode;

use lint_store_path::cli;

fn main() -> ExitCode {
    hermetic_out_command_line::run(cli::TOOL, |streams| cli::run(std::env::args_os(), streams))
}
