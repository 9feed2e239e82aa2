//! A package in a store of its own, and a tool run on it.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use hermetic_out::{Output, Package};

use crate::files;
use crate::run::{assert_fails, finish};
use crate::snapshot::{Snapshot, assert_same, snapshot};

/// A temporary directory with a store, which has the outputs of a package.
pub struct Store {
    top: tempfile::TempDir,
    program: &'static str,
    outputs: &'static [&'static str],
    lay_out: fn(&Self),
}

impl Store {
    /// A store for the built tool `program`, with the outputs of these names; `lay_out` fills it.
    pub fn new(
        program: &'static str,
        outputs: &'static [&'static str],
        lay_out: fn(&Self),
    ) -> Self {
        let store = Self {
            top: files::directory(),
            program,
            outputs,
            lay_out,
        };
        lay_out(&store);
        store
    }

    /// Removes everything and lays the store out anew.
    pub fn reset(&self) {
        for entry in fs::read_dir(self.top()).expect("the directory") {
            let path = entry.expect("an entry").path();
            if path.is_dir() && !path.is_symlink() {
                fs::remove_dir_all(path).expect("a directory of the last run");
            } else if path != self.tool() {
                fs::remove_file(path).expect("a file of the last run");
            }
        }
        (self.lay_out)(self);
    }

    /// The tool's name.
    pub fn name(&self) -> String {
        let name = Path::new(self.program).file_name().unwrap_or_default();
        name.to_string_lossy().into_owned()
    }

    /// The temporary directory.
    pub fn top(&self) -> &Path {
        self.top.path()
    }

    /// The store.
    pub fn directory(&self) -> PathBuf {
        self.top().join("store")
    }

    /// The store path of an output.
    pub fn output(&self, name: &str) -> PathBuf {
        let index = self.outputs.iter().position(|output| *output == name);
        let index = index.expect("an output of this name");
        let suffix = match name {
            "out" => String::new(),
            name => format!("-{name}"),
        };
        let name = format!("{index}123456789abcdfghijklmnpqrsvwxyz-x-1.0{suffix}");
        self.directory().join(name)
    }

    /// The store path of another package.
    pub fn dependency(&self) -> PathBuf {
        self.directory()
            .join("9123456789abcdfghijklmnpqrsvwxyz-y-1.0")
    }

    /// The place of a file of `out`; an absolute path is a place already.
    pub fn at(&self, path: impl AsRef<Path>) -> PathBuf {
        let path = path.as_ref();
        if path.as_os_str().is_empty() {
            self.output("out")
        } else {
            self.output("out").join(path)
        }
    }

    /// Writes a file, with the directories above it.
    pub fn write(&self, path: impl AsRef<Path>, content: &[u8]) {
        files::write(&self.at(path), content);
    }

    /// Writes a program.
    pub fn program(&self, path: impl AsRef<Path>, content: &[u8]) {
        self.write(&path, content);
        files::set_mode(&self.at(path), 0o755);
    }

    /// Makes a symlink, with the directories above it.
    pub fn link(&self, target: impl AsRef<Path>, path: impl AsRef<Path>) {
        files::link(target, &self.at(path));
    }

    /// What a file holds.
    pub fn read(&self, path: impl AsRef<Path>) -> Vec<u8> {
        fs::read(self.at(path)).expect("the file")
    }

    /// The package, as the libraries take it.
    pub fn package(&self) -> Package {
        let outputs = self.outputs.iter();
        Package::new(
            hermetic_out::Store::new(self.directory(), None),
            outputs
                .map(|name| Output::new(*name, self.output(name)))
                .collect(),
        )
    }

    /// The tool's program, where every user can run it.
    fn tool(&self) -> PathBuf {
        files::copied_tool(self.program, self.top())
    }

    /// The tool on the store, with a subcommand if it has several.
    pub fn start(&self, subcommand: Option<&str>) -> Command {
        let mut command = Command::new(self.tool());
        command
            .args(subcommand)
            .arg(option("--store-dir=", &self.directory()))
            .current_dir("/");
        command
    }

    /// The tool on the outputs of the package.
    pub fn fix_up(&self, subcommand: Option<&str>) -> Command {
        let mut command = self.start(subcommand);
        for name in self.outputs {
            command.arg(option(&format!("--output={name}="), &self.output(name)));
        }
        command
    }

    /// Everything in the temporary directory but the tool. What a run has made has no time: it is another
    /// one in each run.
    pub fn snapshot(&self) -> Snapshot {
        let mut all = snapshot(self.top());
        all.remove(&self.tool());
        for entry in all.values_mut() {
            entry.mtime = entry.mtime.filter(|(seconds, _)| *seconds < files::NEW);
        }
        all
    }

    /// The tool fails with one line that has all of `parts`, and leaves everything as it was.
    #[track_caller]
    pub fn assert_refused(&self, command: &mut Command, parts: &[&str]) {
        let before = self.snapshot();
        self.assert_fails(command, parts);
        assert_same(&self.snapshot(), &before, "after the failure");
    }

    /// The tool fails with one line that has all of `parts`.
    #[track_caller]
    pub fn assert_fails(&self, command: &mut Command, parts: &[&str]) {
        assert_fails(&self.name(), &finish(command), parts);
    }
}

/// An option and its value as one argument.
pub fn option(name: &str, value: &Path) -> OsString {
    let mut argument = OsString::from(name);
    argument.push(value);
    argument
}
