//! A tool killed at random moments: every file is the old one or the new one, and the next run
//! completes the work.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::TEMPORARY_NAME;
use crate::run::{assert_succeeds, finish};
use crate::snapshot::{Entry, Snapshot, assert_same};

/// A tool, and a tree on which it has much to do.
pub struct Killed<'a> {
    /// Makes the tree as it is before a run, whatever is there.
    pub lay_out: &'a dyn Fn(),
    /// A run.
    pub command: &'a dyn Fn() -> Command,
    /// All that the tree holds.
    pub snapshot: &'a dyn Fn() -> Snapshot,
    /// A file that a run writes early.
    pub early: &'a Path,
    /// By what a file is known that may move: its path, if none does.
    pub known_by: &'a dyn Fn(&Path) -> PathBuf,
}

impl Killed<'_> {
    /// Kills runs, 40 or with `HERMETIC_OUT_SOAK` in the environment 1000; the trees before and after
    /// a run that is not killed.
    pub fn run(&self) -> (Snapshot, Snapshot) {
        let runs = match std::env::var_os("HERMETIC_OUT_SOAK") {
            Some(_) => 1000,
            None => 40,
        };
        (self.lay_out)();
        let old = (self.snapshot)();
        // The shortest of several: the machine may be busy.
        let mut duration = Duration::MAX;
        for _ in 0..3 {
            (self.lay_out)();
            let start = Instant::now();
            assert_succeeds(&finish(&mut (self.command)()));
            duration = duration.min(start.elapsed());
        }
        let duration = duration.max(Duration::from_millis(20));
        let new = (self.snapshot)();
        let mut random = Random(0x9e37_79b9_7f4a_7c15);
        let (mut killed, mut halfway) = (0, 0);
        for run in 0..runs {
            (self.lay_out)();
            // Every second run is killed a moment after its first change, wherever that is in time.
            let wait = (run % 2 == 1).then_some(duration * 20);
            killed += usize::from(self.kill_one(wait, duration, &mut random));
            let now = (self.snapshot)();
            self.check(&now, &old, &new, run);
            halfway += usize::from(now != old && now != new);
            assert_succeeds(&finish(&mut (self.command)()));
            let what = format!("after run {run} and another");
            assert_same(&(self.snapshot)(), &new, &what);
        }
        println!("{runs} runs of {duration:?}: {killed} killed, {halfway} of them halfway through");
        assert!(
            halfway > 0,
            "no run was killed while it wrote: {killed} of {runs} killed"
        );
        (old, new)
    }

    /// Whether the run had not ended when it was killed.
    fn kill_one(&self, wait: Option<Duration>, duration: Duration, random: &mut Random) -> bool {
        let before = self.early_inode();
        let mut child = (self.command)()
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("the tool starts");
        let limit = match wait {
            None => duration,
            Some(wait) => {
                let start = Instant::now();
                while self.early_inode() == before && start.elapsed() < wait {
                    std::thread::yield_now();
                }
                Duration::from_millis(5)
            }
        };
        let nanoseconds = u64::try_from(limit.as_nanos()).expect("a short time");
        std::thread::sleep(Duration::from_nanos(random.below(nanoseconds)));
        child.kill().expect("the tool is killed or has ended");
        let status = child.wait().expect("the tool's status");
        status.signal() == Some(9)
    }

    fn early_inode(&self) -> Option<u64> {
        fs::metadata(self.early).map(|file| file.ino()).ok()
    }

    /// Every file is the old one or the new one, and none is lost.
    fn check(&self, now: &Snapshot, old: &Snapshot, new: &Snapshot, run: usize) {
        let mut allowed: BTreeMap<PathBuf, Vec<&Entry>> = BTreeMap::new();
        for (path, entry) in old.iter().chain(new) {
            allowed
                .entry((self.known_by)(path))
                .or_default()
                .push(entry);
        }
        let mut temporaries: BTreeMap<PathBuf, usize> = BTreeMap::new();
        for (path, entry) in now {
            if path.file_name().is_some_and(|name| name == TEMPORARY_NAME) {
                let directory = path.parent().expect("a directory").to_owned();
                *temporaries.entry(directory).or_default() += 1;
                continue;
            }
            let allowed = allowed.get(&(self.known_by)(path));
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
        // What is not at its old place is at a new one.
        let places: BTreeSet<PathBuf> = now.keys().map(|path| (self.known_by)(path)).collect();
        for path in old.keys() {
            let kept = places.contains(&(self.known_by)(path));
            assert!(kept, "run {run}: {} is lost", path.display());
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
