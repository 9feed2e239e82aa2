//! The tool killed at random moments: every file is the old one or the new one, and the next run
//! completes the work. `cargo xtask soak` kills many more.

#![allow(
    clippy::redundant_closure_for_method_calls,
    reason = "a method of it would be for one lifetime alone"
)]

mod support;

use std::path::{Path, PathBuf};

use support::Store;
use tool_tests::files::{set_mode, write};
use tool_tests::killed::Killed;
use tool_tests::snapshot::Snapshot;

const FILES: usize = 200;

/// `.pc` files of different sizes and modes, which all have something to be changed.
fn write_files(place: impl Fn(&str) -> PathBuf) {
    for index in 0..FILES {
        let padding = "# a comment that takes some place\n".repeat(index % 50);
        let text = format!(
            "prefix=/usr\n{padding}libdir=/usr/lib\nunitdir=/usr/lib/udev\n\
             includedir=${{prefix}}/include\nName: x{index}\nLibs: -L${{libdir}} -lx\n"
        );
        let path = place(&format!("x{index:03}.pc"));
        write(&path, text.as_bytes());
        set_mode(&path, [0o644, 0o444, 0o755, 0o600][index % 4]);
    }
}

fn provider<T>(store: &Store, test: impl Fn(&Killed<'_>) -> T) -> T {
    test(&Killed {
        name: "rewrite-pkgconfig-prefix provider",
        lay_out: &|| {
            store.reset();
            write_files(|name| store.pc(name));
        },
        command: &|| store.provide(),
        snapshot: &|| store.snapshot(),
        early: &store.pc("x000.pc"),
        known_by: &Path::to_owned,
    })
}

fn consumer<T>(store: &Store, test: impl Fn(&Killed<'_>) -> T) -> T {
    let command = || {
        let mut command = store.consume();
        for index in 0..FILES {
            command
                .arg("--install-variable")
                .arg(format!("x{index:03}=unitdir"));
        }
        command
    };
    test(&Killed {
        name: "rewrite-pkgconfig-prefix consumer",
        lay_out: &|| {
            store.reset();
            write_files(|name| store.provider_pc(name));
        },
        command: &command,
        snapshot: &|| store.snapshot(),
        early: &store.copies().join("x000.pc"),
        known_by: &Path::to_owned,
    })
}

fn changed((old, new): &(Snapshot, Snapshot)) -> usize {
    let is_other = |path: &&PathBuf| path.is_file() && old.get(*path) != new.get(*path);
    new.keys().filter(is_other).count()
}

#[test]
fn a_killed_provider_leaves_whole_files_and_the_next_run_completes_it() {
    let store = Store::new();
    let trees = provider(&store, |killed| killed.run());
    assert_eq!(changed(&trees), FILES, "all files are rewritten");
}

#[test]
fn a_killed_consumer_leaves_whole_copies_and_the_next_run_completes_it() {
    let store = Store::new();
    let trees = consumer(&store, |killed| killed.run());
    assert_eq!(changed(&trees), FILES, "all files are copied");
}

#[test]
fn two_runs_at_once_leave_what_one_leaves() {
    provider(&Store::new(), |killed| killed.two_at_once());
    consumer(&Store::new(), |killed| killed.two_at_once());
}

#[test]
fn a_run_without_room_leaves_whole_files() {
    provider(&Store::new(), |killed| killed.on_a_full_disk());
    consumer(&Store::new(), |killed| killed.on_a_full_disk());
}
