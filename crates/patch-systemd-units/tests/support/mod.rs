//! A package of two outputs and a dependency in a small store, and the tool run on them.

#![allow(
    clippy::expect_used,
    unreachable_pub,
    dead_code,
    reason = "several tests include this module, and not each of them uses all of it"
)]

use std::ops::Deref;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use hermetic_out::Package;
use tool_tests::store::option;

/// A store with a package of two outputs and a dependency.
///
/// `out` has bin/own and share/x/data; `bin` has bin/mover, which refers to `out`: a unit in `out`
/// that runs it has to move.
pub struct Store(tool_tests::store::Store);

impl Deref for Store {
    type Target = tool_tests::store::Store;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

fn lay_out(store: &tool_tests::store::Store) {
    store.program("bin/own", b"");
    store.program("bin/own with blank", b"");
    store.write("share/x/data", b"");
    let refers = [b"lib: ", store.output("out").as_os_str().as_bytes()].concat();
    store.program(store.output("bin").join("bin/mover"), &refers);
    for name in ["touch", "sh", "env", "agetty", "login"] {
        store.program(store.dependency().join("bin").join(name), b"");
    }
    std::fs::create_dir_all(store.at("lib/systemd/system")).expect("a directory");
}

impl Store {
    pub fn new() -> Self {
        let tool = env!("CARGO_BIN_EXE_patch-systemd-units");
        Self(tool_tests::store::Store::new(
            tool,
            &["out", "bin"],
            lay_out,
        ))
    }

    pub fn out(&self) -> PathBuf {
        self.output("out")
    }

    pub fn bin(&self) -> PathBuf {
        self.output("bin")
    }

    /// Where a system unit of `out` is.
    pub fn unit(&self, name: impl AsRef<Path>) -> PathBuf {
        self.at("lib/systemd/system").join(name)
    }

    /// The package, as the library takes it.
    pub fn package(&self) -> Package {
        self.0
            .package()
            .with_search_path(vec![self.dependency().join("bin")])
    }

    /// The tool on the package.
    pub fn command(&self) -> Command {
        let mut command = self.fix_up(None);
        command.arg(option("--search-path=", &self.dependency().join("bin")));
        command
    }
}
