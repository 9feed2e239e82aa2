//! Runs the tool on the case directories, and holds cases, rules and pages together.
#![allow(clippy::unwrap_used, reason = "a test that cannot do its work panics")]

use std::fs;
use std::path::{Path, PathBuf};

use lint_store_path::rules::RULES;

const TOOL: &str = env!("CARGO_BIN_EXE_lint-store-path");

fn project() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn cases_dir() -> PathBuf {
    project().join("tests/cases/lint-store-path")
}

#[test]
fn every_case_gives_what_it_expects() {
    case_runner::run_all(Path::new(TOOL), &cases_dir());
}

#[test]
fn every_case_says_what_it_shows() {
    case_runner::assert_documented(&cases_dir());
}

/// A rule's case has two store paths: the rule says something of the one called `wrong`, and nothing at
/// all is said of its twin called `right`.
#[test]
fn every_rule_has_a_case_with_a_clean_twin() {
    for rule in RULES {
        let name = rule.id();
        let case = cases_dir().join(name);
        let shown = fs::read_to_string(case.join("stdout")).unwrap_or_default();
        assert!(
            shown.contains(&format!("[{name}]")),
            "the case {name} shows it"
        );
        assert!(shown.contains("-wrong"), "{name} says where");
        let places = shown
            .lines()
            .filter(|line| line.trim_start().starts_with("--> "));
        for place in places {
            assert!(
                place.contains("-wrong"),
                "the clean twin of {name} is clean: {place}"
            );
        }
        let arguments = fs::read_to_string(case.join("args")).unwrap_or_default();
        assert!(
            arguments.contains("-right") || arguments.contains("--closure"),
            "{name} has a clean twin"
        );
    }
}
