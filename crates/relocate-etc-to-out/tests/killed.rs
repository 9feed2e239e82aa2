//! The tool killed at random moments: every file is the old one or the new one, none is lost, and the next
//! run completes the work. `cargo xtask soak` kills many more.

#![allow(
    clippy::redundant_closure_for_method_calls,
    reason = "a method of it would be for one lifetime alone"
)]
#![allow(clippy::expect_used, reason = "a test that cannot do its work panics")]

mod support;

use std::path::{Path, PathBuf};

use support::Store;
use tool_tests::killed::Killed;

const FILES: usize = 60;

/// Of everything that the tool does: files that move, with a symlink and without, or are there twice;
/// symlinks that move or lead to what moves; texts that change, and move as well; what is linked; and empty
/// directories.
fn lay_out(store: &Store) {
    for index in 0..FILES {
        let padding = "# a comment that takes some place\n".repeat(index % 30);
        let name = format!("{index:02}");
        let text = format!("{padding}include /etc/x.conf\ninclude /etc/links/{name}\n");
        match index % 6 {
            0 => store.write(format!("usr/etc/gathered/{name}"), text.as_bytes()),
            1 => store.write(format!("etc/sysctl.d/{name}.conf"), text.as_bytes()),
            2 => {
                let unit = format!(
                    "[Service]\n{padding}EnvironmentFile=/etc/default/{name}\nExecStart=/bin/x /etc/x.conf\n"
                );
                store.write(format!("etc/default/{name}"), b"A=1\n");
                store.write(
                    format!("etc/systemd/system/{name}.service"),
                    unit.as_bytes(),
                );
            }
            3 => {
                store.write(format!("usr/etc/double/{name}"), text.as_bytes());
                store.write(format!("etc/double/{name}"), text.as_bytes());
            }
            4 => {
                store.write(format!("usr/etc/links/{name}"), b"a\n");
                store.link(
                    format!("../links/{name}"),
                    format!("usr/etc/to-links/{name}"),
                );
                let target = format!("../../../usr/etc/links/{name}");
                store.link(target, format!("share/x/links/{name}"));
                let script =
                    format!("#!/bin/sh\n{padding}cat /etc/x.conf <<E\n/etc/links/{name}\nE\n");
                store.write(format!("bin/script-{name}"), script.as_bytes());
            }
            _ => {
                store.write(
                    format!("usr/etc/modprobe.d/{name}.conf"),
                    b"options a b=1\n",
                );
                let empty = store.out(format!("var/lib/{name}/deep"));
                std::fs::create_dir_all(empty).expect("an empty directory");
            }
        }
    }
}

/// The path where a file belongs, whatever place it has been found at.
fn belongs(store: &Store, path: &Path) -> PathBuf {
    let Ok(inside) = path.strip_prefix(store.out("")) else {
        return path.to_owned();
    };
    for (from, to) in [
        ("usr/etc", "etc"),
        ("usr", "etc"),
        ("lib/modprobe.d", "etc/modprobe.d"),
        ("lib/sysctl.d", "etc/sysctl.d"),
        ("lib/systemd", "etc/systemd"),
        ("lib", "etc"),
        // Empty directories go.
        ("var", "etc"),
    ] {
        if let Ok(rest) = inside.strip_prefix(from) {
            let empty = from == "var";
            let place = if empty || rest.as_os_str().is_empty() {
                PathBuf::from(to)
            } else {
                Path::new(to).join(rest)
            };
            return if place.starts_with("etc/systemd") && place.extension().is_none() {
                PathBuf::from("etc")
            } else {
                place
            };
        }
    }
    if inside.starts_with("etc/systemd") && inside.extension().is_none() {
        PathBuf::from("etc")
    } else {
        inside.to_owned()
    }
}

fn attack<T>(store: &Store, test: impl Fn(&Killed<'_>) -> T) -> T {
    test(&Killed {
        name: "relocate-etc-to-out",
        lay_out: &|| {
            store.reset();
            lay_out(store);
        },
        command: &|| store.command(),
        snapshot: &|| store.snapshot(),
        early: &store.out("bin/script-04"),
        known_by: &|path| belongs(store, path),
    })
}

#[test]
fn a_killed_run_leaves_whole_files_and_the_next_completes_it() {
    let store = Store::new();
    let (old, new) = attack(&store, |killed| killed.run());
    let moved = new.keys().filter(|path| !old.contains_key(*path)).count();
    assert!(moved > FILES / 2, "files move: {moved}");
    assert!(!store.out("usr").exists() && !store.out("var").exists());
}

#[test]
fn two_runs_at_once_leave_what_one_leaves() {
    attack(&Store::new(), |killed| killed.two_at_once());
}

#[test]
fn a_run_without_room_leaves_whole_files() {
    attack(&Store::new(), |killed| killed.on_a_full_disk());
}
