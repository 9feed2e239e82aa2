//! relocate-etc-to-out on real packages, judged by code of its own and by systemd-tmpfiles.
//!
//! `RELOCATE_ETC_TO_OUT` names the built tool, which `cargo xtask test` sets; otherwise it is looked
//! for beside the test. `HERMETIC_OUT_PACKAGES_IN=DIR` makes the stores, as they were and in each mode,
//! DIR/original, DIR/rewrite and DIR/link, and leaves them there. `HERMETIC_OUT_PACKAGES=corpus` takes the whole
//! corpus.

#![allow(
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a test that cannot do its work panics; it tells what it had"
)]

use std::collections::BTreeMap;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use tests_packages::archive::Archive;
use tests_packages::relocated::{self, Judged, Mode};
use tests_packages::store::{self, Package};
use tests_packages::tool::{self, Arguments, Report};
use tests_packages::tool_root::{self, ToolRoot};
use tests_packages::{check, chosen_names, etc_package_names, in_parallel};

/// Debian moves on: some packages may be gone, but not most.
const ENOUGH: usize = 100;
/// Of so many packages, those with the most changes, runs are killed.
const KILLED: usize = 4;
/// So many are killed of each, all of them at another part of the time that one takes.
const PARTS: u32 = 12;

/// The packages of etc-packages.txt, or those that `HERMETIC_OUT_PACKAGES` chooses.
fn names() -> Vec<String> {
    match std::env::var_os("HERMETIC_OUT_PACKAGES") {
        None => etc_package_names(),
        Some(_) => chosen_names(),
    }
}

struct Stores {
    tool: PathBuf,
    tools: ToolRoot,
    original: PathBuf,
    top: PathBuf,
    packages: Vec<Package>,
    _temporary: tempfile::TempDir,
}

fn stores() -> Stores {
    let tool = tool::built("relocate-etc-to-out").unwrap_or_else(|error| panic!("{error}"));
    let temporary = tempfile::tempdir().expect("a directory");
    let kept = std::env::var_os("HERMETIC_OUT_PACKAGES_IN").map(PathBuf::from);
    let top = kept.as_deref().unwrap_or(temporary.path());
    std::fs::create_dir_all(top).unwrap_or_else(|error| panic!("{}: {error}", top.display()));
    let top = top.canonicalize().expect("its path");
    let original = top.join("original");
    let archive = Archive::open().unwrap_or_else(|error| panic!("{error}"));
    let fetched =
        store::fetch(&archive, &names(), &original).unwrap_or_else(|error| panic!("{error}"));
    for (name, reason) in &fetched.lacking {
        println!("not had: {name}: {reason}");
    }
    let had = fetched.packages.len();
    assert!(had >= ENOUGH, "only {had} packages were had");
    let tools = ToolRoot::provide(&archive, &tool_root::IMAGES);
    Stores {
        tool,
        tools: tools.unwrap_or_else(|error| panic!("{error}")),
        original,
        top,
        packages: fetched.packages,
        _temporary: temporary,
    }
}

/// A run of the tool on a package of a store, alone: what it names of others is not asked for.
fn command(tool: &Path, store: &Path, package: &Package, mode: Mode) -> (Command, Arguments) {
    let arguments = Arguments::with(store, package, &[], &[]).expect("arguments");
    let mut command = arguments.run(tool);
    command.args(["--mode", mode.name(), "--format", "json"]);
    (command, arguments)
}

fn relocate(tool: &Path, store: &Path, package: &Package, mode: Mode) -> Report {
    let (mut command, _arguments) = command(tool, store, package, mode);
    let output = command.output().expect("the tool runs");
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}: {told}", package.name);
    tool::read_report(&output.stdout).expect("a report")
}

/// Everything below a directory: modes, contents, targets, and times of files, but for the file that
/// the tool itself makes.
fn contents(top: &Path) -> BTreeMap<PathBuf, (u32, i64, Vec<u8>)> {
    let mut all = BTreeMap::new();
    for entry in walkdir::WalkDir::new(top).min_depth(1) {
        let entry = entry.expect("a directory that can be read");
        let (path, file) = (entry.path(), entry.metadata().expect("its metadata"));
        let state = if entry.path_is_symlink() {
            let target = std::fs::read_link(path).expect("a link");
            (0, 0, target.into_os_string().into_encoded_bytes())
        } else if file.is_dir() {
            (file.mode(), 0, Vec::new())
        } else {
            (
                file.mode(),
                if path.to_string_lossy().ends_with("-etc.conf") {
                    0
                } else {
                    file.mtime()
                },
                std::fs::read(path).expect("a file"),
            )
        };
        let place = path.strip_prefix(top).expect("it is below");
        all.insert(place.to_owned(), state);
    }
    all
}

#[test]
fn real_packages_read_their_own_configuration() {
    let stores = stores();
    let mut violations = Vec::new();
    for mode in [Mode::Rewrite, Mode::Link] {
        let store = stores.top.join(mode.name());
        store::copy(&stores.original, &store).unwrap_or_else(|error| panic!("{error}"));
        let results = in_parallel(&stores.packages, |package| {
            let report = relocate(&stores.tool, &store, package, mode);
            let relocated = relocated::Package {
                before: &stores.original.join(&package.directory),
                after: &store.join(&package.directory),
                findings: &report.findings,
                mode,
            };
            let judged = relocated::judge(&relocated, &stores.tools);
            let mut judged = judged.unwrap_or_else(|error| panic!("{}: {error}", package.name));
            judged
                .violations
                .extend(runs_once(&stores.tool, &store, package, mode));
            (report, judged)
        });
        let sum = |count: fn(&Judged) -> usize| -> usize {
            results.iter().map(|(_, judged)| count(judged)).sum()
        };
        println!(
            "{}: {} packages, {} files changed, {} findings; names of files that something reads: \
             {}, of which {} are rewritten or layered, {} linked, {} found",
            mode.name(),
            results.len(),
            results
                .iter()
                .map(|(report, _)| report.summary.files_changed)
                .sum::<usize>(),
            results
                .iter()
                .map(|(report, _)| report.findings.len())
                .sum::<usize>(),
            sum(|judged| judged.named),
            sum(|judged| judged.rewritten),
            sum(|judged| judged.linked),
            sum(|judged| judged.found),
        );
        for (package, (_, judged)) in stores.packages.iter().zip(&results) {
            let name = format!("{}, {}", package.name, mode.name());
            violations.extend(judged.violations.iter().map(|one| format!("{name}: {one}")));
        }
        // Where something is to be done, a killed run must be completed by another.
        let mut busy: Vec<(usize, &Package)> = results
            .iter()
            .map(|(report, _)| report.changes.len())
            .zip(&stores.packages)
            .collect();
        busy.sort_by(|one, other| other.cmp(one));
        busy.truncate(KILLED);
        for failures in in_parallel(&busy, |(_, package)| is_completed(&stores, package, mode)) {
            violations.extend(failures);
        }
    }
    assert!(
        violations.is_empty(),
        "{} violations:\n{}",
        violations.len(),
        violations.join("\n")
    );
}

/// A second run must neither report nor write anything.
fn runs_once(tool: &Path, store: &Path, package: &Package, mode: Mode) -> Vec<String> {
    let output = store.join(&package.directory);
    let before = check::snapshot(&output);
    let again = relocate(tool, store, package, mode);
    let mut wrong = Vec::new();
    if !again.changes.is_empty() {
        wrong.push(format!("a second run reports changes: {:?}", again.changes));
    }
    for (path, state) in check::snapshot(&output) {
        if before.get(&path) != Some(&state) && !path.is_dir() {
            wrong.push(format!("{}: a second run has written it", path.display()));
        }
    }
    wrong
}

/// Kills runs, each a little later, until one gets to its end; what another run makes of each tree must
/// be what one makes that is left alone.
fn is_completed(stores: &Stores, package: &Package, mode: Mode) -> Vec<String> {
    // The tool writes where the store is: each has the same path, one after the other.
    let directory = tempfile::tempdir_in(&stores.top).expect("a directory");
    let store = directory.path().join("store");
    let output = store.join(&package.directory);
    let original = stores.original.join(&package.directory);
    let fresh = || {
        if store.exists() {
            std::fs::remove_dir_all(&store).expect("it can be removed");
        }
        std::fs::create_dir(&store).expect("a directory");
        store::copy(&original, &output).unwrap_or_else(|error| panic!("{error}"));
    };
    fresh();
    let start = Instant::now();
    relocate(&stores.tool, &store, package, mode);
    let whole = start.elapsed();
    let expected = contents(&output);
    let mut wrong = Vec::new();
    for part in 1..=PARTS {
        fresh();
        let (mut command, _arguments) = command(&stores.tool, &store, package, mode);
        let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        let mut child = child.expect("the tool starts");
        std::thread::sleep(whole * part / PARTS);
        // It may have ended by itself.
        let _ = child.kill();
        let _ = child.wait();
        relocate(&stores.tool, &store, package, mode);
        let found = contents(&output);
        let differs = |path: &&PathBuf| expected.get(*path) != found.get(*path);
        let paths = expected.keys().chain(found.keys()).filter(differs);
        let paths: Vec<String> = paths.map(|path| path.display().to_string()).collect();
        if !paths.is_empty() {
            wrong.push(format!(
                "{}, {}: after a run killed at {part}/{PARTS}, a second one gives other: {}",
                package.name,
                mode.name(),
                paths.join(", ")
            ));
        }
    }
    wrong
}
