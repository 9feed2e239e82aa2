//! Trees that are not as they should be: what cannot be done is said in one line, and every file stays
//! whole.

#![allow(clippy::expect_used, reason = "a test that cannot do its work panics")]

mod support;

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;

use support::{SCRIPT, Store};
use tool_tests::files::set_mode;
use tool_tests::hostile::{self, Rewriting, fifo};
use tool_tests::run::{assert_succeeds, finish, without_privileges};
use tool_tests::snapshot::{assert_same, snapshot};

/// A store in which bin/x is to be rewritten.
fn script_to_rewrite() -> Rewriting<Store> {
    let store = Store::new();
    Rewriting {
        file: store.out("bin/x"),
        before: SCRIPT,
        after: store.rewritten(),
        store,
        command: Store::command,
    }
}

#[test]
fn what_holds_for_every_tool() {
    hostile::check(script_to_rewrite);
}

#[test]
fn a_directory_into_which_nothing_can_be_moved() {
    let store = Store::new();
    store.write("usr/etc/y.conf", b"y\n");
    set_mode(&store.out("bin"), 0o777);
    set_mode(&store.out("usr/etc"), 0o777);
    set_mode(&store.out("etc"), 0o555);
    let parts = ["moving", "usr/etc/y.conf", "Permission denied"];
    store.assert_fails(without_privileges(&mut store.command()), &parts);
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
    let parts = ["reading", "secret.conf", "Permission denied"];
    store.assert_fails(without_privileges(&mut store.command()), &parts);
    set_mode(&store.out("etc/secret.conf"), 0o644);
    assert_eq!(store.read("bin/x"), SCRIPT);
}

/// It is not known to be another file than the one that belongs there.
#[test]
fn a_file_that_cannot_be_read_where_another_belongs() {
    let store = Store::new();
    for path in ["usr/etc/twice", "etc/twice"] {
        store.write(path, b"y\n");
    }
    set_mode(&store.out("etc/twice"), 0o200);
    let parts = ["reading", "twice", "Permission denied"];
    store.assert_fails(without_privileges(&mut store.command()), &parts);
    set_mode(&store.out("etc/twice"), 0o644);
    assert!(finish(&mut store.command()).status.success());
}

#[test]
fn a_directory_that_cannot_be_read() {
    for directory in ["etc/deep", "usr/etc/deep", "lib/deep", "var/deep"] {
        let store = Store::new();
        store.write(format!("{directory}/y.conf"), b"y\n");
        set_mode(&store.out(directory), 0o000);
        let parts = ["reading", directory, "Permission denied"];
        store.assert_fails(without_privileges(&mut store.command()), &parts);
        set_mode(&store.out(directory), 0o755);
        assert_eq!(store.read("bin/x"), SCRIPT);
    }
}

#[test]
fn links_in_circles() {
    let one = script_to_rewrite();
    let itself = one.store.out("share/self");
    for (target, path) in [
        ("b", "etc/a"),
        ("a", "etc/b"),
        (".", "etc/loop"),
        ("..", "share/up"),
    ] {
        one.store.link(target, path);
    }
    one.store.link(&itself, &itself);
    one.assert_rewrites_only_this();
}

#[test]
fn what_is_no_file() {
    let one = script_to_rewrite();
    for sub_path in ["etc/fifo.conf", "bin/fifo", "lib/fifo.conf"] {
        fifo(&one.store.out(sub_path));
    }
    fs::create_dir_all(one.store.out("etc/directory.conf")).expect("a directory");
    one.assert_rewrites_only_this();
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
            store.write(path, b"L /etc/y - - - - /etc/x.conf\n");
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
    store.write("bin/other", b"#!/usr/bin/perl\ncopy('/etc/x.conf', $a);\n");
    store.link(&outside, "lib");
    let output = finish(&mut store.command());
    assert_eq!(output.status.code(), Some(2));
    assert!(
        fs::read_dir(&outside).expect("it").next().is_none(),
        "nothing is written there"
    );
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
