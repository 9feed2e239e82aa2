//! Trees that are not as they should be: what cannot be done is said in one line, and every file
//! stays whole.

#![allow(clippy::expect_used, reason = "a test that cannot do its work panics")]

mod support;

use std::ffi::OsStr;
use std::fmt::Write as _;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::process::Command;

use rustix::fs::{CWD, FileType, Mode};
use support::{Store, assert_fails};
use tool_tests::TEMPORARY_NAME;
use tool_tests::files::{link, set_mode, write};
use tool_tests::run::{assert_succeeds, finish, in_shell, without_privileges};
use tool_tests::snapshot::{Snapshot, assert_same, snapshot};

const PC: &[u8] = b"prefix=/usr\nlibdir=/usr/lib\nName: x\nLibs: -L${libdir} -lx\n";
const UDEV: &[u8] = b"udevdir=/usr/lib/udev\nName: udev\nVersion: 1\n";

/// What `PC` becomes.
fn rewritten(store: &Store) -> Vec<u8> {
    let out = store.out();
    let out = out.display();
    let text = format!("prefix={out}\nlibdir=${{prefix}}/lib\nName: x\nLibs: -L${{libdir}} -lx\n");
    text.into_bytes()
}

/// What the copy of `UDEV` is.
fn copied(store: &Store) -> Vec<u8> {
    let out = store.out();
    let out = out.display();
    format!("udevdir={out}/lib/udev\nName: udev\nVersion: 1\n").into_bytes()
}

/// The package ships x.pc, and reads udev.pc.
fn store_with_files() -> Store {
    let store = Store::new();
    write(&store.pc("x.pc"), PC);
    write(&store.provider_pc("udev.pc"), UDEV);
    store
}

fn fifo(path: &Path) {
    rustix::fs::mknodat(CWD, path, FileType::Fifo, Mode::from_raw_mode(0o644), 0).expect("a FIFO");
}

/// The tool fails, saying all of `parts`, and leaves every file as it was.
#[track_caller]
fn assert_refused(store: &Store, command: &mut Command, parts: &[&str]) {
    let before = store.snapshot();
    assert_fails(&finish(command), parts);
    assert_same(&store.snapshot(), &before, "after the failure");
}

/// `provider` rewrites x.pc and `consumer` copies udev.pc, and nothing else is changed.
#[track_caller]
fn assert_only_x_and_udev(store: &Store) -> String {
    let (x, copies) = (store.pc("x.pc"), store.copies());
    let others = |all: Snapshot| -> Snapshot {
        let is_other = |path: &Path| path != x && !path.starts_with(&copies);
        all.into_iter().filter(|(path, _)| is_other(path)).collect()
    };
    let before = others(snapshot(store.top()));
    // The copy of the tool is none of its files.
    let told = [store.provide(), store.consume()]
        .iter_mut()
        .map(|command| assert_succeeds(&finish(command)))
        .collect::<String>();
    assert_eq!(fs::read(&x).expect("x.pc"), rewritten(store));
    let mut after = others(snapshot(store.top()));
    after.retain(|path, _| {
        before.contains_key(path) || path.file_name() != Some(OsStr::new("tool"))
    });
    assert_same(&after, &before, "beside x.pc and the copies");
    let names: Vec<_> = snapshot(&copies).into_keys().collect();
    assert_eq!(names, [copies.join("udev.pc")], "what is copied");
    assert_eq!(fs::read(&names[0]).expect("the copy"), copied(store));
    told
}

#[test]
fn directories_that_cannot_be_written() {
    let store = store_with_files();
    let directory = store.pc("");
    set_mode(&directory, 0o555);
    let parts = ["writing the new content of", "x.pc", "Permission denied"];
    assert_refused(&store, without_privileges(&mut store.provide()), &parts);
    set_mode(&directory, 0o755);

    // Of a read-only tree, the consumer only wants the files.
    fs::create_dir(store.copies()).expect("a directory");
    set_mode(&store.copies(), 0o555);
    let parts = ["udev.pc", "Permission denied"];
    assert_refused(&store, without_privileges(&mut store.consume()), &parts);
    set_mode(&store.copies(), 0o777);
    set_mode(&store.provider_pc(""), 0o555);
    set_mode(&store.provider_pc("udev.pc"), 0o444);
    assert_succeeds(&finish(without_privileges(&mut store.consume())));
    let copy = store.copies().join("udev.pc");
    assert_eq!(fs::read(&copy).expect("the copy"), copied(&store));
}

#[test]
fn a_place_for_the_copies_that_cannot_be_made() {
    let store = store_with_files();
    write(&store.copies(), b"a file");
    let parts = ["making the directory", "copies", "File exists"];
    assert_fails(&finish(&mut store.consume()), &parts);
    assert_eq!(fs::read(store.copies()).expect("the file"), b"a file");
    fs::remove_file(store.copies()).expect("the file");
    set_mode(store.top(), 0o555);
    let mut command = store.consume();
    let output = finish(without_privileges(&mut command));
    set_mode(store.top(), 0o755);
    let parts = ["making the directory", "copies", "Permission denied"];
    assert_fails(&output, &parts);
}

#[test]
fn a_root_that_is_no_directory() {
    let store = store_with_files();
    let file = store.pc("x.pc");
    for (root, parts) in [
        (
            Path::new("/missing"),
            ["looking at /missing", "given by --root"],
        ),
        (&file, ["reading --root", "it is not a directory"]),
    ] {
        for mut command in [store.provide(), store.consume()] {
            assert_refused(&store, command.arg("--root").arg(root), &parts);
        }
    }
}

#[test]
fn files_that_cannot_be_read() {
    let store = store_with_files();
    for path in [store.pc("x.pc"), store.provider_pc("udev.pc")] {
        set_mode(&path, 0o200);
    }
    for (mut command, name) in [(store.provide(), "x.pc"), (store.consume(), "udev.pc")] {
        let output = finish(without_privileges(&mut command));
        assert_fails(&output, &["reading", name, "Permission denied"]);
    }
    for path in [store.pc("x.pc"), store.provider_pc("udev.pc")] {
        set_mode(&path, 0o644);
    }
    assert_only_x_and_udev(&store);
}

#[test]
fn directories_that_cannot_be_read() {
    let store = store_with_files();
    for directory in [store.pc(""), store.provider_pc("")] {
        set_mode(&directory, 0o000);
    }
    for mut command in [store.provide(), store.consume()] {
        let output = finish(without_privileges(&mut command));
        let parts = ["looking for .pc files", "pkgconfig", "Permission denied"];
        assert_fails(&output, &parts);
    }
    for directory in [store.pc(""), store.provider_pc("")] {
        set_mode(&directory, 0o755);
    }
    assert_only_x_and_udev(&store);
}

#[test]
fn files_that_may_not_get_as_large() {
    let store = store_with_files();
    let padding = b"# a long comment\n".repeat(20_000);
    write(&store.pc("x.pc"), &[PC, &padding[..]].concat());
    write(
        &store.provider_pc("udev.pc"),
        &[UDEV, &padding[..]].concat(),
    );
    fs::create_dir(store.copies()).expect("a directory");
    let before = store.snapshot();
    for (command, parts) in [
        (store.provide(), ["writing the new content of", "x.pc"]),
        (store.consume(), ["writing", "udev.pc"]),
    ] {
        // The signal would kill the tool; ignored, it makes writing fail, as a full disk does.
        let mut full = in_shell(&command, "ulimit -f 64; trap '' XFSZ");
        let parts = [parts[0], parts[1], "File too large"];
        assert_refused(&store, &mut full, &parts);
        // Not ignored, it kills the tool: what there is is whole nevertheless.
        let output = finish(&mut in_shell(&command, "ulimit -f 64; ulimit -c 0"));
        assert_eq!(output.status.code(), None, "killed by a signal");
        let mut after = store.snapshot();
        after.retain(|path, _| path.file_name() != Some(OsStr::new(TEMPORARY_NAME)));
        assert_same(&after, &before, "after the signal");
    }
    for mut command in [store.provide(), store.consume()] {
        assert_succeeds(&finish(&mut command));
    }
    let left = |path: &Path| path.file_name() == Some(OsStr::new(TEMPORARY_NAME));
    assert!(!store.snapshot().keys().any(|path| left(path)));
}

#[test]
fn what_is_no_file() {
    let store = store_with_files();
    for directory in [store.pc(""), store.provider_pc("")] {
        fifo(&directory.join("systemd.pc"));
        fs::create_dir(directory.join("dbus-1.pc")).expect("a directory");
        link("/dev/zero", &directory.join("fish.pc"));
    }
    assert_only_x_and_udev(&store);
}

#[test]
fn links_in_circles() {
    let store = store_with_files();
    for directory in [store.pc(""), store.provider_pc("")] {
        link("systemd.pc", &directory.join("dbus-1.pc"));
        link("dbus-1.pc", &directory.join("systemd.pc"));
        link("gone.pc", &directory.join("fish.pc"));
        link(".", &directory.join("pkgconfig"));
        link("../..", &directory.join("libup"));
    }
    assert_only_x_and_udev(&store);
}

#[test]
fn a_directory_of_search_paths_in_circles_counts_for_nothing() {
    let store = store_with_files();
    let circle = store.top().join("circle");
    link("circle", &circle);
    let path = store.provider_pc("").display().to_string();
    let path = format!("{}:/missing:{path}", circle.display());
    let mut command = store.consume();
    assert_succeeds(&finish(command.env("PKG_CONFIG_PATH", path)));
    let copy = store.copies().join("udev.pc");
    assert_eq!(fs::read(&copy).expect("the copy"), copied(&store));
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
    let store = store_with_files();
    let outside = store.top().join("outside.pc");
    write(&outside, PC);
    link(&outside, &store.pc("y.pc"));
    assert_only_x_and_udev(&store);
    assert_eq!(fs::read(&outside).expect("the file"), PC);
}

#[test]
fn below_a_root_links_of_search_paths_mean_the_roots() {
    let store = store_with_files();
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
fn a_link_or_a_directory_in_the_place_of_the_temporary_file() {
    let store = store_with_files();
    let victim = store.top().join("victim");
    write(&victim, b"untouched");
    fs::create_dir(store.copies()).expect("a directory");
    for directory in [store.pc(""), store.copies()] {
        link(&victim, &directory.join(TEMPORARY_NAME));
    }
    for mut command in [store.provide(), store.consume()] {
        assert_succeeds(&finish(&mut command));
    }
    assert_eq!(fs::read(&victim).expect("the file"), b"untouched");
    assert_eq!(fs::read(store.pc("x.pc")).expect("x.pc"), rewritten(&store));

    write(&store.pc("x.pc"), PC);
    fs::remove_file(store.pc(TEMPORARY_NAME)).expect("the link stays");
    fs::create_dir(store.pc(TEMPORARY_NAME)).expect("a directory");
    assert_succeeds(&finish(&mut store.provide()));
    assert_eq!(fs::read(store.pc("x.pc")).expect("x.pc"), rewritten(&store));
    assert!(store.pc(TEMPORARY_NAME).is_dir(), "it stays");
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
        for mut command in [store.provide(), store.consume()] {
            assert_succeeds(&finish(&mut command));
        }
        let first = store.snapshot();
        for mut command in [store.provide(), store.consume()] {
            assert_succeeds(&finish(&mut command));
        }
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
        for mut command in [store.provide(), store.consume()] {
            assert_succeeds(&finish(&mut command));
        }
    }
}

#[test]
fn of_many_findings_the_first_are_told_and_the_others_counted() {
    let store = Store::new();
    write(&store.pc("x.pc"), &b"nonsense\n".repeat(250));
    let told = assert_succeeds(&finish(&mut store.provide()));
    assert_eq!(told.matches("note[pc-no-statement]").count(), 100, "{told}");
    assert!(
        told.contains(", and 150 more are found in this file"),
        "{told}"
    );
}

#[test]
fn a_file_with_two_names() {
    let store = store_with_files();
    let other = store.out().join("share/x/copy");
    fs::hard_link(store.pc("x.pc"), &other).expect("a second name");
    assert_only_x_and_udev(&store);
    assert_eq!(fs::read(&other).expect("the copy"), PC);
}

#[test]
fn mode_and_times_stay() {
    let store = store_with_files();
    let path = store.pc("x.pc");
    set_mode(&path, 0o4741);
    let before = path.metadata().expect("x.pc");
    assert_only_x_and_udev(&store);
    let after = path.metadata().expect("x.pc");
    let kept = |of: &fs::Metadata| (of.mode(), of.uid(), of.gid(), of.mtime(), of.mtime_nsec());
    assert_eq!(kept(&after), kept(&before));
    assert_ne!(after.ino(), before.ino(), "it is another file");
}
