//! `rewrite-pkgconfig-prefix provider` on the `.pc` files of real packages, judged by pkgconf.
//!
//! `REWRITE_PKGCONFIG_PREFIX` names the built tool, which `cargo xtask test` sets; otherwise it is
//! looked for beside the test.

#![allow(clippy::expect_used, reason = "a test that cannot do its work panics")]

use std::path::{Path, PathBuf};
use std::process::Command;

use tests_packages::archive::Archive;
use tests_packages::store::Package;
use tests_packages::tool::{self, Arguments, Finding, Report};
use tests_packages::{in_parallel, pc_package_names, pkg_config, store};

/// Debian moves on: some packages may be gone, but not most.
const ENOUGH: usize = 450;

fn provide(tool: &Path, store: &Path, package: &Package) -> Report {
    let arguments = Arguments::with(store, package, &[], &[]).expect("arguments");
    let output = Command::new(tool)
        .arg("provider")
        .arg(arguments.argument())
        .args(["--format", "json"])
        .output()
        .expect("the tool runs");
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}: {told}", package.name);
    serde_json::from_slice(&output.stdout).expect("a report")
}

#[test]
fn real_pc_files_mean_the_same_afterwards() {
    let tool = tool::built("rewrite-pkgconfig-prefix").unwrap_or_else(|error| panic!("{error}"));
    let temporary = tempfile::tempdir().expect("a directory");
    let top = temporary.path().canonicalize().expect("its path");
    let (original, patched) = (top.join("original"), top.join("store"));
    let fetched = {
        let archive = Archive::open().unwrap_or_else(|error| panic!("{error}"));
        let names = pc_package_names();
        store::fetch(&archive, &names, &original).unwrap_or_else(|error| panic!("{error}"))
    };
    for (name, reason) in &fetched.lacking {
        println!("not had: {name}: {reason}");
    }
    store::copy(&original, &patched).unwrap_or_else(|error| panic!("{error}"));
    let results = in_parallel(&fetched.packages, |package| {
        let (before, after) = (
            original.join(&package.directory),
            patched.join(&package.directory),
        );
        let report = provide(&tool, &patched, package);
        let files = pkg_config::files(&after).unwrap_or_else(|error| panic!("{error}"));
        let mut violations = Vec::new();
        let mut directories = (0, 0);
        for file in &files {
            let (wrong, old, new) = check(file, &before, &after, &report.findings);
            directories.0 += old;
            directories.1 += new;
            let name = &package.name;
            violations.extend(
                wrong
                    .into_iter()
                    .map(|one| format!("{name}: {}: {one}", file.display())),
            );
        }
        let again = provide(&tool, &patched, package);
        if !again.changes.is_empty() {
            violations.push(format!(
                "{}: a second run changes {:?}",
                package.name, again.changes
            ));
        }
        (files.len(), report, directories, violations)
    });
    let files: usize = results.iter().map(|(files, ..)| files).sum();
    let changed: usize = results
        .iter()
        .map(|(_, report, ..)| report.summary.files_changed)
        .sum();
    let findings: usize = results
        .iter()
        .map(|(_, report, ..)| report.findings.len())
        .sum();
    println!(
        "{} packages, {files} .pc files, {changed} changed, {findings} findings",
        results.len()
    );
    let directories = results.iter().map(|(_, _, directories, _)| directories);
    let (old, left) = directories.fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1));
    println!(
        "variables that are directories of /usr: {old}; {} are mapped, {left} have a finding",
        old - left
    );
    assert!(files >= ENOUGH, "only {files} .pc files were had");
    let violations: Vec<String> = results.into_iter().flat_map(|(.., wrong)| wrong).collect();
    assert!(
        violations.is_empty(),
        "{} violations:\n{}",
        violations.len(),
        violations.join("\n")
    );
}

/// What is wrong with a file, relative to the package before and after; how many of its variables
/// were directories of `/usr`, and how many still are.
fn check(
    file: &Path,
    before: &Path,
    after: &Path,
    findings: &[Finding],
) -> (Vec<String>, usize, usize) {
    let said = |path: PathBuf, prefix| {
        pkg_config::said(&path, prefix).unwrap_or_else(|error| panic!("{error}"))
    };
    let path = after.join(file);
    let (old, new) = (said(before.join(file), None), said(path.clone(), None));
    let mut wrong = pkg_config::differences(&old, before, &new, after);
    let about = |finding: &&Finding| Path::new(&finding.file) == path;
    let findings: Vec<&Finding> = findings.iter().filter(about).collect();
    wrong.extend(pkg_config::unreported(&new, &findings));
    wrong.extend(pkg_config::moved_wrongly(
        &new,
        &said(path, Some("/x")),
        after,
    ));
    let count = pkg_config::absolute_directories;
    (wrong, count(&old), count(&new))
}
