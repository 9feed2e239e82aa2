//! Runs the tool on the case directories, and holds them and the list of findings together.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use patch_systemd_units::findings::KINDS;

const TOOL: &str = env!("CARGO_BIN_EXE_patch-systemd-units");

/// Findings that no small case can show, and the test that shows each.
const SHOWN_ELSEWHERE: &[(&str, &str)] = &[
    ("file-too-large", "a_file_that_is_too_large_is_left_alone"),
    ("line-too-long", "a_line_that_is_too_long_is_left_alone"),
];

fn cases_dir() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/cases/patch-systemd-units")
}

#[test]
fn every_case_gives_what_it_expects() {
    case_runner::run_all(Path::new(TOOL), &cases_dir());
}

#[test]
fn every_case_says_what_it_shows() {
    case_runner::assert_documented(&cases_dir());
}

#[test]
fn every_finding_is_shown() {
    let findings: Vec<&str> = KINDS.iter().map(|kind| kind.id).collect();
    case_runner::assert_findings_shown(&cases_dir(), &findings, SHOWN_ELSEWHERE);
}

/// Holds that the tool leaves a unit of this content alone, and says why.
fn assert_left_alone(content: &[u8], finding: &str) -> io::Result<()> {
    const OUT: &str = "/nix/store/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa-hello-1.0";
    let root = tempfile::tempdir()?;
    let units = root.path().join(format!(".{OUT}/lib/systemd/system"));
    fs::create_dir_all(&units)?;
    let unit = units.join("large.service");
    fs::write(&unit, content)?;

    let output = Command::new(TOOL)
        .arg("--root")
        .arg(root.path())
        .args(["--output", &format!("out={OUT}")])
        .output()?;

    let told = String::from_utf8_lossy(&output.stderr);
    assert!(told.contains(&format!("warning[{finding}]")), "{told}");
    assert_eq!(output.status.code(), Some(0), "{told}");
    assert!(fs::read(&unit)? == content, "the unit stays as it is");
    Ok(())
}

#[test]
fn a_file_that_is_too_large_is_left_alone() -> io::Result<()> {
    assert_left_alone(&vec![b'\n'; 16 * 1024 * 1024 + 1], "file-too-large")
}

#[test]
fn a_line_that_is_too_long_is_left_alone() -> io::Result<()> {
    assert_left_alone(&vec![b'a'; 1024 * 1024 + 1], "line-too-long")
}
