//! What several unit tests need.

use hermetic_out::Store;

use crate::options::{Compression, FirstBoot, Layout, OnCorruption, Options};

/// Options that ask for nothing.
pub(crate) fn options() -> Options {
    Options {
        store: Store::default(),
        closure: Vec::new(),
        packages: Vec::new(),
        extra: Vec::new(),
        os_release: None,
        layout: Layout::Ddi,
        compression: Compression::Lz4,
        kernel: None,
        initrd: None,
        modules: None,
        initrd_modules: Vec::new(),
        cmdline: Vec::new(),
        stub: None,
        on_corruption: OnCorruption::Panic,
        users_pin: None,
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
