//! What holds for the case directories of a tool as a whole.

use std::fs;
use std::path::Path;

use bstr::ByteSlice;

use crate::run::case_directories;

/// # Panics
///
/// If a case has a name that is not in kebab case or a README without sentences, or if there is no
/// case.
pub fn assert_documented(cases_dir: &Path) {
    for case in all(cases_dir) {
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

/// Holds a tool's list of `findings`, by name, and its cases together. `elsewhere` has those that no
/// small case can show, each with the test that shows it.
///
/// # Panics
///
/// If a finding is shown neither by a case nor elsewhere, or by both, or if `elsewhere` has one that is
/// not in the list.
pub fn assert_findings_shown(cases_dir: &Path, findings: &[&str], elsewhere: &[(&str, &str)]) {
    let mut shown = Vec::new();
    for case in all(cases_dir) {
        for stream in ["stdout", "stderr"] {
            shown.extend(fs::read(case.join(stream)).unwrap_or_default());
        }
    }
    for finding in findings {
        let is_elsewhere = elsewhere.iter().any(|(name, _)| name == finding);
        let in_a_case = shown.contains_str(format!("[{finding}]"));
        assert!(
            in_a_case || is_elsewhere,
            "a case shows the finding {finding}"
        );
        assert!(
            !(in_a_case && is_elsewhere),
            "{finding} is shown by a case and is not to be excused"
        );
    }
    for (name, _) in elsewhere {
        assert!(findings.contains(name), "{name} is a finding");
    }
}

fn all(cases_dir: &Path) -> Vec<std::path::PathBuf> {
    let cases = case_directories(cases_dir).unwrap_or_default();
    assert!(!cases.is_empty(), "{} holds no case", cases_dir.display());
    cases
}
