//! A tool killed at random moments, without room, or beside another run of it: every file is the old one or the
//! new one, and the next run completes the work.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use scanner_tests::amount;
use scanner_tests::random::Random;

use crate::TEMPORARY_NAME;
use crate::run::{assert_succeeds, finish, in_shell};
use crate::snapshot::{Entry, Snapshot, assert_same};

/// A tool, and a tree on which it has much to do.
pub struct Killed<'a> {
    /// What is run, in reports.
    pub name: &'a str,
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
    /// Kills runs until 20 have died of it, or as many as the environment says; the trees before and after a run
    /// that is not killed.
    pub fn run(&self) -> (Snapshot, Snapshot) {
        let (old, new, duration) = self.undisturbed();
        let mut random = Random::new(amount::seed());
        let wanted = amount::runs(20);
        let (mut runs, mut killed, mut halfway) = (0, 0, 0);
        for run in amount::each(20 * wanted) {
            if killed == wanted {
                break;
            }
            (self.lay_out)();
            // Every second run is killed a moment after its first change, wherever that is in time.
            let wait = (run % 2 == 1).then_some(duration * 20);
            runs += 1;
            if !self.kill_one(wait, duration, &mut random) {
                continue;
            }
            killed += 1;
            let now = (self.snapshot)();
            self.check(&now, &old, &new, &format!("run {run}"));
            halfway += usize::from(now != old && now != new);
            self.assert_completed(&new, &format!("after run {run} and another"));
        }
        assert!(
            halfway > 0,
            "no run was killed while it wrote: {killed} of {runs} killed"
        );
        let result =
            format!("{halfway} while they wrote; each file old or new, each next run complete");
        amount::report(self.title("kills"), format!("{killed} killed runs"), result);
        (old, new)
    }

    /// Two runs at once, again and again: both succeed, and leave what one leaves.
    pub fn two_at_once(&self) {
        let (_, new, _) = self.undisturbed();
        let mut pairs = 0;
        for pair in amount::each(10) {
            (self.lay_out)();
            let mut commands = [(self.command)(), (self.command)()];
            std::thread::scope(|scope| {
                for command in &mut commands {
                    scope.spawn(|| assert_succeeds(&finish(command)));
                }
            });
            assert_same(&(self.snapshot)(), &new, &format!("after the pair {pair}"));
            pairs += 1;
        }
        let result = "both succeed, and leave what one leaves";
        amount::report(
            self.title("two runs at once"),
            format!("{pairs} pairs"),
            result,
        );
    }

    /// No room, at one step after the other: no file may get larger than a few blocks; with
    /// [`amount::FAULTS`], each call that wants room fails once.
    pub fn on_a_full_disk(&self) {
        let (old, new, _) = self.undisturbed();
        let command = (self.command)();
        let mut runs: Vec<Command> = Vec::new();
        for blocks in 0..amount::runs(8).min(64) {
            let setup = format!("ulimit -f {blocks}; trap '' XFSZ");
            runs.push(in_shell(&command, &setup));
        }
        if amount::faults() {
            runs.extend(self.faults(&command));
        }
        let (mut failed, mut all) = (0, 0);
        for mut run in runs {
            (self.lay_out)();
            let output = finish(&mut run);
            let stderr = String::from_utf8_lossy(&output.stderr);
            let what = format!("after {run:?}");
            match output.status.code() {
                Some(0) => assert_same(&(self.snapshot)(), &new, &what),
                Some(2) => {
                    failed += 1;
                    let lines = stderr.lines().filter(|line| line.contains(": error: "));
                    assert_eq!(lines.count(), 1, "{what}: {stderr}");
                    self.check(&(self.snapshot)(), &old, &new, &what);
                    self.assert_completed(&new, &what);
                }
                status => panic!("{what}: {status:?}: {stderr}"),
            }
            all += 1;
        }
        assert!(failed > 0, "no run was without room");
        let result =
            format!("{failed} failed with status 2; each file old or new, each next run complete");
        amount::report(self.title("no room"), format!("{all} steps"), result);
    }

    /// Runs in which a system call that wants room fails, each time a later one.
    fn faults(&self, command: &Command) -> Vec<Command> {
        const CALLS: [&str; 7] = [
            "write",
            "openat",
            "mkdirat",
            "linkat",
            "renameat",
            "renameat2",
            "symlinkat",
        ];
        let traced = |options: &[&str], call: &str| {
            let mut run = Command::new("strace");
            run.args(["-f", "--seccomp-bpf", "-e", &format!("trace={call}")]);
            run.args(options)
                .arg(command.get_program())
                .args(command.get_args())
                .current_dir("/");
            for (name, value) in command.get_envs() {
                run.env(name, value.unwrap_or_default());
            }
            run
        };
        let mut runs = Vec::new();
        for call in CALLS {
            (self.lay_out)();
            let options = ["-c", "-U", "calls", "-o", "/dev/stdout"];
            let counted = finish(&mut traced(&options, call));
            let counts = String::from_utf8_lossy(&counted.stdout).into_owned();
            let numbers = counts
                .lines()
                .filter_map(|line| line.split_whitespace().next()?.parse::<usize>().ok());
            let count = numbers.max().unwrap_or(0);
            // Evenly over all of them.
            let steps = amount::runs(8).min(count);
            for step in 0..steps {
                let when = 1 + step * count / steps;
                let inject = format!("inject={call}:error=ENOSPC:when={when}");
                let options = ["-qq", "-o", "/dev/null", "-e", &inject];
                runs.push(traced(&options, call));
            }
        }
        runs
    }

    /// The trees before and after a run that nothing disturbs, and how long it takes.
    fn undisturbed(&self) -> (Snapshot, Snapshot, Duration) {
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
        (
            old,
            (self.snapshot)(),
            duration.max(Duration::from_millis(20)),
        )
    }

    /// One more run completes the work.
    fn assert_completed(&self, new: &Snapshot, what: &str) {
        assert_succeeds(&finish(&mut (self.command)()));
        assert_same(&(self.snapshot)(), new, what);
    }

    fn title(&self, attack: &str) -> String {
        format!("{attack}, {}", self.name)
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
        let nanoseconds = usize::try_from(limit.as_nanos()).expect("a short time");
        std::thread::sleep(Duration::from_nanos(random.below(nanoseconds) as u64));
        child.kill().expect("the tool is killed or has ended");
        let status = child.wait().expect("the tool's status");
        status.signal() == Some(9)
    }

    fn early_inode(&self) -> Option<u64> {
        fs::metadata(self.early).map(|file| file.ino()).ok()
    }

    /// Every file is the old one or the new one, and none is lost.
    fn check(&self, now: &Snapshot, old: &Snapshot, new: &Snapshot, what: &str) {
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
                "{what}: {} is neither old nor new: {entry:?}",
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
            assert!(kept, "{what}: {} is lost", path.display());
        }
    }
}
