//! A package of one output in a small store, and the tool run on it.

#![allow(
    unreachable_pub,
    dead_code,
    reason = "several tests include this module, and not each of them uses all of it"
)]

use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A store with a package of one output, which has etc/x.conf and bin/x, a script that reads it, and what
/// overrides it.
pub struct Store(tool_tests::store::Store);

/// The script bin/x.
pub const SCRIPT: &[u8] = b"#!/bin/sh\nexec cat /etc/x.conf /etc/x.conf.d/*\n";

impl Deref for Store {
    type Target = tool_tests::store::Store;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

fn lay_out(store: &tool_tests::store::Store) {
    store.write("etc/x.conf", b"port 1\n");
    store.program("bin/x", SCRIPT);
}

impl Store {
    pub fn new() -> Self {
        let tool = env!("CARGO_BIN_EXE_relocate-etc-to-out");
        Self(tool_tests::store::Store::new(tool, &["out"], lay_out))
    }

    /// Where a file of the output is.
    pub fn out(&self, sub_path: impl AsRef<Path>) -> PathBuf {
        self.at(sub_path)
    }

    /// What `SCRIPT` becomes.
    pub fn rewritten(&self) -> Vec<u8> {
        let own = self.out("etc/x.conf");
        format!("#!/bin/sh\nexec cat {} /etc/x.conf.d/*\n", own.display()).into_bytes()
    }

    /// The tool on the package.
    pub fn command(&self) -> Command {
        self.fix_up(None)
    }
}
