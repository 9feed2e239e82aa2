//! A package with two outputs and a provider in a small store, and the tool run on them.

#![allow(
    clippy::expect_used,
    unreachable_pub,
    dead_code,
    reason = "several tests include this module, and not each of them uses all of it"
)]

use std::fs;
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::process::Command;

use tool_tests::store::option;

/// A store: a package with the outputs `out` (libraries) and `dev` (headers), and another package
/// whose `.pc` files say where to install.
pub struct Store(tool_tests::store::Store);

impl Deref for Store {
    type Target = tool_tests::store::Store;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

fn lay_out(store: &tool_tests::store::Store) {
    store.write("lib/libx.so", b"");
    store.write("share/x/data", b"");
    store.write(store.output("dev").join("include/x.h"), b"");
    for (package, directory) in [
        (store.output("dev"), "lib/pkgconfig"),
        (store.dependency(), "share/pkgconfig"),
    ] {
        fs::create_dir_all(package.join(directory)).expect("a directory for .pc files");
    }
}

impl Store {
    pub fn new() -> Self {
        let tool = env!("CARGO_BIN_EXE_rewrite-pkgconfig-prefix");
        Self(tool_tests::store::Store::new(
            tool,
            &["out", "dev"],
            lay_out,
        ))
    }

    pub fn out(&self) -> PathBuf {
        self.output("out")
    }

    pub fn dev(&self) -> PathBuf {
        self.output("dev")
    }

    /// Where the copies for a consumer are made.
    pub fn copies(&self) -> PathBuf {
        self.top().join("copies")
    }

    /// A `.pc` file of the package.
    pub fn pc(&self, name: impl AsRef<Path>) -> PathBuf {
        self.dev().join("lib/pkgconfig").join(name)
    }

    /// A `.pc` file of the provider.
    pub fn provider_pc(&self, name: impl AsRef<Path>) -> PathBuf {
        self.dependency().join("share/pkgconfig").join(name)
    }

    /// `provider` on the package.
    pub fn provide(&self) -> Command {
        self.fix_up(Some("provider"))
    }

    /// `consumer` for the package, which reads the provider's files.
    pub fn consume(&self) -> Command {
        let mut command = self.start(Some("consumer"));
        command
            .arg(option("--prefix=", &self.out()))
            .arg(option("--into=", &self.copies()))
            .env("PKG_CONFIG_PATH", self.dependency().join("share/pkgconfig"));
        command
    }
}
