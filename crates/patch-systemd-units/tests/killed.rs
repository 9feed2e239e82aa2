//! The tool killed at random moments: every file is the old one or the new one, and the next run
//! completes the work. `HERMETIC_OUT_SOAK=1` kills it 1000 times instead of 40.

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

#[test]
fn a_killed_run_leaves_whole_files_and_the_next_completes_it() {
    let store = Store::new();
    let (old, new) = Killed {
        lay_out: &|| {
            store.reset();
            lay_out(&store);
        },
        command: &|| store.command(),
        snapshot: &|| store.snapshot(),
        early: &store.unit("unit-001.service"),
        // Whichever output has it.
        known_by: &|path| sub_path(&store, path).to_owned(),
    }
    .run();
    let moved = new.keys().filter(|path| !old.contains_key(*path)).count();
    assert!(moved > UNITS / 4, "units move: {moved}");
}

/// The path relative to the output it is in.
fn sub_path<'a>(store: &Store, path: &'a Path) -> &'a Path {
    let outputs = [store.out(), store.bin()];
    let inside = outputs
        .iter()
        .find_map(|output| path.strip_prefix(output).ok());
    inside.unwrap_or(path)
}
