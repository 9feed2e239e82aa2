//! Every install variable of the table is one that a real `.pc` file defines.

#![allow(clippy::expect_used, reason = "a test that cannot do its work panics")]

use std::collections::BTreeSet;
use std::process::Command;

use tests_packages::archive::Archive;
use tests_packages::install_variables::{Variable, defined, rows};
use tests_packages::{pc_package_names, store, tool};

/// The packages that have the modules of the table; all are tried by other tests, too.
const PACKAGES: [&str; 8] = [
    "bash-completion",
    "fish-common",
    "gobject-introspection",
    "libdbus-1-dev",
    "libgio-2.0-dev",
    "libpolkit-gobject-1-dev",
    "systemd-dev",
    "valac",
];

/// What only the next release of Debian has: read in the systemd.pc of systemd 262.
const NEWER: [(&str, &str); 2] = [
    ("systemd", "systemd_initrd_preset_dir"),
    ("systemd", "systemdinitrdpresetdir"),
];

fn defined_in_packages() -> BTreeSet<Variable> {
    let top = tempfile::tempdir().expect("a directory");
    let names = PACKAGES.map(str::to_owned);
    let fetched = Archive::open().and_then(|archive| store::fetch(&archive, &names, top.path()));
    let fetched = fetched.unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(fetched.lacking, [], "all packages are to be had");
    defined(top.path()).unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn every_row_of_the_table_stands_in_a_real_file() {
    let tool = tool::built("rewrite-pkgconfig-prefix").unwrap_or_else(|error| panic!("{error}"));
    let table = Command::new(&tool)
        .args(["consumer", "--list-install-variables"])
        .output()
        .expect("the tool runs");
    let rows = rows(&String::from_utf8_lossy(&table.stdout));
    assert!(rows.len() >= 50, "the tool prints its table: {rows:?}");
    let defined = defined_in_packages();
    let is_newer = |row: &Variable| NEWER.contains(&(&*row.0, &*row.1));
    let missing: Vec<_> = rows.difference(&defined).collect();
    let (newer, missing): (Vec<_>, Vec<_>) = missing.into_iter().partition(|row| is_newer(row));
    assert!(missing.is_empty(), "in no file of Debian's: {missing:?}");
    assert_eq!(
        newer.len(),
        NEWER.len(),
        "no exception is more than is needed"
    );
}

#[test]
fn these_packages_are_tried() {
    let tried = pc_package_names();
    let missing: Vec<_> = PACKAGES
        .iter()
        .filter(|name| !tried.iter().any(|one| one == *name))
        .collect();
    assert!(missing.is_empty(), "not in pc-packages.txt: {missing:?}");
}
