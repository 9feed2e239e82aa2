//! Runs the tool on the case directories, and compares them with the list of findings.

use rewrite_pkgconfig_prefix::findings::KINDS;
use tool_tests::cases::{OUT, assert_left_alone, check};

const TOOL: &str = env!("CARGO_BIN_EXE_rewrite-pkgconfig-prefix");

/// Findings that no small case can show, and the test that shows each.
const SHOWN_ELSEWHERE: &[(&str, &str)] = &[
    ("unread-file", "a_file_that_is_too_large_is_left_alone"),
    ("line-too-long", "a_line_that_is_too_long_is_left_alone"),
];

#[test]
fn every_case_gives_what_it_expects_and_every_finding_has_one() {
    check("rewrite-pkgconfig-prefix", TOOL, KINDS, SHOWN_ELSEWHERE);
}

/// The file is neither changed nor copied.
fn left_alone(content: &[u8], finding: &str) {
    let output = format!("--output=out={OUT}");
    let prefix = format!("--prefix={OUT}");
    let search_path = format!("--pkg-config-path={OUT}/lib/pkgconfig");
    for arguments in [
        &["provider", &output][..],
        &["consumer", &prefix, "--into=/into", &search_path],
    ] {
        assert_left_alone(TOOL, arguments, "lib/pkgconfig/udev.pc", content, finding);
    }
}

#[test]
fn a_file_that_is_too_large_is_left_alone() {
    left_alone(&vec![b'\n'; 16 * 1024 * 1024 + 1], "unread-file");
}

#[test]
fn a_line_that_is_too_long_is_left_alone() {
    let line = "udevdir=/usr/lib/udev \\\n".repeat(4000);
    left_alone(line.as_bytes(), "line-too-long");
}
