//! See `assemble-image --help`.

use std::process::ExitCode;

fn main() -> ExitCode {
    assemble_image::launch::main()
}
