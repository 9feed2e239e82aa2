//! Runs the tool on the case directories, and holds them and the list of findings together.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use relocate_etc_to_out::findings::KINDS;

const TOOL: &str = env!("CARGO_BIN_EXE_relocate-etc-to-out");

/// Findings that no small case can show, and the test that shows each.
const SHOWN_ELSEWHERE: &[(&str, &str)] = &[(
    "etc-file-too-large",
    "a_file_that_is_too_large_is_left_alone",
)];

fn cases_dir() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/cases/relocate-etc-to-out")
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

#[test]
fn a_file_that_is_too_large_is_left_alone() -> io::Result<()> {
    const OUT: &str = "/nix/store/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa-hello-1.0";
    let root = tempfile::tempdir()?;
    let etc = root.path().join(format!(".{OUT}/etc"));
    fs::create_dir_all(&etc)?;
    fs::write(etc.join("hello.conf"), "")?;
    let large = etc.join("large.conf");
    let mut content = b"include /etc/hello.conf\n".to_vec();
    content.resize(16 * 1024 * 1024 + 1, b'\n');
    fs::write(&large, &content)?;
    let output = Command::new(TOOL)
        .arg("--root")
        .arg(root.path())
        .args(["--output", &format!("out={OUT}")])
        .output()?;
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(told.contains("warning[etc-file-too-large]"), "{told}");
    assert_eq!(output.status.code(), Some(0), "{told}");
    assert!(fs::read(&large)? == content, "the file stays as it is");
    Ok(())
}
