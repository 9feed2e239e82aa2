//! A small store in a temporary directory, and the tool run on it.

#![allow(
    clippy::expect_used,
    unreachable_pub,
    unused_imports,
    dead_code,
    reason = "several tests include this module, and not each of them uses all of it"
)]

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use hermetic_out::Package;
use tool_tests::files;

pub use tool_tests::TEMPORARY_NAME;
pub use tool_tests::files::set_mode;
pub use tool_tests::run::{assert_succeeds, finish, is_root, without_privileges};
pub use tool_tests::snapshot::{Snapshot, assert_same, snapshot};

/// A store with a package of one output, which has etc/x.conf and bin/x, a script that reads it.
pub struct Store {
    top: tempfile::TempDir,
}

/// The script bin/x.
pub const SCRIPT: &[u8] = b"#!/bin/sh\nexec cat /etc/x.conf\n";

impl Store {
    pub fn new() -> Self {
        let store = Self {
            top: files::directory(),
        };
        store.lay_out();
        store
    }

    fn lay_out(&self) {
        self.write("etc/x.conf", b"port 1\n");
        self.write("bin/x", SCRIPT);
        set_mode(&self.out("bin/x"), 0o755);
    }

    /// Empties the output and lays it out anew.
    pub fn reset(&self) {
        fs::remove_dir_all(self.out("")).expect("the old output");
        self.lay_out();
    }

    pub fn top(&self) -> &Path {
        self.top.path()
    }

    pub fn directory(&self) -> PathBuf {
        self.top().join("store")
    }

    /// Where a file of the output is.
    pub fn out(&self, sub_path: impl AsRef<Path>) -> PathBuf {
        let out = self
            .directory()
            .join("0123456789abcdfghijklmnpqrsvwxyz-x-1.0");
        if sub_path.as_ref().as_os_str().is_empty() {
            out
        } else {
            out.join(sub_path)
        }
    }

    pub fn write(&self, sub_path: impl AsRef<Path>, content: &[u8]) {
        files::write(&self.out(sub_path), content);
    }

    pub fn link(&self, target: impl AsRef<Path>, sub_path: impl AsRef<Path>) {
        files::link(target, &self.out(sub_path));
    }

    pub fn read(&self, sub_path: impl AsRef<Path>) -> Vec<u8> {
        fs::read(self.out(sub_path)).expect("the file")
    }

    /// What `SCRIPT` becomes.
    pub fn rewritten(&self) -> Vec<u8> {
        format!("#!/bin/sh\nexec cat {}\n", self.out("etc/x.conf").display()).into_bytes()
    }

    /// The package, as the library takes it.
    pub fn package(&self) -> Package {
        let output = hermetic_out::Output::new("out", self.out(""));
        Package::new(
            hermetic_out::Store::new(self.directory(), None),
            vec![output],
        )
    }

    /// The tool on the package.
    pub fn command(&self) -> Command {
        let tool = files::copied_tool(env!("CARGO_BIN_EXE_relocate-etc-to-out"), self.top());
        let mut command = Command::new(tool);
        let named = |name: &str, path: PathBuf| {
            let mut argument = OsString::from(name);
            argument.push(path);
            argument
        };
        command
            .arg(named("--store-dir=", self.directory()))
            .arg(named("--output=out=", self.out("")))
            .current_dir("/");
        command
    }

    /// All that the output holds. The file that the tool itself makes has no time of its own.
    pub fn snapshot(&self) -> Snapshot {
        let mut snapshot = snapshot(&self.directory());
        if let Some(made) = snapshot.get_mut(&self.out("lib/tmpfiles.d/x-etc.conf")) {
            made.mtime = None;
        }
        snapshot
    }
}

/// The tool could not do its work: [`tool_tests::run::assert_fails`].
#[track_caller]
pub fn assert_fails(output: &Output, parts: &[&str]) {
    tool_tests::run::assert_fails("relocate-etc-to-out", output, parts);
}
