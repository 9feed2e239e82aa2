//! A package with two outputs and a provider in a small store, and the tool run on them.

#![allow(
    clippy::expect_used,
    unreachable_pub,
    dead_code,
    reason = "several tests include this module, and not each of them uses all of it"
)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tool_tests::files;
use tool_tests::snapshot::{Snapshot, snapshot};

/// A store: a package with the outputs `out` (libraries) and `dev` (headers), and another package
/// whose `.pc` files say where to install.
pub struct Store {
    top: tempfile::TempDir,
}

impl Store {
    pub fn new() -> Self {
        let store = Self {
            top: files::directory(),
        };
        store.lay_out();
        store
    }

    fn lay_out(&self) {
        files::write(&self.out().join("lib/libx.so"), b"");
        files::write(&self.out().join("share/x/data"), b"");
        files::write(&self.dev().join("include/x.h"), b"");
        fs::create_dir_all(self.dev().join("lib/pkgconfig")).expect("dev");
        fs::create_dir_all(self.provider().join("share/pkgconfig")).expect("the provider");
    }

    /// Empties the store and the directory of copies, and lays the store out anew.
    pub fn reset(&self) {
        for directory in [self.directory(), self.copies()] {
            if directory.exists() {
                fs::remove_dir_all(directory).expect("what was there");
            }
        }
        self.lay_out();
    }

    pub fn top(&self) -> &Path {
        self.top.path()
    }

    pub fn directory(&self) -> PathBuf {
        self.top().join("store")
    }

    pub fn out(&self) -> PathBuf {
        self.directory()
            .join("0123456789abcdfghijklmnpqrsvwxyz-x-1.0")
    }

    pub fn dev(&self) -> PathBuf {
        self.directory()
            .join("1123456789abcdfghijklmnpqrsvwxyz-x-1.0-dev")
    }

    pub fn provider(&self) -> PathBuf {
        self.directory()
            .join("2123456789abcdfghijklmnpqrsvwxyz-udev-1.0")
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
        self.provider().join("share/pkgconfig").join(name)
    }

    fn command(&self, job: &str) -> Command {
        let tool = env!("CARGO_BIN_EXE_rewrite-pkgconfig-prefix");
        let mut command = Command::new(files::copied_tool(tool, self.top()));
        command
            .arg(job)
            .arg("--store-dir")
            .arg(self.directory())
            .current_dir("/");
        command
    }

    /// `provider` on the package.
    pub fn provide(&self) -> Command {
        let mut command = self.command("provider");
        for (name, output) in [("out", self.out()), ("dev", self.dev())] {
            command
                .arg("--output")
                .arg(format!("{name}={}", output.display()));
        }
        command
    }

    /// `consumer` for the package, which reads the provider's files.
    pub fn consume(&self) -> Command {
        let mut command = self.command("consumer");
        command
            .arg("--prefix")
            .arg(self.out())
            .arg("--into")
            .arg(self.copies())
            .env("PKG_CONFIG_PATH", self.provider().join("share/pkgconfig"));
        command
    }

    /// All that the store and the directory of copies hold.
    pub fn snapshot(&self) -> Snapshot {
        let mut all = snapshot(&self.directory());
        if self.copies().exists() {
            all.extend(snapshot(&self.copies()));
        }
        all
    }
}

/// The tool could not do its work: [`tool_tests::run::assert_fails`].
#[track_caller]
pub fn assert_fails(output: &Output, parts: &[&str]) {
    tool_tests::run::assert_fails("rewrite-pkgconfig-prefix", output, parts);
}
