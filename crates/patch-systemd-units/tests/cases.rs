//! Runs the tool on the case directories, and compares them with the list of findings.

use patch_systemd_units::findings::KINDS;
use tool_tests::cases::{OUT, assert_left_alone, check};

const TOOL: &str = env!("CARGO_BIN_EXE_patch-systemd-units");

/// Findings that no small case can show, and the test that shows each.
const SHOWN_ELSEWHERE: &[(&str, &str)] = &[
    ("unread-file", "a_file_that_is_too_large_is_left_alone"),
    ("line-too-long", "a_line_that_is_too_long_is_left_alone"),
];

#[test]
fn every_case_gives_what_it_expects_and_every_finding_has_one() {
    check("patch-systemd-units", TOOL, KINDS, SHOWN_ELSEWHERE);
}

fn left_alone(content: &[u8], finding: &str) {
    let output = format!("--output=out={OUT}");
    let unit = "lib/systemd/system/large.service";
    assert_left_alone(TOOL, &[&output], unit, content, finding);
}

#[test]
fn a_file_that_is_too_large_is_left_alone() {
    left_alone(&vec![b'\n'; 16 * 1024 * 1024 + 1], "unread-file");
}

#[test]
fn a_line_that_is_too_long_is_left_alone() {
    left_alone(&vec![b'a'; 1024 * 1024 + 1], "line-too-long");
}
