//! The case directories of a fixup.

use std::fs;
use std::path::Path;
use std::process::Command;

use hermetic_out::FindingKind;

/// The store path of [`assert_left_alone`].
pub const OUT: &str = "/nix/store/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa-hello-1.0";

/// Runs `program` on all cases of `tests/cases/TOOL`, and checks that each says what it shows and that
/// each finding is shown. `elsewhere` has the findings that no small case can show, each with its test.
pub fn check(
    tool: &str,
    program: &str,
    findings: &[&'static FindingKind],
    elsewhere: &[(&str, &str)],
) {
    let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/cases");
    let cases = cases.join(tool);
    case_runner::run_all_fixups(Path::new(program), &cases);
    case_runner::assert_documented(&cases);
    let findings: Vec<&str> = findings.iter().map(|kind| kind.id).collect();
    case_runner::assert_findings_shown(&cases, &findings, elsewhere);
}

/// Checks that a file of the package [`OUT`] is left alone and that the reason is reported: a warning.
pub fn assert_left_alone(
    program: &str,
    arguments: &[&str],
    sub_path: &str,
    content: &[u8],
    finding: &str,
) {
    let root = tempfile::tempdir().expect("a temporary directory");
    let file = root.path().join(&OUT[1..]).join(sub_path);
    crate::files::write(&file, content);
    let before = crate::snapshot::snapshot(root.path());
    let mut command = Command::new(program);
    let command = command.args(arguments).arg("--root").arg(root.path());
    let stderr = crate::run::assert_succeeds(&crate::run::finish(command));
    assert!(stderr.contains(&format!("warning[{finding}]")), "{stderr}");
    assert!(
        fs::read(&file).expect("the file") == content,
        "it is changed"
    );
    let after = crate::snapshot::snapshot(root.path());
    assert!(after.keys().eq(before.keys()), "a file is added");
}
