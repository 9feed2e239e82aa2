//! Runs the tool on the case directories, and compares them with the list of findings.

use relocate_etc_to_out::findings::KINDS;
use tool_tests::cases::{OUT, assert_left_alone, check};

const TOOL: &str = env!("CARGO_BIN_EXE_relocate-etc-to-out");

/// Findings that no small case can show, and the test that shows each.
const SHOWN_ELSEWHERE: &[(&str, &str)] =
    &[("unread-file", "a_file_that_is_too_large_is_left_alone")];

#[test]
fn every_case_gives_what_it_expects_and_every_finding_has_one() {
    check("relocate-etc-to-out", TOOL, KINDS, SHOWN_ELSEWHERE);
}

#[test]
fn a_file_that_is_too_large_is_left_alone() {
    let mut content = b"include /etc/large.conf\n".to_vec();
    content.resize(16 * 1024 * 1024 + 1, b'\n');
    let output = format!("--output=out={OUT}");
    let file = "etc/large.conf";
    assert_left_alone(TOOL, &[&output], file, &content, "unread-file");
}
