#![no_main]

//! The first byte says which file of a store path the others are: every scanner through the lint.

use std::fs;

use lint_store_path::progress::Quiet;
use hermetic_out::Store;
use lint_store_path::{Sources, lint};

const FILES: &[&str] = &[
    "bin/x",
    "etc/nsswitch.conf",
    "etc/pam.d/x",
    "etc/systemd/system/x.service",
    "etc/x",
    "lib/binfmt.d/x.conf",
    "lib/environment.d/x.conf",
    "lib/modprobe.d/x.conf",
    "lib/pkgconfig/x.pc",
    "lib/systemd/system-generators/x",
    "lib/systemd/system/x.mount",
    "lib/systemd/system/x.service.d/y.conf",
    "lib/systemd/system/x.socket",
    "lib/systemd/system/x.timer",
    "lib/sysusers.d/x.conf",
    "lib/tmpfiles.d/x.conf",
    "lib/udev/rules.d/x.rules",
    "share/applications/x.desktop",
    "share/dbus-1/services/x.service",
    "share/polkit-1/actions/x.policy",
    "share/polkit-1/rules.d/x.rules",
];

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let Some((which, content)) = bytes.split_first() else {
        return;
    };
    let root = tempfile::tempdir().expect("a directory to work in");
    let store = Store::new("/nix/store", Some(root.path().into()));
    let path = store.directory.join("0123456789abcdfghijklmnpqrsvwxyz-x");
    let file = store
        .real_path(&path)
        .join(FILES[usize::from(*which) % FILES.len()]);
    fs::create_dir_all(file.parent().expect("it has one")).expect("it can be made");
    fs::write(&file, content).expect("it can be written");
    let sources = Sources {
        store,
        arguments: vec![path],
        closure: true,
        cache: None,
        given: Vec::new(),
        wants_facts: false,
    };
    lint(sources, &Quiet).expect("the store path exists");
});
