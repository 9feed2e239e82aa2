//! Store paths as nobody makes them: whatever is in them, the tool ends, and says what it could not read.
#![allow(clippy::unwrap_used, reason = "a test that cannot do its work panics")]

use std::fs::{self, File};
use std::io::Write;
use std::os::unix::fs::{FileExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use hermetic_out::Store;
use lint_store_path::progress::Quiet;
use lint_store_path::{Linted, Sources, lint};

const NAME: &str = "0123456789abcdfghijklmnpqrsvwxyz-x";

struct Stage {
    root: tempfile::TempDir,
}

impl Stage {
    fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir_all(root.path().join("nix/store").join(NAME)).unwrap();
        Self { root }
    }

    fn path(&self) -> PathBuf {
        self.root.path().join("nix/store").join(NAME)
    }

    fn lint(&self) -> Linted {
        let store = Store::new("/nix/store", Some(self.root.path().into()));
        let sources = Sources {
            arguments: vec![store.directory.join(NAME)],
            store,
            closure: true,
            cache: None,
            given: Vec::new(),
        };
        lint(sources, &Quiet).unwrap()
    }

    /// The rules that find something, each with the file.
    fn found(&self) -> Vec<(&'static str, String)> {
        let linted = self.lint();
        let found = linted.findings.iter().map(|finding| {
            let file = finding.file.strip_prefix("/nix/store").unwrap();
            let file = file.strip_prefix(NAME).unwrap().display().to_string();
            (finding.kind.id, file)
        });
        found.collect()
    }
}

#[test]
fn a_large_file_that_is_mostly_hole() {
    let stage = Stage::new();
    let file = File::create(stage.path().join("sparse")).unwrap();
    file.set_len(4 << 30).unwrap();
    file.write_all_at(b"/build/source/x\n", 3 << 30).unwrap();
    let elf = File::create(stage.path().join("elf")).unwrap();
    elf.write_all_at(b"\x7fELF\x02\x01\x01", 0).unwrap();
    elf.set_len(4 << 30).unwrap();
    // Where the disk knows no holes, this would take its time.
    let found = stage.found();
    assert!(
        found.contains(&("broken-elf", "elf".into())) || found.is_empty(),
        "{found:?}"
    );
}

#[test]
fn a_text_that_is_too_large() {
    let stage = Stage::new();
    let units = stage.path().join("lib/systemd/system");
    fs::create_dir_all(&units).unwrap();
    File::create(units.join("x.service"))
        .unwrap()
        .set_len(17 << 20)
        .unwrap();
    let expected = ("unread-file", "lib/systemd/system/x.service".to_owned());
    assert_eq!(stage.found(), [expected]);
}

#[test]
fn deep_directories() {
    let stage = Stage::new();
    // Deeper than a path can be written down.
    let mut directory = rustix::fs::open(
        stage.path(),
        rustix::fs::OFlags::DIRECTORY,
        rustix::fs::Mode::empty(),
    )
    .unwrap();
    let name = "d".repeat(200);
    for _ in 0..40 {
        rustix::fs::mkdirat(&directory, &name, rustix::fs::Mode::from_raw_mode(0o755)).unwrap();
        directory = rustix::fs::openat(
            &directory,
            &name,
            rustix::fs::OFlags::DIRECTORY,
            rustix::fs::Mode::empty(),
        )
        .unwrap();
    }
    let found = stage.found();
    assert!(!found.is_empty(), "what is too deep is told");
    assert!(
        found.iter().all(|(rule, _)| *rule == "unread-file"),
        "{found:?}"
    );
}

#[test]
fn links_in_circles() {
    let stage = Stage::new();
    let path = stage.path();
    symlink("two", path.join("one")).unwrap();
    symlink("one", path.join("two")).unwrap();
    symlink(".", path.join("here")).unwrap();
    symlink("here/here/here/one", path.join("three")).unwrap();
    let chain = 100;
    fs::write(path.join("link-0"), "").unwrap();
    for number in 1..chain {
        symlink(
            format!("link-{}", number - 1),
            path.join(format!("link-{number}")),
        )
        .unwrap();
    }
    let found = stage.found();
    for name in ["one", "two", "three"] {
        assert!(
            found.contains(&("dangling-symlink", name.into())),
            "{name}: {found:?}"
        );
    }
    assert!(
        !found
            .iter()
            .any(|(_, file)| file == "here" || file == "link-5"),
        "{found:?}"
    );
}

#[test]
fn a_fifo_is_not_waited_for() {
    let stage = Stage::new();
    let fifo = stage.path().join("fifo");
    let mode = rustix::fs::Mode::from_raw_mode(0o644);
    rustix::fs::mknodat(rustix::fs::CWD, &fifo, rustix::fs::FileType::Fifo, mode, 0).unwrap();
    assert_eq!(stage.found(), [("special-file", "fifo".to_owned())]);
}

/// Root reads everything; a file that is gone is the same to everybody.
#[test]
fn what_cannot_be_read_is_told() {
    let stage = Stage::new();
    let locked = stage.path().join("locked");
    fs::write(&locked, "#!/bin/sh\n").unwrap();
    fs::set_permissions(&locked, fs::Permissions::from_mode(0o0)).unwrap();
    if File::open(&locked).is_ok() {
        fs::remove_file(&locked).unwrap();
        // /proc/self/mem is a regular file that cannot be read from its start; a link would not be
        // followed.
        assert!(stage.found().is_empty());
        return;
    }
    assert_eq!(stage.found(), [("unread-file", "locked".to_owned())]);
}

#[test]
fn any_bytes_anywhere() {
    let stage = Stage::new();
    let files = [
        "bin/x",
        "etc/systemd/system/x.service",
        "lib/binfmt.d/x.conf",
        "lib/environment.d/x.conf",
        "lib/modprobe.d/x.conf",
        "lib/sysusers.d/x.conf",
        "lib/tmpfiles.d/x.conf",
        "lib/udev/rules.d/x.rules",
        "share/applications/x.desktop",
        "share/dbus-1/services/x.service",
        "share/polkit-1/actions/x.policy",
    ];
    let mut random = 1_u64;
    for round in 0..8_usize {
        for file in files {
            let place = stage.path().join(file);
            fs::create_dir_all(place.parent().unwrap()).unwrap();
            let bytes: Vec<u8> = (0..4096_usize * round)
                .map(|_| {
                    random ^= random << 13;
                    random ^= random >> 7;
                    random ^= random << 17;
                    random.to_le_bytes()[0] & if round % 2 == 0 { 0xff } else { 0x7f }
                })
                .collect();
            let start: &[u8] = if round % 3 == 0 {
                b"\x7fELF\x02\x01"
            } else {
                b"#!"
            };
            File::create(&place)
                .and_then(|mut file| file.write_all(&[start, &bytes].concat()))
                .unwrap();
        }
        stage.lint();
    }
}

#[test]
fn a_store_path_that_changes_while_it_is_read() {
    let stage = Stage::new();
    let path = stage.path();
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| change(&path, &stop));
        for _ in 0..50 {
            stage.lint();
        }
        stop.store(true, Ordering::Relaxed);
    });
}

/// Makes and removes files, directories, links and FIFOs under the same names.
fn change(path: &Path, stop: &AtomicBool) {
    let mut round = 0_usize;
    while !stop.load(Ordering::Relaxed) {
        for number in 0..20 {
            let place = path.join(format!("entry-{number}"));
            let _ = fs::remove_file(&place);
            let _ = fs::remove_dir_all(&place);
            let _ = match (round + number) % 5 {
                0 => fs::create_dir_all(place.join("deep/er")),
                1 => fs::write(&place, vec![b'x'; 600_000]),
                2 => symlink("gone", &place),
                3 => {
                    let mode = rustix::fs::Mode::from_raw_mode(0o644);
                    let fifo = rustix::fs::FileType::Fifo;
                    rustix::fs::mknodat(rustix::fs::CWD, &place, fifo, mode, 0).map_err(Into::into)
                }
                _ => File::create(&place).and_then(|file| file.set_len(1 << 20)),
            };
        }
        round += 1;
    }
}
