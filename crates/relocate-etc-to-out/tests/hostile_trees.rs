//! Trees that are not as they should be: what cannot be done is said in one line, and every file stays
//! whole.

#![allow(clippy::expect_used, reason = "a test that cannot do its work panics")]

mod support;

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::process::Command;

use rustix::fs::{CWD, FileType, Mode};
use support::{
    SCRIPT, Store, TEMPORARY_NAME, assert_fails, assert_same, assert_succeeds, finish, set_mode,
    snapshot, without_privileges,
};
use tool_tests::run::in_shell;

/// The tool fails on the package, saying all of `parts`, and leaves every file as it was.
#[track_caller]
fn assert_refused(store: &Store, command: &mut Command, parts: &[&str]) {
    let before = store.snapshot();
    assert_fails(&finish(command), parts);
    assert_same(&store.snapshot(), &before, "after the failure");
}

/// The tool rewrites bin/x and changes nothing else.
#[track_caller]
fn assert_rewrites_only_x(store: &Store) -> String {
    let files = || {
        let mut files = store.snapshot();
        files.remove(&store.out("bin/x"));
        files
    };
    let before = files();
    let stderr = assert_succeeds(&finish(&mut store.command()));
    assert_eq!(store.read("bin/x"), store.rewritten());
    assert_same(&files(), &before, "beside bin/x");
    stderr
}

#[test]
fn a_directory_that_cannot_be_written() {
    let store = Store::new();
    set_mode(&store.out("bin"), 0o555);
    let mut command = store.command();
    let parts = ["writing the new content of", "bin/x", "Permission denied"];
    assert_refused(&store, without_privileges(&mut command), &parts);
    set_mode(&store.out("bin"), 0o755);
}

#[test]
fn a_directory_into_which_nothing_can_be_moved() {
    let store = Store::new();
    store.write("usr/etc/y.conf", b"y\n");
    set_mode(&store.out("bin"), 0o777);
    set_mode(&store.out("usr/etc"), 0o777);
    set_mode(&store.out("etc"), 0o555);
    let mut command = store.command();
    let output = finish(without_privileges(&mut command));
    assert_fails(&output, &["moving", "usr/etc/y.conf", "Permission denied"]);
    set_mode(&store.out("etc"), 0o755);
    assert_eq!(store.read("usr/etc/y.conf"), b"y\n");
    assert_succeeds(&finish(&mut store.command()));
    assert_eq!(store.read("etc/y.conf"), b"y\n");
    assert!(!store.out("usr").exists());
}

#[test]
fn a_file_that_cannot_be_read() {
    let store = Store::new();
    store.write("etc/secret.conf", b"include /etc/x.conf\n");
    set_mode(&store.out("etc/secret.conf"), 0o200);
    let mut command = store.command();
    without_privileges(&mut command);
    // The tests themselves may be unable to read it, too.
    let output = finish(&mut command);
    assert_fails(&output, &["reading", "secret.conf", "Permission denied"]);
    set_mode(&store.out("etc/secret.conf"), 0o644);
    assert_eq!(store.read("bin/x"), SCRIPT);
}

#[test]
fn a_directory_that_cannot_be_read() {
    for directory in ["etc/deep", "usr/etc/deep", "lib/deep", "var/deep"] {
        let store = Store::new();
        store.write(format!("{directory}/y.conf"), b"y\n");
        set_mode(&store.out(directory), 0o000);
        let output = finish(without_privileges(&mut store.command()));
        assert_fails(&output, &["reading", directory, "Permission denied"]);
        set_mode(&store.out(directory), 0o755);
        assert_eq!(store.read("bin/x"), SCRIPT);
    }
}

#[test]
fn a_file_that_may_not_get_as_large() {
    let store = Store::new();
    let large = [SCRIPT, &b"# a long comment\n".repeat(20_000)].concat();
    store.write("bin/large", &large);
    // The signal would kill the tool; ignored, it makes writing fail, as a full disk does.
    let mut command = in_shell(&store.command(), "ulimit -f 64; trap '' XFSZ");
    let parts = ["writing the new content of", "bin/large", "File too large"];
    assert_refused(&store, &mut command, &parts);
    assert_succeeds(&finish(&mut store.command()));
    assert!(!store.out("bin").join(TEMPORARY_NAME).exists());
}

#[test]
fn links_in_circles() {
    let store = Store::new();
    store.link("b", "etc/a");
    store.link("a", "etc/b");
    store.link(".", "etc/loop");
    store.link("..", "share/up");
    store.link(store.out("share/self"), "share/self");
    assert_rewrites_only_x(&store);
}

#[test]
fn what_is_no_file() {
    let store = Store::new();
    for sub_path in ["etc/fifo.conf", "bin/fifo", "lib/fifo.conf"] {
        let fifo = store.out(sub_path);
        fs::create_dir_all(fifo.parent().expect("a parent")).expect("the directory");
        rustix::fs::mknodat(CWD, &fifo, FileType::Fifo, Mode::from_raw_mode(0o644), 0)
            .expect("a FIFO");
    }
    fs::create_dir_all(store.out("etc/directory.conf")).expect("a directory");
    assert_rewrites_only_x(&store);
}

#[test]
fn bytes_that_are_not_utf_8() {
    let store = Store::new();
    let name = OsStr::from_bytes(b"\xff\n\xc3.conf");
    let path = std::path::Path::new("usr/etc").join(name);
    store.write(&path, b"\xff include /etc/x.conf \xc3\n");
    assert_succeeds(&finish(&mut store.command()));
    let out = store.out("etc");
    let expected = [
        b"\xff include ",
        out.as_os_str().as_bytes(),
        b"/x.conf \xc3\n",
    ]
    .concat();
    assert_eq!(store.read(std::path::Path::new("etc").join(name)), expected);
}

#[test]
fn a_directory_that_is_a_link_to_elsewhere() {
    for link in [
        "etc",
        "usr",
        "usr/etc",
        "lib",
        "lib/tmpfiles.d",
        "share",
        "var",
    ] {
        let store = Store::new();
        // Nothing is to be written: somebody else runs the tool.
        store.write("bin/x", b"#!/bin/sh\n");
        let outside = store.top().join("outside");
        for place in ["", "etc", "tmpfiles.d"] {
            let path = outside.join(place).join("y.conf");
            fs::create_dir_all(path.parent().expect("a parent")).expect("the directory");
            fs::write(path, b"L /etc/y - - - - /etc/x.conf\n").expect("the file");
        }
        let linked = store.out(link);
        let _ = fs::remove_dir_all(&linked);
        store.link(&outside, link);
        let before = snapshot(&outside);
        // Whoever looks into it is refused.
        set_mode(&outside, 0o000);
        let output = finish(without_privileges(&mut store.command()));
        set_mode(&outside, 0o755);
        assert_succeeds(&output);
        assert_succeeds(&finish(&mut store.command()));
        assert_same(&snapshot(&outside), &before, link);
        let kept = fs::read_link(&linked).expect("the link");
        assert_eq!(kept, outside, "{link}");
    }
}

#[test]
fn the_directory_for_the_lines_is_a_link_out_of_the_output() {
    let store = Store::new();
    let outside = store.top().join("outside");
    fs::create_dir(&outside).expect("a directory");
    store.write("bin/other", b"#!/usr/bin/perl\nopen F, '/etc/x.conf';\n");
    store.link(&outside, "lib");
    let output = finish(&mut store.command());
    assert_eq!(output.status.code(), Some(2));
    assert!(
        fs::read_dir(&outside).expect("it").next().is_none(),
        "nothing is written there"
    );
}

#[test]
fn a_link_in_the_place_of_the_temporary_file() {
    let store = Store::new();
    let victim = store.top().join("victim");
    fs::write(&victim, b"untouched").expect("the file");
    store.link(&victim, std::path::Path::new("bin").join(TEMPORARY_NAME));
    assert_succeeds(&finish(&mut store.command()));
    assert_eq!(store.read("bin/x"), store.rewritten());
    assert_eq!(fs::read(&victim).expect("the file"), b"untouched");
    let link = store.out("bin").join(TEMPORARY_NAME);
    assert_eq!(fs::read_link(link).expect("it stays"), victim);
}

#[test]
fn very_long_files_of_one_kind() {
    const LENGTH: usize = 1_000_000;
    for (before, piece) in [
        (&b"#!/bin/sh\n"[..], &b"/etc/x.conf "[..]),
        (b"#!/bin/sh\n", b"$(cat /etc/x.conf "),
        (b"#!/bin/sh\n", b"((a "),
        (b"#!/bin/sh\n", b"`/etc/x.conf`"),
        (b"#!/bin/sh\n", b"${a:-/etc/x.conf}"),
        (b"#!/bin/sh\n", b"cat <<E /etc/x.conf\n"),
        (b"#!/bin/sh\n", b"case /etc/x.conf in "),
        (b"#!/usr/bin/python3\n", b"'/etc/x.conf' "),
        (b"#!/usr/bin/perl\n", b"/etc/x.conf\n"),
    ] {
        let store = Store::new();
        let file = [before, &piece.repeat(LENGTH / piece.len())].concat();
        store.write("bin/long", &file);
        let output = finish(store.command().arg("--quiet"));
        assert_succeeds(&output);
    }
}
