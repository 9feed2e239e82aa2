//! A small store in a temporary directory, and the tool run on it.

#![allow(
    clippy::expect_used,
    clippy::unused_self,
    unreachable_pub,
    unused_imports,
    dead_code,
    reason = "several tests include this module, and not each of them uses all of it"
)]

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::io::Read;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant, SystemTime};

use hermetic_out::Package;
use walkdir::WalkDir;

/// What a file is, as far as a run of the tool may change it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    pub mode: u32,
    /// Of files; directories get a new one with every change in them.
    pub mtime: Option<(i64, i64)>,
    pub owner: (u32, u32),
    pub content: Vec<u8>,
}

/// Everything below a directory, by path.
pub type Snapshot = BTreeMap<PathBuf, Entry>;

pub use hermetic_out::apply::TEMPORARY_NAME;

/// A store with a package of two outputs and a dependency.
///
/// `out` has bin/own and share/x/data; `bin` has bin/mover, which refers to `out`: a unit in `out`
/// that runs it has to move.
pub struct Store {
    top: tempfile::TempDir,
}

impl Store {
    pub fn new() -> Self {
        let top = tempfile::tempdir().expect("a temporary directory");
        // Other users, too, are to get there.
        fs::set_permissions(top.path(), fs::Permissions::from_mode(0o755)).expect("its mode");
        let store = Self { top };
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
        fs::create_dir_all(path.parent().expect("a parent")).expect("the directory");
        fs::write(path, content).expect("the file");
        set_mtime(path);
    }

    pub fn program(&self, path: &Path, content: &[u8]) {
        self.write(path, content);
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).expect("the mode");
    }

    pub fn link(&self, target: impl AsRef<Path>, path: &Path) {
        fs::create_dir_all(path.parent().expect("a parent")).expect("the directory");
        symlink(target, path).expect("the link");
    }

    /// The package, as the library takes it.
    pub fn package(&self) -> Package {
        let output = |name: &str, path: PathBuf| hermetic_out::Output::new(name, path);
        Package {
            outputs: vec![output("out", self.out()), output("bin", self.bin())],
            search_path: vec![self.dependency().join("bin")],
            store_dir: self.directory(),
            ..Package::default()
        }
    }

    /// The tool's program, where every user can run it.
    pub fn tool(&self) -> PathBuf {
        let tool = self.top().join("tool");
        if !tool.exists() {
            // By another process: one that another thread starts at this moment would inherit the
            // file opened for writing, and until it lets go of it, it cannot be run (ETXTBSY).
            let copied = Command::new("cp")
                .args([Path::new(env!("CARGO_BIN_EXE_patch-systemd-units")), &tool])
                .status();
            assert!(copied.expect("cp starts").success(), "the tool is copied");
        }
        tool
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

/// A time that differs between files, and from now.
fn set_mtime(path: &Path) {
    let name = path.as_os_str().as_bytes();
    let sum = name
        .iter()
        .fold(7_u64, |sum, byte| sum.wrapping_mul(31) + u64::from(*byte));
    let time = Duration::new(1_000_000_000 + sum % 10_000_000, 123_456_789);
    let file = fs::File::options()
        .write(true)
        .open(path)
        .expect("the file");
    file.set_modified(SystemTime::UNIX_EPOCH + time)
        .expect("the time");
}

/// All that `directory` holds; links are not followed, FIFOs not opened.
pub fn snapshot(directory: &Path) -> Snapshot {
    let mut snapshot = Snapshot::new();
    for entry in WalkDir::new(directory).min_depth(1) {
        let entry = entry.expect("the tree can be read");
        let path = entry.path().to_owned();
        let metadata = path.symlink_metadata().expect("the entry");
        let content = if metadata.is_file() {
            fs::read(&path).expect("the file")
        } else if metadata.is_symlink() {
            let target = fs::read_link(&path).expect("the link");
            target.as_os_str().as_bytes().to_vec()
        } else {
            Vec::new()
        };
        let is_file = metadata.is_file();
        let found = Entry {
            mode: metadata.mode(),
            mtime: is_file.then(|| (metadata.mtime(), metadata.mtime_nsec())),
            owner: (metadata.uid(), metadata.gid()),
            content,
        };
        snapshot.insert(path, found);
    }
    snapshot
}

/// Says where two trees differ, if they do.
#[track_caller]
pub fn assert_same(found: &Snapshot, expected: &Snapshot, what: &str) {
    let describe = |entry: Option<&Entry>| match entry {
        None => "absent".to_owned(),
        Some(entry) => format!(
            "{:o} {:?} {:?} {}",
            entry.mode,
            entry.mtime,
            entry.owner,
            entry.content.escape_ascii()
        ),
    };
    let paths = found.keys().chain(expected.keys());
    for path in paths {
        let (one, other) = (found.get(path), expected.get(path));
        assert!(
            one == other,
            "{what}: {}\nfound:    {}\nexpected: {}",
            path.display(),
            describe(one),
            describe(other)
        );
    }
}

/// The user that nothing belongs to.
pub const NOBODY: u32 = 65534;

/// Whether the tests run as root, who may do everything.
pub fn is_root() -> bool {
    let own = tempfile::tempfile().and_then(|file| file.metadata());
    own.expect("a temporary file").uid() == 0
}

/// Lets the command run as somebody who may not do everything.
pub fn without_privileges(command: &mut Command) -> &mut Command {
    use std::os::unix::process::CommandExt;
    if is_root() {
        command.uid(NOBODY).gid(NOBODY)
    } else {
        command
    }
}

/// What the command prints and how it ends; it has to end soon.
#[track_caller]
pub fn finish(command: &mut Command) -> Output {
    let child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the tool starts");
    wait(child, Duration::from_secs(60))
}

#[track_caller]
fn wait(mut child: Child, limit: Duration) -> Output {
    fn read(stream: Option<impl Read + Send + 'static>) -> std::thread::JoinHandle<Vec<u8>> {
        let mut stream = stream.expect("a pipe");
        std::thread::spawn(move || {
            let mut bytes = Vec::new();
            stream.read_to_end(&mut bytes).expect("the tool's output");
            bytes
        })
    }
    let stdout = read(child.stdout.take());
    let stderr = read(child.stderr.take());
    let start = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait().expect("the tool's status") {
            break status;
        }
        if start.elapsed() > limit {
            child.kill().expect("the tool ends");
            panic!("the tool did not end within {limit:?}");
        }
        std::thread::sleep(Duration::from_millis(2));
    };
    Output {
        status,
        stdout: stdout.join().expect("the tool's output"),
        stderr: stderr.join().expect("the tool's errors"),
    }
}

/// The tool could not do its work: exit status 2, and one line that says all of `parts`.
#[track_caller]
pub fn assert_fails(output: &Output, parts: &[&str]) {
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{stderr}");
    assert_eq!(stderr.lines().count(), 1, "one line: {stderr}");
    assert!(
        stderr.starts_with("patch-systemd-units: error: "),
        "{stderr}"
    );
    for part in parts {
        assert!(stderr.contains(part), "no {part:?} in: {stderr}");
    }
}

/// The tool did its work, and found nothing that is an error.
#[track_caller]
pub fn assert_succeeds(output: &Output) -> String {
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(0), "{stderr}");
    stderr
}

/// `path` with its last component replaced.
pub fn beside(path: &Path, name: impl AsRef<OsStr>) -> PathBuf {
    path.with_file_name(name)
}
