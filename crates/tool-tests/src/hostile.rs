//! Trees that are not as they should be, for every tool that rewrites files: what cannot be done is
//! reported in one line, and every file stays whole.

use std::ffi::OsStr;
use std::fs;
use std::ops::Deref;
use std::os::unix::fs::{FileTypeExt, MetadataExt, chown};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::fs::{CWD, FileType, Mode, RenameFlags, XattrFlags};

use scanner_tests::amount;

use crate::TEMPORARY_NAME;
use crate::files::{link, set_mode};
use crate::run::{NOBODY, assert_succeeds, finish, in_shell, is_root, without_privileges};
use crate::snapshot::{Snapshot, assert_same};
use crate::store::Store;

/// A store in which a tool has one file to rewrite and nothing else to do.
pub struct Rewriting<S> {
    /// The store.
    pub store: S,
    /// A run of the tool.
    pub command: fn(&S) -> Command,
    /// The file.
    pub file: PathBuf,
    /// What it holds.
    pub before: &'static [u8],
    /// What it holds afterwards.
    pub after: Vec<u8>,
}

type Test<S> = fn(&Rewriting<S>);

/// Does to a store of `make` all that is done to every tool.
pub fn check<S: Deref<Target = Store>>(make: fn() -> Rewriting<S>) {
    let tests: &[(&str, Test<S>)] = &[
        ("nothing is wrong", |one| {
            one.assert_rewrites_only_this();
        }),
        ("a directory that cannot be written", |one| {
            set_mode(one.directory(), 0o555);
            let parts = [WRITING, one.name(), "Permission denied"];
            one.store
                .assert_refused(without_privileges(&mut one.command()), &parts);
            set_mode(one.directory(), 0o755);
        }),
        ("a file that cannot be read", |one| {
            set_mode(&one.file, 0o200);
            let parts = ["reading", one.name(), "Permission denied"];
            // The tests themselves may be unable to read it, too.
            one.store
                .assert_fails(without_privileges(&mut one.command()), &parts);
            set_mode(&one.file, 0o644);
            assert_eq!(one.store.read(&one.file), one.before);
        }),
        ("a file that may not get as large", a_full_disk),
        ("what a package ships under the temporary name", shipped),
        ("a report that cannot be written", |one| {
            for options in [
                &["--diff"][..],
                &["--format=json"],
                &["--format=sarif"],
                &["--diff", "--dry-run"],
                &["--format=json", "--dry-run"],
            ] {
                let mut command = one.command();
                command.args(options);
                let mut command = in_shell(&command, "exec >/dev/full");
                let parts = ["standard output", "No space left on device"];
                one.store.assert_refused(&mut command, &parts);
            }
            // Nothing can be said of this.
            let before = one.store.snapshot();
            let mut command = in_shell(one.command().arg("--dry-run"), "exec 2>/dev/full");
            assert_eq!(finish(&mut command).status.code(), Some(2));
            assert_same(&one.store.snapshot(), &before, "after a dry run");
            // The summary is not needed.
            let mut command = in_shell(&one.command(), "exec 2>/dev/full");
            assert_eq!(finish(&mut command).status.code(), Some(0));
            assert_eq!(one.store.read(&one.file), one.after);
        }),
        (
            "a file or directory that is something else now and then",
            swapped,
        ),
        ("an output that is a link", |one| {
            let (out, real) = (one.store.at(""), one.store.directory().join("real"));
            fs::rename(&out, &real).expect("the output");
            link(&real, &out);
            let parts = ["the output out", "x-1.0, is a link"];
            one.store.assert_refused(&mut one.command(), &parts);
        }),
        ("one path for two outputs", |one| {
            let mut command = one.command();
            let other = format!("--output=other={}/", one.store.at("").display());
            let parts = ["the outputs out and other have one path", "x-1.0"];
            one.store.assert_refused(command.arg(other), &parts);
        }),
        ("a file with two names", |one| {
            let other = one.store.top().join("copy");
            fs::hard_link(&one.file, &other).expect("a second name");
            one.assert_rewrites_only_this();
            assert_eq!(one.store.read(&other), one.before);
        }),
        ("owner, mode, times and attributes stay", attributes_stay),
    ];
    for (name, test) in tests {
        println!("{name}");
        let one = make();
        one.store.write(&one.file, one.before);
        test(&one);
    }
}

/// Puts something at a path.
type Put<'a> = &'a dyn Fn(&Path);

/// Whenever the file is a FIFO or a link, or its directory a link, the run ends, with or without having found it,
/// and nothing outside is changed.
fn swapped<S: Deref<Target = Store>>(one: &Rewriting<S>) {
    let (top, directory) = (one.store.top(), one.directory());
    let outside = one.store.top().join("outside");
    let victim = outside.join(one.name());
    one.store.write(&victim, one.before);
    let before = crate::snapshot::snapshot(&outside);
    let mut runs = 0;
    let swaps: [(&Path, Put<'_>); 3] = [
        (&one.file, &fifo),
        (&one.file, &|aside| link(&victim, aside)),
        (directory, &|aside| link(&outside, aside)),
    ];
    for (place, put) in swaps {
        let aside = top.join("aside");
        put(&aside);
        let stop = AtomicBool::new(false);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                while !stop.load(Ordering::Relaxed) {
                    let flags = RenameFlags::EXCHANGE;
                    // The tool may be about to replace it.
                    let _ = rustix::fs::renameat_with(CWD, &aside, CWD, place, flags);
                }
            });
            for _ in amount::each(20) {
                let status = finish(&mut one.command()).status.code();
                runs += 1;
                if !matches!(status, Some(0..=2)) {
                    stop.store(true, Ordering::Relaxed);
                    panic!("{status:?}");
                }
            }
            stop.store(true, Ordering::Relaxed);
        });
        let found = crate::snapshot::snapshot(&outside);
        assert_same(&found, &before, "outside of the output");
        // What was swapped is what it was.
        let is_swapped = place
            .symlink_metadata()
            .is_ok_and(|entry| entry.is_symlink() || entry.file_type().is_fifo());
        if is_swapped {
            rustix::fs::renameat_with(CWD, &aside, CWD, place, RenameFlags::EXCHANGE)
                .expect("both are there");
        }
        fs::remove_file(&aside).expect("the FIFO or link");
        one.store.write(&one.file, one.before);
    }
    amount::report(
        format!(
            "files and directories swapped for FIFOs and links, {}",
            one.store.name()
        ),
        format!("{runs} runs"),
        "each ended; nothing outside changed",
    );
}

const WRITING: &str = "writing the new content of";

fn a_full_disk<S: Deref<Target = Store>>(one: &Rewriting<S>) {
    let padding = b"# a long comment\n".repeat(20_000);
    one.store
        .write(&one.file, &[one.before, &padding[..]].concat());
    let before = one.store.snapshot();
    // The signal would kill the tool; ignored, it makes writing fail, as a full disk does.
    let mut command = in_shell(&one.command(), "ulimit -f 64; trap '' XFSZ");
    let parts = [WRITING, one.name(), "File too large"];
    one.store.assert_refused(&mut command, &parts);
    // Not ignored, it kills the tool: the file is whole nevertheless.
    let output = finish(&mut in_shell(&one.command(), "ulimit -f 64; ulimit -c 0"));
    assert_eq!(output.status.code(), None, "killed by a signal");
    let mut after = one.store.snapshot();
    after.retain(|path, _| path.file_name() != Some(OsStr::new(TEMPORARY_NAME)));
    assert_same(&after, &before, "after the signal");
    assert_succeeds(&finish(&mut one.command()));
    assert!(!one.temporary().exists());
    assert_eq!(
        one.store.read(&one.file),
        [&one.after, &padding[..]].concat()
    );
}

fn shipped<S: Deref<Target = Store>>(one: &Rewriting<S>) {
    let victim = one.store.top().join("victim");
    one.store.write(&victim, b"untouched");
    let ways: [&dyn Fn(&Path); 4] = [
        &|path| one.store.write(path, b"shipped"),
        &|path| one.store.write(path, b""),
        &|path| link(&victim, path),
        &|path| fs::create_dir(path).expect("a directory"),
    ];
    for (ship, count) in ways.iter().zip(1..) {
        one.store.write(&one.file, one.before);
        ship(&one.temporary());
        one.assert_rewrites_only_this();
        // The next is shipped beside it.
        let other = one.directory().join(format!("{count}"));
        fs::rename(one.temporary(), other).expect("it is there");
    }
}

fn attributes_stay<S: Deref<Target = Store>>(one: &Rewriting<S>) {
    // As many as fit into an inode of ext4, and one that is long.
    let attributes: Vec<(String, Vec<u8>)> = (0..20)
        .map(|number| (format!("user.hermetic-out-{number}"), vec![number; 12]))
        .chain([("user.long".to_owned(), vec![b'x'; 1500])])
        .collect();
    for (name, value) in &attributes {
        rustix::fs::setxattr(&one.file, &**name, value, XattrFlags::empty())
            .expect("set TMPDIR to a directory whose file system has extended attributes");
    }
    // Only root can give files away; else they are ours, and stay so.
    if is_root() {
        chown(&one.file, Some(NOBODY), Some(NOBODY)).expect("the owner");
    }
    set_mode(&one.file, 0o4741);
    let before = one.file.metadata().expect("the file");
    one.assert_rewrites_only_this();
    let after = one.file.metadata().expect("the file");
    let kept = |of: &fs::Metadata| (of.mode(), of.uid(), of.gid(), of.mtime(), of.mtime_nsec());
    assert_eq!(kept(&after), kept(&before));
    assert_ne!(after.ino(), before.ino(), "it is another file");
    for (name, value) in &attributes {
        let mut found = [0; 2000];
        let length =
            rustix::fs::getxattr(&one.file, &**name, &mut found[..]).expect("the attribute");
        assert_eq!(&found[..length], value, "{name}");
    }
}

impl<S: Deref<Target = Store>> Rewriting<S> {
    /// A run of the tool.
    pub fn command(&self) -> Command {
        (self.command)(&self.store)
    }

    /// The tool rewrites the file and changes nothing else; what it says.
    #[track_caller]
    pub fn assert_rewrites_only_this(&self) -> String {
        let others = || -> Snapshot {
            let mut others = self.store.snapshot();
            others.remove(&self.file);
            others
        };
        let before = others();
        let stderr = assert_succeeds(&finish(&mut self.command()));
        assert_eq!(self.store.read(&self.file), self.after);
        assert_same(&others(), &before, "beside the file");
        stderr
    }

    fn directory(&self) -> &Path {
        self.file.parent().expect("a parent")
    }

    fn name(&self) -> &str {
        let name = self.file.file_name().and_then(OsStr::to_str);
        name.expect("a plain name")
    }

    fn temporary(&self) -> PathBuf {
        self.directory().join(TEMPORARY_NAME)
    }
}

/// Makes a FIFO, with the directories above it.
pub fn fifo(path: &Path) {
    fs::create_dir_all(path.parent().expect("a parent")).expect("the directory");
    rustix::fs::mknodat(CWD, path, FileType::Fifo, Mode::from_raw_mode(0o644), 0).expect("a FIFO");
}
