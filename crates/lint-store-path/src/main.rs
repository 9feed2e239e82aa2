//! See `lint-store-path --help`.

use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    hermetic_out_command_line::main::<lint_store_path::cli::Arguments>()
}
