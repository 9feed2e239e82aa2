//! The tool killed at random moments: every file is the old one or the new one, and the next run
//! completes the work. `cargo xtask soak` kills many more.

#![allow(
    clippy::redundant_closure_for_method_calls,
    reason = "a method of it would be for one lifetime alone"
)]

mod support;

use std::path::Path;

use support::Store;
use tool_tests::files::set_mode;
use tool_tests::killed::Killed;

const UNITS: usize = 200;

/// Some units are edited where they are, some move to the output that has their program, with their
/// drop-ins and links.
fn lay_out(store: &Store) {
    for index in 0..UNITS {
        let program = match index % 4 {
            0 => "mover",
            _ => "own",
        };
        let padding = "# a comment that takes some place\n".repeat(index % 50);
        let unit = format!(
            "[Unit]\nConditionPathExists=/usr/share/x/data\n{padding}[Service]\n\
             ExecStartPre=/bin/sh -c '/usr/bin/touch x'\nExecStart=-/usr/bin/{program} --unit {index}\n"
        );
        let name = format!("unit-{index:03}.service");
        let path = store.unit(&name);
        store.write(&path, unit.as_bytes());
        let mode = [0o644, 0o444, 0o755, 0o600][index % 4];
        set_mode(&path, mode);
        if index % 20 == 0 {
            let drop_in = store.unit(format!("{name}.d/10-x.conf"));
            store.write(&drop_in, b"[Service]\nNice=5\n");
            store.link(
                format!("../{name}"),
                store.unit(format!("x.target.wants/{name}")),
            );
            store.link(&name, store.unit(format!("alias-{index}.service")));
        }
    }
}

fn attack<T>(store: &Store, test: impl Fn(&Killed<'_>) -> T) -> T {
    test(&Killed {
        name: "patch-systemd-units",
        lay_out: &|| {
            store.reset();
            lay_out(store);
        },
        command: &|| store.command(),
        snapshot: &|| store.snapshot(),
        early: &store.unit("unit-001.service"),
        // Whichever output has it.
        known_by: &|path| sub_path(store, path).to_owned(),
    })
}

#[test]
fn a_killed_run_leaves_whole_files_and_the_next_completes_it() {
    let (old, new) = attack(&Store::new(), |killed| killed.run());
    let moved = new.keys().filter(|path| !old.contains_key(*path)).count();
    assert!(moved > UNITS / 4, "units move: {moved}");
}

#[test]
fn two_runs_at_once_leave_what_one_leaves() {
    attack(&Store::new(), |killed| killed.two_at_once());
}

#[test]
fn a_run_without_room_leaves_whole_files() {
    attack(&Store::new(), |killed| killed.on_a_full_disk());
}

/// The path relative to the output it is in.
fn sub_path<'a>(store: &Store, path: &'a Path) -> &'a Path {
    let outputs = [store.out(), store.bin()];
    let inside = outputs
        .iter()
        .find_map(|output| path.strip_prefix(output).ok());
    inside.unwrap_or(path)
}
