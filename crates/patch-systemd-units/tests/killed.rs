//! The tool killed at random moments: every file is the old one or the new one, and the next run
//! completes the work. `HERMETIC_OUT_SOAK=1` kills it 1000 times instead of 40.

#![allow(clippy::expect_used, reason = "a test that cannot do its work panics")]

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use support::{Entry, Snapshot, Store, TEMPORARY_NAME, assert_same, assert_succeeds, finish};

const UNITS: usize = 200;

/// Some units are edited where they are, some move to the output that has their program, with their
/// drop-ins and links.
fn lay_out(store: &Store) {
    for index in 0..UNITS {
        let program = match index % 4 {
            0 => "mover",
            _ => "own",
        };
        let padding = "# a comment that takes some place\n".repeat(index % 50);
        let unit = format!(
            "[Unit]\nConditionPathExists=/usr/share/x/data\n{padding}[Service]\n\
             ExecStartPre=/bin/sh -c '/usr/bin/touch x'\nExecStart=-/usr/bin/{program} --unit {index}\n"
        );
        let name = format!("unit-{index:03}.service");
        let path = store.unit(&name);
        store.write(&path, unit.as_bytes());
        let mode = [0o644, 0o444, 0o755, 0o600][index % 4];
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).expect("the mode");
        if index % 20 == 0 {
            let drop_in = store.unit(format!("{name}.d/10-x.conf"));
            store.write(&drop_in, b"[Service]\nNice=5\n");
            store.link(
                format!("../{name}"),
                &store.unit(format!("x.target.wants/{name}")),
            );
            store.link(&name, &store.unit(format!("alias-{index}.service")));
        }
    }
}

/// xorshift64
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % bound
    }
}

/// Waits until the first file is replaced.
fn wait_for_change(store: &Store, limit: Duration) {
    let inode = || {
        fs::metadata(store.unit("unit-001.service"))
            .map(|file| file.ino())
            .ok()
    };
    let (old, start) = (inode(), Instant::now());
    while inode() == old && start.elapsed() < limit {
        std::thread::yield_now();
    }
}

#[test]
fn a_killed_run_leaves_whole_files_and_the_next_completes_it() {
    let runs = match std::env::var_os("HERMETIC_OUT_SOAK") {
        Some(_) => 1000,
        None => 40,
    };
    let store = Store::new();
    lay_out(&store);
    let old = store.snapshot();
    // The shortest of several: the machine may be busy.
    let mut duration = Duration::MAX;
    for _ in 0..3 {
        store.reset();
        lay_out(&store);
        let start = Instant::now();
        assert_succeeds(&finish(&mut store.command()));
        duration = duration.min(start.elapsed());
    }
    let duration = duration.max(Duration::from_millis(20));
    let new = store.snapshot();
    let moved = new.keys().filter(|path| !old.contains_key(*path)).count();
    assert!(moved > UNITS / 4, "units move: {moved}");
    let whole = Whole::new(&store, &old, &new);

    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let (mut killed, mut halfway) = (0, 0);
    for run in 0..runs {
        store.reset();
        lay_out(&store);
        let mut child = store
            .command()
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("the tool starts");
        // Every second run is killed a moment after its first change, wherever that is in time.
        let limit = if run % 2 == 0 {
            duration
        } else {
            wait_for_change(&store, duration * 20);
            Duration::from_millis(5)
        };
        let nanoseconds = u64::try_from(limit.as_nanos()).expect("a short time");
        std::thread::sleep(Duration::from_nanos(random.below(nanoseconds)));
        child.kill().expect("the tool is killed or has ended");
        let status = child.wait().expect("the tool's status");
        killed += usize::from(status.signal() == Some(9));

        let now = store.snapshot();
        let changed = whole.check(&now, run);
        halfway += usize::from(changed && now != new);
        let output = finish(&mut store.command());
        assert_succeeds(&output);
        assert_same(
            &store.snapshot(),
            &new,
            &format!("after run {run} and another"),
        );
    }
    println!("{runs} runs of {duration:?}: {killed} killed, {halfway} of them halfway through");
    assert!(
        halfway > 0,
        "no run was killed while it wrote: {killed} of {runs} killed"
    );
}

/// What the files may be: whichever output has it, a file is the old one or the new one.
struct Whole<'a> {
    store: &'a Store,
    old: &'a Snapshot,
    allowed: BTreeMap<&'a Path, Vec<&'a Entry>>,
}

impl<'a> Whole<'a> {
    fn new(store: &'a Store, old: &'a Snapshot, new: &'a Snapshot) -> Self {
        let mut allowed: BTreeMap<&Path, Vec<&Entry>> = BTreeMap::new();
        for (path, entry) in old.iter().chain(new) {
            allowed
                .entry(sub_path(store, path))
                .or_default()
                .push(entry);
        }
        Self {
            store,
            old,
            allowed,
        }
    }

    /// Whether something is not as it was.
    fn check(&self, now: &Snapshot, run: usize) -> bool {
        let mut temporaries: BTreeMap<PathBuf, usize> = BTreeMap::new();
        for (path, entry) in now {
            if path.file_name().is_some_and(|name| name == TEMPORARY_NAME) {
                let directory = path.parent().expect("a directory").to_owned();
                *temporaries.entry(directory).or_default() += 1;
                continue;
            }
            let allowed = self.allowed.get(sub_path(self.store, path));
            let known = allowed.is_some_and(|allowed| allowed.contains(&entry));
            assert!(
                known,
                "run {run}: {} is neither old nor new: {entry:?}",
                path.display()
            );
        }
        assert!(
            temporaries.values().all(|count| *count == 1),
            "{temporaries:?}"
        );
        // Nothing is lost: what is not at its old place is at a new one.
        let places: BTreeSet<&Path> = now.keys().map(|path| sub_path(self.store, path)).collect();
        for path in self.old.keys() {
            let kept = places.contains(sub_path(self.store, path));
            assert!(kept, "run {run}: {} is lost", path.display());
        }
        now != self.old
    }
}

/// The path relative to the output it is in.
fn sub_path<'a>(store: &Store, path: &'a Path) -> &'a Path {
    let outputs = [store.out(), store.bin()];
    let inside = outputs
        .iter()
        .find_map(|output| path.strip_prefix(output).ok());
    inside.unwrap_or(path)
}
