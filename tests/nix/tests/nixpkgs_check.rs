//! `cargo xtask nixpkgs-check`, with the package set of these tests in place of nixpkgs.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test fails by panicking"
)]

use tests_nix::directory;
use tests_nix::nix::Nix;
use tests_nix::nixpkgs_check::{Rank, Report, Verdict, check};
use tests_nix::packages::Table;

fn report_on(attribute: &str) -> Report {
    let nix = Nix::open().unwrap_or_else(|error| panic!("{error}"));
    let table = Table::read().unwrap_or_else(|error| panic!("{error}"));
    let package = table
        .packages()
        .find(|package| package.attribute == attribute)
        .expect("it is in the list");
    let nixpkgs = directory().join("nixpkgs");
    check(&nix, &nixpkgs, &nix.configuration(), package).unwrap_or_else(|error| panic!("{error}"))
}

/// The files that differ, with their ranks.
fn files(verdict: &Verdict) -> Vec<(String, Rank)> {
    let Verdict::Built(differences) = verdict else {
        panic!("{verdict:?}");
    };
    let files = differences.iter();
    files
        .map(|difference| (difference.file.display().to_string(), difference.rank))
        .collect()
}

#[test]
fn a_path_that_nixpkgs_missed_is_better() {
    let report = report_on("nfs-utils");
    let rule = "lib/udev/rules.d/60-nfs.rules";
    for verdict in [&report.hooked, &report.replaced] {
        assert_eq!(files(verdict), [(rule.to_owned(), Rank::Better)]);
    }
    assert!(report.not_found.is_empty(), "{report:?}");
}

#[test]
fn a_program_that_is_never_run_may_have_any_path() {
    let report = report_on("iwd");
    assert_eq!(report.hooked.rank(), Some(Rank::Equal));
    assert_eq!(report.replaced.rank(), Some(Rank::Equal));
    assert_eq!(files(&report.replaced).len(), 2, "the lines were removed");
}

#[test]
fn lines_that_are_not_there_are_told() {
    let report = report_on("light");
    assert_eq!(
        report.not_found,
        ["postPatch: substituteInPlace 90-backlight.rules \\"]
    );
    assert!(files(&report.replaced).is_empty());
}

#[test]
fn a_program_that_nobody_has_any_more_is_worse() {
    let report = report_on("ydotool");
    assert_eq!(report.hooked.rank(), Some(Rank::Equal));
    let unit = "share/systemd/user/ydotool.service";
    assert_eq!(files(&report.replaced), [(unit.to_owned(), Rank::Worse)]);
}
