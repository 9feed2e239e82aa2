//! The table of unit directives holds every one that Debian's systemd reads.

#![allow(clippy::expect_used, reason = "a test that cannot do its work panics")]

use std::collections::BTreeSet;
use std::path::Path;

use tests_packages::archive::Archive;
use tests_packages::store;
use tests_packages::unit_directives::{Directive, known_by, rows};
use walkdir::WalkDir;

const TABLE: &str = include_str!("../../../crates/formats/data/unit-directives.txt");

/// The programs that read units and network files, the packages that have them, and the kinds of
/// files that each reads.
const READERS: [(&str, &[&str]); 3] = [
    ("libsystemd-core-", &["unit"]),
    ("systemd-networkd", &["network", "netdev"]),
    ("udevadm", &["link"]),
];
const PACKAGES: [&str; 3] = ["libsystemd-shared", "systemd", "udev"];

/// Names in the same tables that are no directives of files: of D-Bus, of other programs' settings.
fn is_directive((section, _): &Directive, kinds: &[&str]) -> bool {
    let known = rows(TABLE, kinds);
    known.iter().any(|(known, _)| known == section)
}

#[test]
fn every_directive_of_debians_systemd_is_in_the_table() {
    let top = tempfile::tempdir().expect("a directory");
    let names = PACKAGES.map(str::to_owned);
    let fetched = Archive::open().and_then(|archive| store::fetch(&archive, &names, top.path()));
    let fetched = fetched.unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(fetched.lacking, [], "all packages are to be had");
    for (reader, kinds) in READERS {
        let program = program(top.path(), reader);
        let known = known_by(&program).unwrap_or_else(|error| panic!("{error}"));
        let known: BTreeSet<Directive> = known
            .into_iter()
            .filter(|directive| is_directive(directive, kinds))
            .collect();
        assert!(known.len() > 50, "{reader} has its table: {known:?}");
        let in_table = rows(TABLE, kinds);
        let missing: Vec<_> = known.difference(&in_table).collect();
        assert!(
            missing.is_empty(),
            "{reader} reads what is not in the table: {missing:?}"
        );
    }
}

/// The program whose file name begins so.
fn program(top: &Path, name: &str) -> std::path::PathBuf {
    let files = WalkDir::new(top).sort_by_file_name().into_iter().flatten();
    let mut programs = files.filter(|entry| {
        let is_elf = || {
            let content = std::fs::read(entry.path()).unwrap_or_default();
            content.starts_with(b"\x7fELF")
        };
        entry.file_type().is_file()
            && entry.file_name().to_string_lossy().starts_with(name)
            && is_elf()
    });
    let program = programs.next();
    program
        .unwrap_or_else(|| panic!("no package has {name}"))
        .into_path()
}
