//! patch-systemd-units on real packages.
//!
//! `PATCH_SYSTEMD_UNITS` names the built tool, which `cargo xtask test` sets; otherwise it is
//! looked for beside the test. [`chosen_names`] says which packages are taken.
//! `HERMETIC_OUT_PACKAGES_IN=DIR` makes the stores, as they were and patched, DIR/original and
//! DIR/store, and leaves them there.

use std::path::PathBuf;

use tests_packages::archive::Archive;
use tests_packages::tool::{self, Arguments, Finding, patch_all};
use tests_packages::{check, chosen_names, store, verify};

/// Debian moves on: some packages may be gone, but not most.
const ENOUGH: usize = 150;

#[test]
fn real_packages_are_patched_rightly() {
    let tool = tool::built("patch-systemd-units").unwrap_or_else(|error| panic!("{error}"));
    let temporary = tempfile::tempdir().expect("a directory");
    let kept = std::env::var_os("HERMETIC_OUT_PACKAGES_IN").map(PathBuf::from);
    let top = kept.as_deref().unwrap_or(temporary.path());
    std::fs::create_dir_all(top).unwrap_or_else(|error| panic!("{}: {error}", top.display()));
    let top = top.canonicalize().expect("its path");
    let (original, patched) = (top.join("original"), top.join("store"));
    assert!(
        !patched.exists(),
        "{} is there already: remove it first",
        patched.display()
    );
    let fetched = {
        let archive = Archive::open().unwrap_or_else(|error| panic!("{error}"));
        store::fetch(&archive, &chosen_names(), &original).unwrap_or_else(|error| panic!("{error}"))
    };
    for (name, reason) in &fetched.lacking {
        println!("not had: {name}: {reason}");
    }
    assert!(
        fetched.packages.len() >= ENOUGH,
        "only {} packages were had",
        fetched.packages.len()
    );
    store::copy(&original, &patched).unwrap_or_else(|error| panic!("{error}"));

    let run =
        || patch_all(&tool, &patched, &fetched.packages).unwrap_or_else(|error| panic!("{error}"));
    let reports = run();
    let findings: Vec<Finding> = reports
        .iter()
        .flat_map(|report| report.findings.clone())
        .collect();
    let mut violations: Vec<String> = check::check(&original, &patched, &findings)
        .unwrap_or_else(|error| panic!("{error}"))
        .iter()
        .map(ToString::to_string)
        .collect();

    let complaints = verify::not_executable(&patched).unwrap_or_else(|error| panic!("{error}"));
    println!(
        "{} packages, {} findings, {} complaints of systemd-analyze",
        fetched.packages.len(),
        findings.len(),
        complaints.len()
    );
    for one in verify::unreported(complaints, &findings) {
        violations.push(format!(
            "systemd-analyze: {}: {} is not executable ({}), and there is no finding",
            one.unit, one.program, one.reason
        ));
    }

    let before = check::snapshot(&patched);
    for (package, report) in fetched.packages.iter().zip(run()) {
        if !report.changes.is_empty() {
            violations.push(format!(
                "{}: a second run reports changes: {:?}",
                package.name, report.changes
            ));
        }
    }
    if let Some(package) = fetched.packages.first() {
        let said = Arguments::new(&patched, &fetched.packages, package)
            .unwrap_or_else(|error| panic!("{error}"))
            .run(&tool)
            .arg("--verbose")
            .output()
            .expect("the tool runs");
        let said = String::from_utf8_lossy(&said.stderr);
        if !said.contains("nothing to change") {
            violations.push(format!(
                "{}: a third run does not say that nothing is to be done: {said}",
                package.name
            ));
        }
    }
    for (path, state) in check::snapshot(&patched) {
        if before.get(&path) != Some(&state) && !path.is_dir() {
            violations.push(format!("{}: a second run has written it", path.display()));
        }
    }

    if kept.is_some() {
        println!("before: {}", original.display());
        println!("after:  {}", patched.display());
    }
    assert!(
        violations.is_empty(),
        "{} violations:\n{}",
        violations.len(),
        violations.join("\n")
    );
}
