//! The tool killed at random moments: every file is the old one or the new one, and the next run
//! completes the work. `HERMETIC_OUT_SOAK=1` kills it 1000 times instead of 40.

mod support;

use std::path::{Path, PathBuf};
use std::process::Command;

use support::Store;
use tool_tests::files::{set_mode, write};
use tool_tests::killed::Killed;

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

fn kill(store: &Store, lay_out: &dyn Fn(), command: &dyn Fn() -> Command, early: &Path) -> usize {
    let (old, new) = Killed {
        lay_out,
        command,
        snapshot: &|| store.snapshot(),
        early,
        known_by: &Path::to_owned,
    }
    .run();
    let is_other = |path: &&PathBuf| path.is_file() && old.get(*path) != new.get(*path);
    new.keys().filter(is_other).count()
}

#[test]
fn a_killed_provider_leaves_whole_files_and_the_next_run_completes_it() {
    let store = Store::new();
    let lay_out = || {
        store.reset();
        write_files(|name| store.pc(name));
    };
    let changed = kill(&store, &lay_out, &|| store.provide(), &store.pc("x000.pc"));
    assert_eq!(changed, FILES, "all files are rewritten");
}

#[test]
fn a_killed_consumer_leaves_whole_copies_and_the_next_run_completes_it() {
    let store = Store::new();
    let lay_out = || {
        store.reset();
        write_files(|name| store.provider_pc(name));
    };
    let command = || {
        let mut command = store.consume();
        for index in 0..FILES {
            command
                .arg("--install-variable")
                .arg(format!("x{index:03}=unitdir"));
        }
        command
    };
    let early = store.copies().join("x000.pc");
    let copies = kill(&store, &lay_out, &command, &early);
    assert_eq!(copies, FILES, "all files are copied");
}
