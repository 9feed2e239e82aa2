//! Runs the tool on the case directories, and holds them and the list of findings together.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use rewrite_pkgconfig_prefix::findings::KINDS;

const TOOL: &str = env!("CARGO_BIN_EXE_rewrite-pkgconfig-prefix");

/// Findings that no small case can show, and the test that shows each.
const SHOWN_ELSEWHERE: &[(&str, &str)] = &[
    (
        "pc-file-too-large",
        "a_file_that_is_too_large_is_left_alone",
    ),
    ("pc-line-too-long", "a_line_that_is_too_long_is_left_alone"),
];

fn cases_dir() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/cases/rewrite-pkgconfig-prefix")
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

/// Holds that a file of this content is left alone, and why.
fn assert_left_alone(content: &[u8], finding: &str) -> io::Result<()> {
    const OUT: &str = "/nix/store/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa-hello-1.0";
    let root = tempfile::tempdir()?;
    let directory = root.path().join(format!(".{OUT}/lib/pkgconfig"));
    fs::create_dir_all(&directory)?;
    let file = directory.join("udev.pc");
    fs::write(&file, content)?;
    let search_path = format!("{OUT}/lib/pkgconfig");
    let output = format!("out={OUT}");
    for arguments in [
        &["provider", "--output", &output][..],
        &[
            "consumer",
            "--prefix",
            OUT,
            "--into",
            "/into",
            "--pkg-config-path",
            &search_path,
        ],
    ] {
        let output = Command::new(TOOL)
            .args(arguments)
            .arg("--root")
            .arg(root.path())
            .output()?;
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(told.contains(&format!("warning[{finding}]")), "{told}");
        assert_eq!(output.status.code(), Some(0), "{told}");
        assert!(fs::read(&file)? == content, "the file stays as it is");
        assert!(!root.path().join("into").exists(), "no copy is made");
    }
    Ok(())
}

#[test]
fn a_file_that_is_too_large_is_left_alone() -> io::Result<()> {
    assert_left_alone(&vec![b'\n'; 16 * 1024 * 1024 + 1], "pc-file-too-large")
}

#[test]
fn a_line_that_is_too_long_is_left_alone() -> io::Result<()> {
    let line = "udevdir=/usr/lib/udev \\\n".repeat(4000);
    assert_left_alone(line.as_bytes(), "pc-line-too-long")
}
