//! The tool on cases with changed files: `cargo xtask soak` tries many more.

use tool_tests::changed::{Job, check};

#[test]
fn whatever_a_tree_holds_a_run_ends_well() {
    let program = env!("CARGO_BIN_EXE_relocate-etc-to-out");
    check("relocate-etc-to-out", program, Job::Fixup, 60);
}
