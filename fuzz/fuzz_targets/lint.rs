#![no_main]

//! The first byte says which file of a store path the others are: every scanner through the lint.

use std::fs;
use std::sync::LazyLock;

use hermetic_out_formats::FileKind;
use lint_store_path::progress::Quiet;
use hermetic_out::Store;
use lint_store_path::{Sources, lint};

/// Files that are of no kind.
const OTHERS: &[&str] = &["bin/x", "etc/x", "lib/systemd/system-generators/x"];

static FILES: LazyLock<Vec<String>> = LazyLock::new(|| {
    let of_kinds = FileKind::ALL.iter().flat_map(|kind| kind.example_paths());
    of_kinds.chain(OTHERS.iter().map(|&path| path.to_owned())).collect()
});

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let Some((which, content)) = bytes.split_first() else {
        return;
    };
    let root = tempfile::tempdir().expect("a directory to work in");
    let store = Store::new("/nix/store", Some(root.path().into()));
    let path = store.directory.join("0123456789abcdfghijklmnpqrsvwxyz-x");
    let file = store
        .real_path(&path)
        .join(&FILES[usize::from(*which) % FILES.len()]);
    fs::create_dir_all(file.parent().expect("it has one")).expect("it can be made");
    fs::write(&file, content).expect("it can be written");
    let sources = Sources {
        store,
        arguments: vec![path],
        closure: true,
        cache: None,
        given: Vec::new(),
    };
    lint(sources, &Quiet).expect("the store path exists");
});
