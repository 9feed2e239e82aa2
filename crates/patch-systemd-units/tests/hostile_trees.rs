//! Trees that are not as they should be: what cannot be done is said in one line, and every file
//! stays whole.

#![allow(clippy::expect_used, reason = "a test that cannot do its work panics")]

mod support;

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::process::Stdio;
use std::time::{Duration, Instant};

use support::Store;
use tool_tests::TEMPORARY_NAME;
use tool_tests::files::set_mode;
use tool_tests::hostile::{self, Rewriting, fifo};
use tool_tests::run::{assert_succeeds, finish, without_privileges};
use tool_tests::snapshot::{assert_same, snapshot};

const UNIT: &[u8] = b"[Service]\nExecStart=/usr/bin/own --data /usr/share/x/data\n";

/// A store in which x.service is to be patched.
fn unit_to_patch() -> Rewriting<Store> {
    let store = Store::new();
    let (file, out) = (store.unit("x.service"), store.out());
    store.write(&file, UNIT);
    let out = out.display();
    Rewriting {
        after: format!("[Service]\nExecStart={out}/bin/own --data {out}/share/x/data\n")
            .into_bytes(),
        store,
        command: Store::command,
        file,
        before: UNIT,
    }
}

#[test]
fn what_holds_for_every_tool() {
    hostile::check(unit_to_patch);
}

#[test]
fn a_directory_that_cannot_be_read() {
    let store = unit_to_patch().store;
    let directory = store.unit("y.service.d");
    store.write(directory.join("x.conf"), UNIT);
    set_mode(&directory, 0o000);
    let parts = ["looking for units", "y.service.d", "Permission denied"];
    store.assert_fails(without_privileges(&mut store.command()), &parts);
    set_mode(&directory, 0o755);
    assert_eq!(store.read(store.unit("x.service")), UNIT);
}

#[test]
fn links_in_circles() {
    let one = unit_to_patch();
    for (target, name) in [
        ("y.service", "z.service"),
        ("z.service", "y.service"),
        (".", "loop.service.d"),
        ("..", "up.target.wants"),
    ] {
        one.store.link(target, one.store.unit(name));
    }
    one.assert_rewrites_only_this();
}

#[test]
fn a_unit_that_is_no_file() {
    let one = unit_to_patch();
    fifo(&one.store.unit("fifo.service"));
    for directory in ["directory.service", "d.service.d/x.conf"] {
        fs::create_dir_all(one.store.unit(directory)).expect("a directory");
    }
    one.assert_rewrites_only_this();
}

#[test]
fn very_long_lines() {
    // systemd refuses lines of 1 MiB.
    const LENGTH: usize = 1_000_000;
    for (before, piece, after) in [
        (&b"ExecStart=/usr/bin/own "[..], &b"a"[..], &b""[..]),
        (b"ExecStart=/usr/bin/own ", b"/usr/share/x/data ", b""),
        (b"ExecStart=/usr/bin/own ", b"a ", b""),
        (b"ExecStart=/usr/bin/own ", b"%i", b""),
        (b"ExecStart=/usr/bin/own ", b"${X", b""),
        (b"ExecStart=/usr/bin/own ", b"\\x20", b""),
        (b"ExecStart=/usr/bin/own ", b"\"\" ", b""),
        (b"ExecStart=/usr/bin/own ", b"; /usr/bin/own ", b""),
        (b"ExecStart=/usr/bin/own ", b"\\\n", b""),
        (b"ExecStart=/usr/bin/own ", b"sh -c ", b""),
        (b"ExecStart=", b"-", b"/usr/bin/own"),
        (b"ExecStart=/bin/sh -c '", b"/usr/bin/own;", b"'"),
        (b"ExecSearchPath=", b"/usr/bin:", b""),
        (b"Environment=", b"A=/usr/share/x/data ", b""),
        (b"", b"[", b""),
    ] {
        let store = Store::new();
        let line = [before, &piece.repeat(LENGTH / piece.len()), after, b"\n"].concat();
        store.write(
            store.unit("x.service"),
            &[b"[Service]\n", &line[..]].concat(),
        );
        let start = Instant::now();
        assert_succeeds(&finish(store.command().arg("--quiet")));
        let elapsed = start.elapsed();
        let what = format!("{}{}…", before.escape_ascii(), piece.escape_ascii());
        assert!(elapsed < Duration::from_secs(20), "{elapsed:?} for {what}");
        println!("{elapsed:?} for {what}");
    }
}

#[test]
fn a_file_that_is_too_large() {
    let one = unit_to_patch();
    let path = one.store.unit("large.service");
    let large = [UNIT, &vec![b'\n'; 16 * 1024 * 1024]].concat();
    one.store.write(path, &large);
    let stderr = one.assert_rewrites_only_this();
    assert!(
        stderr.contains("unread-file") && stderr.contains("large.service"),
        "{stderr}"
    );
}

#[test]
fn bytes_that_are_not_utf_8() {
    let store = unit_to_patch().store;
    let path = store.unit(OsStr::from_bytes(b"\xff\n\xc3.service"));
    let unit = |path: &[u8]| {
        [
            b"[Unit]\nDescription=\xff\xfe\n[Service]\nExecStart=",
            path,
            b"/bin/own \xc3\n",
        ]
        .concat()
    };
    store.write(&path, &unit(b"/usr"));
    assert_succeeds(&finish(&mut store.command()));
    let out = store.out();
    assert_eq!(
        fs::read(&path).expect("the unit"),
        unit(out.as_os_str().as_bytes())
    );
}

#[test]
fn a_directory_that_is_a_link_to_elsewhere() {
    for link in ["lib", "lib/systemd", "lib/systemd/system", "share"] {
        let store = Store::new();
        let outside = store.top().join("outside");
        for place in ["", "system", "systemd/system"] {
            store.write(outside.join(place).join("x.service"), UNIT);
        }
        let linked = store.out().join(link);
        fs::remove_dir_all(&linked).expect("the directory");
        store.link(&outside, &linked);
        let before = (store.snapshot(), snapshot(&outside));
        // Whoever looks into it is refused.
        set_mode(&outside, 0o000);
        let output = finish(without_privileges(&mut store.command()));
        set_mode(&outside, 0o755);
        assert_succeeds(&output);
        assert_succeeds(&finish(&mut store.command()));
        assert_same(&store.snapshot(), &before.0, link);
        assert_same(&snapshot(&outside), &before.1, link);
    }
}

/// Two runs at once: whichever comes first, no unit gets the content of another one.
#[test]
fn two_runs_at_once() {
    let store = Store::new();
    let names: Vec<String> = (0..40).map(|number| format!("x{number}.service")).collect();
    let unit =
        |name: &str| format!("[Unit]\nDescription={name}\n[Service]\nExecStart=/usr/bin/own\n");
    for _ in 0..20 {
        for name in &names {
            store.write(store.unit(name), unit(name).as_bytes());
        }
        let runs: Vec<_> = (0..2)
            .map(|_| {
                let mut command = store.command();
                command.stderr(Stdio::null());
                command.spawn().expect("the tool starts")
            })
            .collect();
        for mut run in runs {
            run.wait().expect("its status");
        }
        for name in &names {
            let expected = unit(name).replace("/usr", &store.out().display().to_string());
            let found = fs::read_to_string(store.unit(name)).expect("the unit");
            assert_eq!(found, expected, "{name}");
        }
        let left = fs::read_dir(store.unit("")).expect("the units").count();
        assert_eq!(left, names.len(), "nothing else is there");
    }
}

#[test]
fn what_a_killed_run_left_is_no_part_of_the_package() {
    let store = Store::new();
    store.write(
        store.unit("x.service"),
        b"[Service]\nExecStart=/usr/bin/mover\n",
    );
    let half = [b"[Service]\nExecStart=", store.bin().as_os_str().as_bytes()].concat();
    store.write(store.unit(TEMPORARY_NAME), &half);
    assert_succeeds(&finish(&mut store.command()));
    let moved = store.bin().join("lib/systemd/system/x.service");
    let unit = fs::read_to_string(&moved).expect("it moves to the program's output");
    assert!(unit.ends_with("/bin/mover\n"), "{unit}");
    assert!(!store.unit(TEMPORARY_NAME).exists());
}
