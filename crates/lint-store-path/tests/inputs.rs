//! Where patch-systemd-units would change a file, the lint finds something in it.

use std::path::{Path, PathBuf};
use std::process::Command;

use tool_tests::files;
use tool_tests::inputs::read;
use tool_tests::run::finish;

/// Where a file sets `PATH`, the lint takes it for one on which everything is found.
const SET_PATH: &[&str] = &[
    "own-directory: a name in a directory of the package that PATH has",
    "own-directory: but an own directory in it is",
];

#[test]
fn the_lint_finds_what_the_fixup_would_change() {
    let top = Path::new(env!("CARGO_MANIFEST_DIR")).join("../patch-systemd-units/tests/inputs");
    let texts = std::fs::read_dir(top).expect("the inputs");
    let mut texts: Vec<PathBuf> = texts.map(|entry| entry.expect("a file").path()).collect();
    texts.sort();
    let mut silent = Vec::new();
    for path in texts {
        let text = std::fs::read_to_string(&path).expect("a text");
        for input in read(&text) {
            let directory = files::directory();
            let root = directory.path().join("root");
            let changed = input.lay_out(&root);
            if changed.is_empty() || SET_PATH.contains(&input.name.as_str()) {
                continue;
            }
            let mut command = Command::new(env!("CARGO_BIN_EXE_lint-store-path"));
            command
                .arg("--root")
                .arg(&root)
                .args(["--no-cache", "--format", "json"]);
            command.arg(format!("/nix/store/{}-hello-1.0", "a".repeat(32)));
            let output = finish(&mut command);
            let printed = String::from_utf8_lossy(&output.stdout).into_owned();
            let is_named =
                |path: &PathBuf| printed.contains(&format!("\"file\": \"/{}\"", path.display()));
            if !changed.iter().all(is_named) {
                silent.push(format!("{}: {}", path.display(), input.name));
            }
        }
    }
    assert!(
        silent.is_empty(),
        "the lint is silent about\n{}",
        silent.join("\n")
    );
}
