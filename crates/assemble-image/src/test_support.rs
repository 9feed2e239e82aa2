//! What several unit tests need.

use std::path::Path;

use hermetic_out::Store;

use crate::architecture;
use crate::layout;
use crate::options::{FirstBoot, OnCorruption, Options};
use crate::progress::Quiet;
use crate::root_fs::{self, Compression};
use crate::root_tree::RootTree;
use crate::steps::{Job, Layout};

/// Options that ask for nothing.
pub(crate) fn options() -> Options {
    Options {
        store: Store::default(),
        closure: Vec::new(),
        packages: Vec::new(),
        extra: Vec::new(),
        os_release: None,
        parts: layout("ddi").parts,
        root_fs: root_fs::ALL[0],
        compression: Compression::Lz4,
        kernel: None,
        initrd: None,
        modules: None,
        initrd_modules: Vec::new(),
        cmdline: Vec::new(),
        stub: None,
        on_corruption: OnCorruption::Panic,
        users_pin: None,
        allow_account: Vec::new(),
        passwords: Vec::new(),
        setuid: Vec::new(),
        preset: None,
        user_preset: None,
        first_boot: FirstBoot::default(),
        tmpfs: Vec::new(),
        lint: None,
        size_report: false,
    }
}

/// A layout by its name.
pub(crate) fn layout(name: &str) -> &'static Layout {
    let layouts = layout::ALL.iter();
    layouts.copied().find(|layout| layout.name == name).unwrap()
}

/// A job of a layout, of which nothing is done yet.
pub(crate) fn job<'a>(options: &'a Options, name: &str, tree: &'a RootTree) -> Job<'a> {
    let places = (Path::new("WORK"), Path::new("OUTPUT"));
    Job::new(
        options,
        layout(name),
        tree,
        architecture::own(),
        places,
        &Quiet,
    )
}
