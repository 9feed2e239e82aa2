//! Small `.pc` files whose right results were decided from pkg-config(1) and the guides of pkg-config.

use std::process::Command;

use tool_tests::inputs::check;

#[test]
fn provider() {
    check(include_str!("inputs/provider.txt"), || {
        let mut command = Command::new(env!("CARGO_BIN_EXE_rewrite-pkgconfig-prefix"));
        command.arg("provider");
        for (name, letter, suffix) in [("out", "a", ""), ("dev", "b", "-dev")] {
            let hash = letter.repeat(32);
            command.arg(format!(
                "--output={name}=/nix/store/{hash}-hello-1.0{suffix}"
            ));
        }
        command
    });
}
