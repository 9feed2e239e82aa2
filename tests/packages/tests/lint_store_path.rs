//! lint-store-path on real packages, as they were and after the fixups.
//!
//! `LINT_STORE_PATH`, `PATCH_SYSTEMD_UNITS` and their like name the built tools, which `cargo xtask test`
//! sets; otherwise they are looked for beside the test.
//! `HERMETIC_OUT_PACKAGES=corpus` takes the whole corpus. `HERMETIC_OUT_PACKAGES_IN=DIR` makes the
//! stores DIR/original and DIR/store and leaves them there; the next run takes them as they are.
//! `UPDATE=1` draws the samples of tests/packages/lint-verdicts anew.

#![allow(clippy::expect_used, reason = "a test that cannot do its work panics")]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use tests_packages::archive::Archive;
use tests_packages::store::Package;
use tests_packages::tool::{self, Arguments, Finding};
use tests_packages::{Result, corpus_names, in_parallel, lint, package_names, store, verdicts};

/// Debian moves on: some packages may be gone, but not most.
const ENOUGH: usize = 150;

/// Units hide /tmp and /var, and the stores of this test lie there: nothing is wrong with the packages.
const ABOUT_THE_PLACE: &str = "hidden-store";

/// The fixups, in the order of `hermeticFixupOrder` in hooks/hermetic-fixups.sh.
const FIXUPS: [(&str, &[&str]); 3] = [
    ("relocate-etc-to-out", &[]),
    ("patch-systemd-units", &[]),
    ("rewrite-pkgconfig-prefix", &["provider"]),
];

fn fix_up(store: &Path, packages: &[Package]) -> Result<()> {
    for (name, subcommand) in FIXUPS {
        let tool = tool::built(name)?;
        in_parallel(packages, |package| {
            let arguments = match name {
                "patch-systemd-units" => Arguments::new(store, packages, package)?,
                _ => Arguments::with(store, package, &[], &[])?,
            };
            let mut command = std::process::Command::new(&tool);
            command.args(subcommand).arg(arguments.argument());
            tests_packages::run(&mut command, &format!("fix up {}", package.name))
        })
        .into_iter()
        .collect::<Result<Vec<_>>>()?;
    }
    Ok(())
}

/// What is wrong, and how many findings there are.
fn run() -> Result<(Vec<String>, String)> {
    let lint = tool::built("lint-store-path")?;
    let temporary = tempfile::tempdir().expect("a directory");
    let kept = std::env::var_os("HERMETIC_OUT_PACKAGES_IN").map(PathBuf::from);
    let top = kept.as_deref().unwrap_or(temporary.path());
    std::fs::create_dir_all(top).unwrap_or_else(|error| panic!("{}: {error}", top.display()));
    let top = top.canonicalize().expect("its path");
    let (original, fixed) = (top.join("original"), top.join("store"));
    let names = match std::env::var("HERMETIC_OUT_PACKAGES") {
        Ok(which) if which == "corpus" => corpus_names(),
        _ => package_names(),
    };
    let packages = {
        let archive = Archive::open()?;
        store::fetch(&archive, &names, &original)?.packages
    };
    assert!(
        packages.len() >= ENOUGH,
        "only {} packages were had",
        packages.len()
    );
    if !fixed.exists() {
        store::copy(&original, &fixed)?;
        fix_up(&fixed, &packages)?;
    }

    let paths = |store: &Path| -> Vec<PathBuf> {
        let directories = packages
            .iter()
            .map(|package| store.join(&package.directory));
        directories.collect()
    };
    let mut wrong = Vec::new();
    lint::make_real(&fixed)?;
    let cache = lint::cache(&fixed);
    if cache.exists() {
        // Of a run of another build.
        std::fs::remove_dir_all(&cache).expect("the cache can be removed");
    }
    let closure = ["--closure", "--allow", ABOUT_THE_PLACE];
    let report = lint::report(&lint, &fixed, &paths(&fixed), &closure)?;
    for (again, options) in [
        ("with the cache", &closure[..]),
        (
            "without the cache",
            &[&closure[..], &["--no-cache"]].concat(),
        ),
    ] {
        if lint::report(&lint, &fixed, &paths(&fixed), options)? != report {
            wrong.push(format!("run once more {again}, it says something else"));
        }
    }
    if !cache.join("hermetic-out/facts").is_dir() {
        wrong.push(format!("nothing was kept in {}", cache.display()));
    }
    let after = lint::findings(&report)?;
    let before = lint::findings(&lint::report(
        &lint,
        &original,
        &paths(&original),
        &closure,
    )?)?;
    let table = summary(&before, &after);

    let names = lint::names(&fixed);
    for finding in lint::avoidable(&after, &names) {
        wrong.push(format!(
            "{}:{}: {}: {}",
            finding.file,
            finding.line.unwrap_or(0),
            finding.id,
            finding.message
        ));
    }
    let both = [before, after].concat();
    let drawn = verdicts::draw(&both, &[&original, &fixed]);
    if std::env::var_os("UPDATE").is_some_and(|value| value == "1") {
        verdicts::update(&verdicts::directory(), drawn)?;
    } else {
        let read = verdicts::read(&verdicts::directory())?;
        for (rule, sample) in drawn {
            for severity in sample.of.into_keys() {
                let known = read.get(&rule);
                if !known.is_some_and(|known| known.of.contains_key(&severity)) {
                    wrong.push(format!("no {severity} of {rule} was ever read"));
                }
            }
        }
    }
    Ok((wrong, table))
}

fn summary(before: &[Finding], after: &[Finding]) -> String {
    let mut counts: BTreeMap<(&str, &str), [usize; 2]> = BTreeMap::new();
    for (index, findings) in [before, after].into_iter().enumerate() {
        for finding in findings {
            let rule = (finding.severity.as_str(), finding.id.as_str());
            counts.entry(rule).or_default()[index] += 1;
        }
    }
    let mut table = format!("{:8} {:40} {:>7} {:>7}\n", "", "rule", "before", "after");
    for ((severity, rule), [before, after]) in counts {
        let _ = writeln!(table, "{severity:8} {rule:40} {before:7} {after:7}");
    }
    table
}

#[test]
fn what_is_left_after_the_fixups_is_truly_missing() {
    let (wrong, table) = run().unwrap_or_else(|error| panic!("{error}"));
    println!("{table}");
    assert!(
        wrong.is_empty(),
        "{} faults; UPDATE=1 draws samples anew:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}
