//! Runs the tool on the case directories, and holds them and the list of findings together.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use bstr::ByteSlice;
use rewrite_pkgconfig_prefix::findings::KINDS;

const TOOL: &str = env!("CARGO_BIN_EXE_rewrite-pkgconfig-prefix");

/// Findings that no small case can show, and the test that shows each.
const SHOWN_ELSEWHERE: &[(&str, &str)] = &[(
    "pc-file-too-large",
    "a_file_that_is_too_large_is_left_alone",
)];

fn cases_dir() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/cases/rewrite-pkgconfig-prefix")
}

/// The case directories; that there are none fails the test that runs them.
fn cases() -> Vec<PathBuf> {
    let entries = fs::read_dir(cases_dir()).into_iter().flatten();
    let mut cases: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    cases.sort();
    cases
}

#[test]
fn every_case_gives_what_it_expects() {
    case_runner::run_all(Path::new(TOOL), &cases_dir());
}

#[test]
fn every_case_says_what_it_shows() {
    for case in cases() {
        let name = case.file_name().unwrap_or_default().to_string_lossy();
        let is_kebab_case = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
        assert!(
            name.bytes().all(|byte| is_kebab_case(byte) || byte == b'-'),
            "{name} is in kebab case"
        );
        let readme = fs::read_to_string(case.join("README")).unwrap_or_default();
        assert!(readme.ends_with(".\n"), "{name}/README holds sentences");
    }
}

#[test]
fn every_finding_is_shown() {
    let mut shown = Vec::new();
    for case in cases() {
        for stream in ["stdout", "stderr"] {
            shown.extend(fs::read(case.join(stream)).unwrap_or_default());
        }
    }
    for kind in KINDS {
        let elsewhere = SHOWN_ELSEWHERE.iter().any(|(name, _)| *name == kind.name);
        let in_a_case = shown.contains_str(format!("[{}]", kind.name));
        assert!(
            in_a_case || elsewhere,
            "a case shows the finding {}",
            kind.name
        );
        assert!(
            !(in_a_case && elsewhere),
            "{} is shown by a case and is not to be excused",
            kind.name
        );
    }
    for (name, _) in SHOWN_ELSEWHERE {
        let is_known = KINDS.iter().any(|kind| kind.name == *name);
        assert!(is_known, "{name} is a finding");
    }
}

#[test]
fn a_file_that_is_too_large_is_left_alone() -> io::Result<()> {
    const OUT: &str = "/nix/store/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa-hello-1.0";
    let root = tempfile::tempdir()?;
    let directory = root.path().join(format!(".{OUT}/lib/pkgconfig"));
    fs::create_dir_all(&directory)?;
    let file = directory.join("large.pc");
    let content = vec![b'\n'; 16 * 1024 * 1024 + 1];
    fs::write(&file, &content)?;

    let output = Command::new(TOOL)
        .arg("provider")
        .arg("--root")
        .arg(root.path())
        .args(["--output", &format!("out={OUT}")])
        .output()?;

    let told = String::from_utf8_lossy(&output.stderr);
    assert!(told.contains("warning[pc-file-too-large]"), "{told}");
    assert_eq!(output.status.code(), Some(0), "{told}");
    assert!(fs::read(&file)? == content, "the file stays as it is");
    Ok(())
}
