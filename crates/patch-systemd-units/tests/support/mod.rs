//! A small store in a temporary directory, and the tool run on it.

#![allow(
    clippy::expect_used,
    clippy::unused_self,
    unreachable_pub,
    unused_imports,
    dead_code,
    reason = "several tests include this module, and not each of them uses all of it"
)]

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use hermetic_out::Package;
use tool_tests::files;

pub use tool_tests::TEMPORARY_NAME;
pub use tool_tests::files::set_mode;
pub use tool_tests::run::{NOBODY, assert_succeeds, finish, is_root, without_privileges};
pub use tool_tests::snapshot::{Entry, Snapshot, assert_same, snapshot};

/// A store with a package of two outputs and a dependency.
///
/// `out` has bin/own and share/x/data; `bin` has bin/mover, which refers to `out`: a unit in `out`
/// that runs it has to move.
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
        fs::create_dir_all(self.out().join("lib/systemd/system")).expect("out");
        self.program(&self.out().join("bin/own"), b"");
        self.program(&self.out().join("bin/own with blank"), b"");
        self.write(&self.out().join("share/x/data"), b"");
        let refers = [b"lib: ", self.out().as_os_str().as_bytes()].concat();
        self.program(&self.bin().join("bin/mover"), &refers);
        for name in ["touch", "sh", "env", "agetty", "login"] {
            self.program(&self.dependency().join("bin").join(name), b"");
        }
    }

    /// Empties the outputs and lays them out anew.
    pub fn reset(&self) {
        for output in [self.out(), self.bin()] {
            fs::remove_dir_all(output).expect("the old output");
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

    pub fn bin(&self) -> PathBuf {
        self.directory()
            .join("1123456789abcdfghijklmnpqrsvwxyz-x-1.0-bin")
    }

    pub fn dependency(&self) -> PathBuf {
        self.directory()
            .join("2123456789abcdfghijklmnpqrsvwxyz-y-1.0")
    }

    /// Where a system unit of `out` is.
    pub fn unit(&self, name: impl AsRef<Path>) -> PathBuf {
        self.out().join("lib/systemd/system").join(name)
    }

    pub fn write(&self, path: &Path, content: &[u8]) {
        files::write(path, content);
    }

    pub fn program(&self, path: &Path, content: &[u8]) {
        self.write(path, content);
        set_mode(path, 0o755);
    }

    pub fn link(&self, target: impl AsRef<Path>, path: &Path) {
        files::link(target, path);
    }

    /// The package, as the library takes it.
    pub fn package(&self) -> Package {
        let output = |name: &str, path: PathBuf| hermetic_out::Output::new(name, path);
        Package::new(
            hermetic_out::Store::new(self.directory(), None),
            vec![output("out", self.out()), output("bin", self.bin())],
        )
        .with_search_path(vec![self.dependency().join("bin")])
    }

    /// The tool's program, where every user can run it.
    pub fn tool(&self) -> PathBuf {
        files::copied_tool(env!("CARGO_BIN_EXE_patch-systemd-units"), self.top())
    }

    /// The tool's arguments for the package.
    pub fn arguments(&self) -> Vec<std::ffi::OsString> {
        let named = |name: &str, path: PathBuf| {
            let mut argument = std::ffi::OsString::from(name);
            argument.push(path);
            argument
        };
        vec![
            named("--store-dir=", self.directory()),
            named("--output=out=", self.out()),
            named("--output=bin=", self.bin()),
            named("--search-path=", self.dependency().join("bin")),
        ]
    }

    /// The tool on the package.
    pub fn command(&self) -> Command {
        let mut command = Command::new(self.tool());
        command.args(self.arguments()).current_dir("/");
        command
    }

    /// All that the outputs hold.
    pub fn snapshot(&self) -> Snapshot {
        snapshot(&self.directory())
    }
}

/// The tool could not do its work: [`tool_tests::run::assert_fails`].
#[track_caller]
pub fn assert_fails(output: &Output, parts: &[&str]) {
    tool_tests::run::assert_fails("patch-systemd-units", output, parts);
}

/// `path` with its last component replaced.
pub fn beside(path: &Path, name: impl AsRef<OsStr>) -> PathBuf {
    path.with_file_name(name)
}
