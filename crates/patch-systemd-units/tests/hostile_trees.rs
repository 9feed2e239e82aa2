//! Trees that are not as they should be: what cannot be done is said in one line, and every file
//! stays whole.

#![allow(clippy::expect_used, reason = "a test that cannot do its work panics")]

mod support;

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, chown};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use rustix::fs::{CWD, FileType, Mode, XattrFlags};
use support::{
    NOBODY, Snapshot, Store, TEMPORARY_NAME, assert_fails, assert_same, assert_succeeds, beside,
    finish, is_root, set_mode, snapshot, without_privileges,
};
use tool_tests::run::in_shell;

const UNIT: &[u8] = b"[Service]\nExecStart=/usr/bin/own --data /usr/share/x/data\n";

/// What `UNIT` becomes.
fn patched(store: &Store) -> Vec<u8> {
    let out = store.out();
    let out = out.display();
    format!("[Service]\nExecStart={out}/bin/own --data {out}/share/x/data\n").into_bytes()
}

fn store_with_unit() -> Store {
    let store = Store::new();
    store.write(&store.unit("x.service"), UNIT);
    store
}

/// The tool fails on the package, saying all of `parts`, and leaves every file as it was.
#[track_caller]
fn assert_refused(store: &Store, command: &mut Command, parts: &[&str]) {
    let before = store.snapshot();
    assert_fails(&finish(command), parts);
    assert_same(&store.snapshot(), &before, "after the failure");
}

/// The tool patches x.service and changes nothing else.
#[track_caller]
fn assert_patches_only_x(store: &Store) -> String {
    let files = |snapshot: Snapshot| -> Snapshot {
        let x = store.unit("x.service");
        snapshot
            .into_iter()
            .filter(|(path, _)| *path != x)
            .collect()
    };
    let before = files(store.snapshot());
    let stderr = assert_succeeds(&finish(&mut store.command()));
    assert_eq!(
        fs::read(store.unit("x.service")).expect("the unit"),
        patched(store)
    );
    assert_same(&files(store.snapshot()), &before, "beside x.service");
    stderr
}

#[test]
fn a_directory_that_cannot_be_written() {
    let store = store_with_unit();
    let directory = store.unit("");
    set_mode(&directory, 0o555);
    let mut command = store.command();
    let parts = [
        "writing the new content of",
        "x.service",
        "Permission denied",
    ];
    assert_refused(&store, without_privileges(&mut command), &parts);
    set_mode(&directory, 0o755);
}

#[test]
fn a_file_that_cannot_be_read() {
    let store = store_with_unit();
    let path = store.unit("secret.service");
    store.write(&path, UNIT);
    set_mode(&path, 0o200);
    let mut command = store.command();
    without_privileges(&mut command);
    // The tests themselves may be unable to read it, too.
    let output = finish(&mut command);
    assert_fails(&output, &["reading", "secret.service", "Permission denied"]);
    set_mode(&path, 0o644);
    for name in ["secret.service", "x.service"] {
        assert_eq!(fs::read(store.unit(name)).expect("the unit"), UNIT);
    }
}

#[test]
fn a_directory_that_cannot_be_read() {
    let store = store_with_unit();
    let directory = store.unit("y.service.d");
    store.write(&directory.join("x.conf"), UNIT);
    set_mode(&directory, 0o000);
    let output = finish(without_privileges(&mut store.command()));
    assert_fails(
        &output,
        &["looking for units", "y.service.d", "Permission denied"],
    );
    set_mode(&directory, 0o755);
    assert_eq!(fs::read(store.unit("x.service")).expect("the unit"), UNIT);
}

#[test]
fn a_file_that_may_not_get_as_large() {
    let store = store_with_unit();
    let large = [UNIT, &b"# a long comment\n".repeat(20_000)].concat();
    store.write(&store.unit("large.service"), &large);
    let before = store.snapshot();
    // The signal would kill the tool; ignored, it makes writing fail, as a full disk does.
    let mut command = in_shell(&store.command(), "ulimit -f 64; trap '' XFSZ");
    let parts = [
        "writing the new content of",
        "large.service",
        "File too large",
    ];
    assert_refused(&store, &mut command, &parts);
    // Not ignored, it kills the tool: the file is whole nevertheless.
    let output = finish(&mut in_shell(&store.command(), "ulimit -f 64; ulimit -c 0"));
    assert_eq!(output.status.code(), None, "killed by a signal");
    let mut after = store.snapshot();
    after.retain(|path, _| path.file_name() != Some(OsStr::new(TEMPORARY_NAME)));
    assert_same(&after, &before, "after the signal");
    assert_succeeds(&finish(&mut store.command()));
    assert!(!beside(&store.unit("x"), TEMPORARY_NAME).exists());
}

#[test]
fn links_in_circles() {
    let store = store_with_unit();
    store.link("y.service", &store.unit("z.service"));
    store.link("z.service", &store.unit("y.service"));
    store.link(".", &store.unit("loop.service.d"));
    store.link("..", &store.unit("up.target.wants"));
    assert_patches_only_x(&store);
}

#[test]
fn a_unit_that_is_no_file() {
    let store = store_with_unit();
    let fifo = store.unit("fifo.service");
    rustix::fs::mknodat(CWD, &fifo, FileType::Fifo, Mode::from_raw_mode(0o644), 0).expect("a FIFO");
    fs::create_dir(store.unit("directory.service")).expect("a directory");
    fs::create_dir(store.unit("d.service.d")).expect("a directory");
    fs::create_dir(store.unit("d.service.d/x.conf")).expect("a directory");
    assert_patches_only_x(&store);
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
            &store.unit("x.service"),
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
    let store = store_with_unit();
    let path = store.unit("large.service");
    store.write(&path, UNIT);
    let file = fs::File::options()
        .write(true)
        .open(&path)
        .expect("the unit");
    file.set_len(16 * 1024 * 1024 + 1).expect("a hole");
    let stderr = assert_patches_only_x(&store);
    assert!(
        stderr.contains("file-too-large") && stderr.contains("large.service"),
        "{stderr}"
    );
}

#[test]
fn bytes_that_are_not_utf_8() {
    let store = store_with_unit();
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
            store.write(&outside.join(place).join("x.service"), UNIT);
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

#[test]
fn what_a_package_ships_under_the_temporary_name_stays() {
    let store = store_with_unit();
    let victim = store.top().join("victim");
    store.write(&victim, b"untouched");
    let directories: [&dyn Fn(&Path); 4] = [
        &|path| store.write(path, b"shipped"),
        &|path| store.write(path, b""),
        &|path| store.link(&victim, path),
        &|path| fs::create_dir(path).expect("a directory"),
    ];
    for (ship, count) in directories.iter().zip(1..) {
        store.write(&store.unit("x.service"), UNIT);
        let path = store.unit(TEMPORARY_NAME);
        ship(&path);
        assert_patches_only_x(&store);
        assert_eq!(fs::read(&victim).expect("the file"), b"untouched");
        // The next is shipped beside it.
        fs::rename(path, store.unit(format!("{count}"))).expect("it is there");
    }
}

#[test]
fn an_output_that_is_a_link() {
    let store = store_with_unit();
    let real = store.directory().join("3123456789abcdfghijklmnpqrsvwxyz-z");
    fs::rename(store.out(), &real).expect("the output");
    store.link(&real, &store.out());
    let parts = ["the output out", "x-1.0, is a link"];
    assert_refused(&store, &mut store.command(), &parts);
}

#[test]
fn one_path_for_two_outputs() {
    let store = store_with_unit();
    let mut command = store.command();
    let other = format!("--output=dev={}/", store.out().display());
    let parts = ["the outputs out and dev have one path", "x-1.0"];
    assert_refused(&store, command.arg(other), &parts);
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
            store.write(&store.unit(name), unit(name).as_bytes());
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
fn a_file_with_two_names() {
    let store = store_with_unit();
    let other = store.out().join("share/x/copy");
    fs::hard_link(store.unit("x.service"), &other).expect("a second name");
    assert_patches_only_x(&store);
    assert_eq!(fs::read(&other).expect("the copy"), UNIT);
}

#[test]
fn owner_mode_times_and_attributes_stay() {
    let store = store_with_unit();
    let path = store.unit("x.service");
    // As many as fit into an inode of ext4, and one that is long.
    let attributes: Vec<(String, Vec<u8>)> = (0..20)
        .map(|number| (format!("user.hermetic-out-{number}"), vec![number; 12]))
        .chain([("user.long".to_owned(), vec![b'x'; 1500])])
        .collect();
    for (name, value) in &attributes {
        rustix::fs::setxattr(&path, &**name, value, XattrFlags::empty())
            .expect("set TMPDIR to a directory whose file system has extended attributes");
    }
    // Only root can give files away; else they are ours, and stay so.
    if is_root() {
        chown(&path, Some(NOBODY), Some(NOBODY)).expect("the owner");
    }
    set_mode(&path, 0o4741);
    let before = path.metadata().expect("the unit");
    assert_patches_only_x(&store);
    let after = path.metadata().expect("the unit");
    let kept = |of: &fs::Metadata| (of.mode(), of.uid(), of.gid(), of.mtime(), of.mtime_nsec());
    assert_eq!(kept(&after), kept(&before));
    assert_ne!(after.ino(), before.ino(), "it is another file");
    for (name, value) in &attributes {
        let mut found = [0; 2000];
        let length = rustix::fs::getxattr(&path, &**name, &mut found[..]).expect("the attribute");
        assert_eq!(&found[..length], value, "{name}");
    }
}

#[test]
fn what_a_killed_run_left_is_no_part_of_the_package() {
    let store = Store::new();
    store.write(
        &store.unit("x.service"),
        b"[Service]\nExecStart=/usr/bin/mover\n",
    );
    let half = [b"[Service]\nExecStart=", store.bin().as_os_str().as_bytes()].concat();
    store.write(&store.unit(TEMPORARY_NAME), &half);
    assert_succeeds(&finish(&mut store.command()));
    let moved = store.bin().join("lib/systemd/system/x.service");
    let unit = fs::read_to_string(&moved).expect("it moves to the program's output");
    assert!(unit.ends_with("/bin/mover\n"), "{unit}");
    assert!(!store.unit(TEMPORARY_NAME).exists());
}
