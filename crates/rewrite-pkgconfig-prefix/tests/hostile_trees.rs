//! Trees that are not as they should be: what cannot be done is said in one line, and every file
//! stays whole.

#![allow(clippy::expect_used, reason = "a test that cannot do its work panics")]

mod support;

use std::ffi::OsStr;
use std::fmt::Write as _;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::process::Command;

use support::Store;
use tool_tests::TEMPORARY_NAME;
use tool_tests::files::{link, set_mode, write};
use tool_tests::hostile::{self, Rewriting, fifo};
use tool_tests::run::{assert_succeeds, finish, in_shell, without_privileges};
use tool_tests::snapshot::{assert_same, snapshot};

const PC: &[u8] = b"prefix=/usr\nlibdir=/usr/lib\nName: x\nLibs: -L${libdir} -lx\n";
const UDEV: &[u8] = b"udevdir=/usr/lib/udev\nName: udev\nVersion: 1\n";

/// A store in which x.pc is to be rewritten.
fn file_to_rewrite() -> Rewriting<Store> {
    let store = Store::new();
    let out = store.out();
    let out = out.display();
    let text = format!("prefix={out}\nlibdir=${{prefix}}/lib\nName: x\nLibs: -L${{libdir}} -lx\n");
    Rewriting {
        file: store.pc("x.pc"),
        before: PC,
        after: text.into_bytes(),
        store,
        command: Store::provide,
    }
}

#[test]
fn what_holds_for_every_tool() {
    hostile::check(file_to_rewrite);
}

/// What the copy of `UDEV` is.
fn copied(store: &Store) -> Vec<u8> {
    let out = store.out();
    let out = out.display();
    format!("udevdir={out}/lib/udev\nName: udev\nVersion: 1\n").into_bytes()
}

/// The package ships x.pc, and reads udev.pc.
fn with_files() -> Rewriting<Store> {
    let one = file_to_rewrite();
    one.store.write(&one.file, PC);
    one.store.write(one.store.provider_pc("udev.pc"), UDEV);
    one
}

fn assert_both_succeed(store: &Store) {
    for mut command in [store.provide(), store.consume()] {
        assert_succeeds(&finish(&mut command));
    }
}

/// `provider` rewrites x.pc and `consumer` copies udev.pc, and nothing else is changed.
#[track_caller]
fn assert_only_x_and_udev(one: &Rewriting<Store>) {
    one.assert_rewrites_only_this();
    let store = &one.store;
    let others = || {
        let mut others = store.snapshot();
        others.retain(|path, _| !path.starts_with(store.copies()));
        others
    };
    let before = others();
    assert_succeeds(&finish(&mut store.consume()));
    assert_same(&others(), &before, "beside the copies");
    let names: Vec<_> = snapshot(&store.copies()).into_keys().collect();
    assert_eq!(names, [store.copies().join("udev.pc")], "what is copied");
    assert_eq!(store.read(&names[0]), copied(store));
}

#[test]
fn directories_that_cannot_be_written() {
    let one = with_files();
    let store = &one.store;
    // Of a read-only tree, the consumer only wants the files.
    fs::create_dir(store.copies()).expect("a directory");
    set_mode(&store.copies(), 0o555);
    let parts = ["udev.pc", "Permission denied"];
    store.assert_refused(without_privileges(&mut store.consume()), &parts);
    set_mode(&store.copies(), 0o777);
    set_mode(&store.provider_pc(""), 0o555);
    set_mode(&store.provider_pc("udev.pc"), 0o444);
    assert_succeeds(&finish(without_privileges(&mut store.consume())));
    let copy = store.copies().join("udev.pc");
    assert_eq!(fs::read(&copy).expect("the copy"), copied(store));
}

#[test]
fn a_place_for_the_copies_that_cannot_be_made() {
    let one = with_files();
    let store = &one.store;
    write(&store.copies(), b"a file");
    let parts = ["making the directory", "copies", "File exists"];
    store.assert_fails(&mut store.consume(), &parts);
    assert_eq!(fs::read(store.copies()).expect("the file"), b"a file");
    fs::remove_file(store.copies()).expect("the file");
    set_mode(store.top(), 0o555);
    let parts = ["making the directory", "copies", "Permission denied"];
    store.assert_fails(without_privileges(&mut store.consume()), &parts);
    set_mode(store.top(), 0o755);
}

#[test]
fn a_root_that_is_no_directory() {
    let one = with_files();
    let store = &one.store;
    let file = store.pc("x.pc");
    for (root, parts) in [
        (
            Path::new("/missing"),
            ["looking at /missing", "given by --root"],
        ),
        (&file, ["reading --root", "it is not a directory"]),
    ] {
        for mut command in [store.provide(), store.consume()] {
            store.assert_refused(command.arg("--root").arg(root), &parts);
        }
    }
}

#[test]
fn files_that_cannot_be_read() {
    let one = with_files();
    let store = &one.store;
    for path in [store.pc("x.pc"), store.provider_pc("udev.pc")] {
        set_mode(&path, 0o200);
    }
    for (mut command, name) in [(store.provide(), "x.pc"), (store.consume(), "udev.pc")] {
        let parts = ["reading", name, "Permission denied"];
        store.assert_fails(without_privileges(&mut command), &parts);
    }
    for path in [store.pc("x.pc"), store.provider_pc("udev.pc")] {
        set_mode(&path, 0o644);
    }
    assert_only_x_and_udev(&one);
}

#[test]
fn directories_that_cannot_be_read() {
    let one = with_files();
    let store = &one.store;
    for directory in [store.pc(""), store.provider_pc("")] {
        set_mode(&directory, 0o000);
    }
    for mut command in [store.provide(), store.consume()] {
        let parts = ["looking for .pc files", "pkgconfig", "Permission denied"];
        store.assert_fails(without_privileges(&mut command), &parts);
    }
    for directory in [store.pc(""), store.provider_pc("")] {
        set_mode(&directory, 0o755);
    }
    assert_only_x_and_udev(&one);
}

#[test]
fn a_copy_that_may_not_get_as_large() {
    let one = with_files();
    let store = &one.store;
    let padding = b"# a long comment\n".repeat(20_000);
    store.write(store.provider_pc("udev.pc"), &[UDEV, &padding[..]].concat());
    fs::create_dir(store.copies()).expect("a directory");
    // The signal would kill the tool; ignored, it makes writing fail, as a full disk does.
    let mut full = in_shell(&store.consume(), "ulimit -f 64; trap '' XFSZ");
    store.assert_refused(&mut full, &["writing", "udev.pc", "File too large"]);
    // Not ignored, it kills the tool, which leaves no copy.
    let mut killed = in_shell(&store.consume(), "ulimit -f 64; ulimit -c 0");
    assert_eq!(
        finish(&mut killed).status.code(),
        None,
        "killed by a signal"
    );
    let left = snapshot(&store.copies()).into_keys();
    let left: Vec<_> = left
        .filter(|path| !path.ends_with(TEMPORARY_NAME))
        .collect();
    assert!(left.is_empty(), "{left:?}");
    assert_succeeds(&finish(&mut store.consume()));
    assert!(!store.copies().join(TEMPORARY_NAME).exists());
}

#[test]
fn what_is_no_file() {
    let one = with_files();
    let store = &one.store;
    for directory in [store.pc(""), store.provider_pc("")] {
        fifo(&directory.join("systemd.pc"));
        fs::create_dir(directory.join("dbus-1.pc")).expect("a directory");
        link("/dev/zero", &directory.join("fish.pc"));
    }
    assert_only_x_and_udev(&one);
}

#[test]
fn links_in_circles() {
    let one = with_files();
    let store = &one.store;
    for directory in [store.pc(""), store.provider_pc("")] {
        link("systemd.pc", &directory.join("dbus-1.pc"));
        link("dbus-1.pc", &directory.join("systemd.pc"));
        link("gone.pc", &directory.join("fish.pc"));
        link(".", &directory.join("pkgconfig"));
        link("../..", &directory.join("libup"));
    }
    assert_only_x_and_udev(&one);
}

#[test]
fn a_directory_of_search_paths_in_circles_counts_for_nothing() {
    let one = with_files();
    let store = &one.store;
    let circle = store.top().join("circle");
    link("circle", &circle);
    let path = store.provider_pc("").display().to_string();
    let path = format!("{}:/missing:{path}", circle.display());
    let mut command = store.consume();
    assert_succeeds(&finish(command.env("PKG_CONFIG_PATH", path)));
    let copy = store.copies().join("udev.pc");
    assert_eq!(fs::read(&copy).expect("the copy"), copied(store));
}

#[test]
fn directories_of_the_package_that_are_links_to_elsewhere() {
    for linked in ["lib", "lib/pkgconfig"] {
        let store = Store::new();
        let outside = store.top().join("outside");
        for place in ["", "pkgconfig"] {
            write(&outside.join(place).join("x.pc"), PC);
        }
        let path = store.dev().join(linked);
        fs::remove_dir_all(&path).expect("the directory");
        link(&outside, &path);
        let before = (store.snapshot(), snapshot(&outside));
        assert_succeeds(&finish(&mut store.provide()));
        assert_same(&store.snapshot(), &before.0, linked);
        assert_same(&snapshot(&outside), &before.1, linked);
    }
}

#[test]
fn a_link_to_a_file_outside_is_not_written_through() {
    let one = with_files();
    let store = &one.store;
    let outside = store.top().join("outside.pc");
    write(&outside, PC);
    link(&outside, &store.pc("y.pc"));
    assert_only_x_and_udev(&one);
    assert_eq!(fs::read(&outside).expect("the file"), PC);
}

#[test]
fn below_a_root_links_of_search_paths_mean_the_roots() {
    let one = with_files();
    let store = &one.store;
    // On the machine there is no such file; in the root there is.
    write(&store.top().join("root/etc/real.pc"), UDEV);
    link("/etc/real.pc", &store.top().join("root/pkgconfig/udev.pc"));
    // On the machine there is one; in the root there is none.
    let on_machine = store.provider_pc("udev.pc");
    link(&on_machine, &store.top().join("root/pkgconfig/systemd.pc"));
    let mut command = Command::new(store.consume().get_program());
    command
        .args([
            "consumer",
            "--prefix",
            "/store/x",
            "--into",
            "/copies",
            "--store-dir",
            "/store",
        ])
        .arg("--root")
        .arg(store.top().join("root"))
        .env("PKG_CONFIG_PATH", "/pkgconfig");
    assert_succeeds(&finish(&mut command));
    let copies = store.top().join("root/copies");
    let names: Vec<_> = snapshot(&copies).into_keys().collect();
    assert_eq!(names, [copies.join("udev.pc")]);
}

#[test]
fn a_link_in_the_place_of_the_temporary_copy() {
    let one = with_files();
    let store = &one.store;
    let victim = store.top().join("victim");
    store.write(&victim, b"untouched");
    link(&victim, &store.copies().join(TEMPORARY_NAME));
    assert_both_succeed(store);
    assert_eq!(store.read(&victim), b"untouched");
    assert_eq!(store.read(store.copies().join("udev.pc")), copied(store));
}

#[test]
fn broken_bytes() {
    let texts: [&[u8]; 8] = [
        b"\0\0\0",
        b"prefix=/usr\0/lib\nx=${",
        b"\xff\xfe=\xff\nprefix=\xff/usr\n",
        b"x=${x}\nx=${x}${x}\nprefix=${prefix}\n",
        b"=\n:\n= =\n::\n${}\n$\n\\",
        b"udevdir=/usr/lib/udev\0\nprefix=\\\n\\\n\\\n",
        b"udevdir=${udevdir}/lib\r\r\rName\\#x:#\\\n",
        b"\xef\xbb\xbfprefix=/usr\nlibdir=/usr/lib\n",
    ];
    for text in texts {
        let store = Store::new();
        let strange = OsStr::from_bytes(b"\xff\n.pc");
        for name in [OsStr::new("x.pc"), strange] {
            write(&store.pc(name), text);
        }
        write(&store.provider_pc("udev.pc"), text);
        assert_both_succeed(&store);
        let first = store.snapshot();
        assert_both_succeed(&store);
        assert_same(&store.snapshot(), &first, "after a second run");
    }
}

#[test]
fn values_that_would_grow_without_bound() {
    let store = Store::new();
    let mut text = String::from("a0=/usr/lib\n");
    for index in 1..60 {
        let before = index - 1;
        let _ = writeln!(text, "a{index}=${{a{before}}}:${{a{before}}}");
    }
    write(&store.pc("x.pc"), text.as_bytes());
    text += "udevdir=${a59}\n";
    write(&store.provider_pc("udev.pc"), text.as_bytes());
    for mut command in [store.provide(), store.consume()] {
        assert_succeeds(&finish(&mut command));
    }
}

#[test]
fn very_long_lines_and_files() {
    // `finish` fails if a run takes a minute. As long as a line may be, and longer; and many lines.
    for (length, before, piece) in [
        (60_000, &b"x="[..], &b"a"[..]),
        (60_000, b"x=", b"/usr/lib:"),
        (60_000, b"x=", b"/usr/none:"),
        (60_000, b"x=", b"${prefix}"),
        (60_000, b"x=", b"${none}"),
        (60_000, b"x=", b"${"),
        (60_000, b"x=", b"\\\n"),
        (60_000, b"Libs: ", b"-L/usr/lib "),
        (60_000, b"Libs: ", b"-L/usr/none "),
        (60_000, b"Libs: ", b"-L${libdir} "),
        (60_000, b"Cflags: ", b"\\ "),
        (1_000_000, b"Libs: ", b"-L${libdir} "),
        (1_000_000, b"", b"x=/usr/lib\n"),
        (1_000_000, b"", b"x=/usr/none\n"),
        (1_000_000, b"", b"nonsense\n"),
        (1_000_000, b"", b"#"),
    ] {
        let store = Store::new();
        let line = [before, &piece.repeat(length / piece.len()), b"\n"].concat();
        let text = [b"prefix=/usr\nlibdir=/usr/lib\n", &line[..]].concat();
        write(&store.pc("x.pc"), &text);
        write(&store.provider_pc("udev.pc"), &[UDEV, &text[..]].concat());
        assert_both_succeed(&store);
    }
}

#[test]
fn of_many_findings_the_first_are_told_and_the_others_counted() {
    let store = Store::new();
    write(&store.pc("x.pc"), &b"nonsense\n".repeat(250));
    let told = assert_succeeds(&finish(store.provide().arg("--all")));
    assert_eq!(told.matches("note[malformed-line]").count(), 100, "{told}");
    assert!(
        told.contains(", and 150 more findings are in this file"),
        "{told}"
    );
}
