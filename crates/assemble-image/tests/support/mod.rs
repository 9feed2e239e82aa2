//! A small store, and the tool run on it.

#![allow(clippy::expect_used, reason = "a test may fail here")]
#![allow(dead_code, reason = "each test uses a part of it")]

use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::LazyLock;

use tempfile::TempDir;
use tests_packages::archive::Archive;
use tests_packages::tool_root::{IMAGES, ToolRoot};

/// The package that every image of these tests has.
pub(crate) const BASE: &str = "/nix/store/00000000000000000000000000000000-base-1.0";

/// The search path with the tools of one Debian release in front, which are fetched unless the cache has them.
static SEARCH_PATH: LazyLock<OsString> = LazyLock::new(|| {
    let tools = Archive::open().and_then(|archive| ToolRoot::provide(&archive, &IMAGES));
    let tools = tools.unwrap_or_else(|error| panic!("{error}"));
    tools.search_path()
});

/// A run of one of the tools, or of a program that starts one.
pub(crate) fn command(name: &str) -> Command {
    let mut command = Command::new(name);
    command.env("PATH", &*SEARCH_PATH);
    command
}

/// A store below a temporary root, and a place for outputs.
pub(crate) struct World {
    pub(crate) top: TempDir,
    /// Where the tool finds other tools, if not where this process does.
    pub(crate) search_path: Option<OsString>,
}

impl World {
    /// The store with a package that has just enough to be an image.
    pub(crate) fn new() -> Self {
        let world = Self {
            top: tempfile::tempdir().expect("a temporary directory"),
            search_path: None,
        };
        for (path, text) in [
            ("lib/systemd/systemd", "#!/bin/sh\n"),
            ("bin/sh", "#!/bin/sh\n"),
            (
                "lib/systemd/system/worker.service",
                "[Service]\nExecStart=/usr/bin/sh\n\n[Install]\nWantedBy=multi-user.target\n\
                 Alias=installed-alias.service\n",
            ),
            (
                "lib/systemd/system/idle.service",
                "[Service]\nExecStart=/usr/bin/sh\n\n[Install]\nWantedBy=multi-user.target\n",
            ),
            (
                "lib/systemd/system/multi-user.target",
                "[Unit]\nDescription=x\n",
            ),
            (
                "lib/sysusers.d/basic.conf",
                "u root 0 \"Super User\" /root\nu worker - \"Worker\"\n",
            ),
            (
                "lib/tmpfiles.d/worker.conf",
                "d /etc/worker 0750 worker worker -\nC /etc/worker/tree\nd /var/lib/worker 0700 worker worker\n",
            ),
            ("share/factory/etc/worker/tree/inner/file", "content"),
            ("etc/worker.conf", "setting=1\n"),
        ] {
            world.write(BASE, path, text);
        }
        let alias = world
            .real(BASE)
            .join("lib/systemd/system/worker-alias.service");
        symlink("worker.service", alias).expect("an alias");
        world
    }

    /// The same, with the tools.
    pub(crate) fn with_tools() -> Self {
        Self {
            search_path: Some(SEARCH_PATH.clone()),
            ..Self::new()
        }
    }

    /// A path in the temporary directory.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.top.path().join(name)
    }

    fn real(&self, package: &str) -> PathBuf {
        self.path("root").join(&package[1..])
    }

    /// Writes a file of a package; programs can be run, and directories cannot be written, as in a
    /// store.
    pub(crate) fn write(&self, package: &str, path: &str, text: &str) {
        let file = self.real(package).join(path);
        fs::create_dir_all(file.parent().expect("a parent")).expect("a directory");
        fs::write(&file, text).expect("a file");
        let mode = if text.starts_with("#!") { 0o555 } else { 0o444 };
        fs::set_permissions(&file, fs::Permissions::from_mode(mode)).expect("its mode");
    }

    /// Makes a link in a package, or in its place if the path is empty.
    pub(crate) fn link(&self, package: &str, path: &str, target: &Path) {
        let link = self.real(format!("{package}/{path}").trim_end_matches('/'));
        fs::create_dir_all(link.parent().expect("a parent")).expect("a directory");
        symlink(target, link).expect("a link");
    }

    /// The tool with the packages and the output `name`; more arguments can be added.
    pub(crate) fn assemble(&self, packages: &[&str], name: &str) -> Command {
        let list = self.path("store-paths");
        fs::write(&list, packages.join("\n")).expect("a closure");
        let mut command = Command::new(env!("CARGO_BIN_EXE_assemble-image"));
        command
            .arg("--closure")
            .arg(list)
            .arg("--root")
            .arg(self.path("root"));
        command.arg("--package").args(packages);
        command
            .args(["--layout", "bare"])
            .arg("--output")
            .arg(self.path(name));
        if let Some(path) = &self.search_path {
            command.env("PATH", path);
        }
        command
    }

    /// Fails unless nothing is at the output's name or beside it.
    #[track_caller]
    pub(crate) fn assert_nothing_written(&self, name: &str) {
        let left: Vec<String> = fs::read_dir(self.top.path())
            .expect("the directory")
            .map(|entry| {
                entry
                    .expect("an entry")
                    .file_name()
                    .to_string_lossy()
                    .into_owned()
            })
            .filter(|entry| entry.contains(name))
            .collect();
        assert!(left.is_empty(), "{left:?} is left");
    }
}

/// Runs to the end; fails, with what was said, if the exit status is another one.
#[track_caller]
pub(crate) fn run(command: &mut Command, status: i32) -> Output {
    let output = command.output().expect("the tool starts");
    assert_eq!(
        output.status.code(),
        Some(status),
        "{command:?} said:\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
    output
}

/// What was written to standard error.
pub(crate) fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// The processes whose command lines have all these words.
pub(crate) fn running(words: &[&str]) -> Vec<String> {
    let processes = fs::read_dir("/proc").expect("/proc").flatten();
    let lines = processes.filter_map(|process| {
        let line = fs::read(process.path().join("cmdline")).ok()?;
        Some(String::from_utf8_lossy(&line).replace('\0', " "))
    });
    let has_all = |line: &String| words.iter().all(|word| line.contains(word));
    lines.filter(has_all).collect()
}
