//! `cargo xtask bench --lint`: the lint of a whole store against one search of it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use tests_packages::archive::Archive;
use tests_packages::{corpus_names, store};

use super::{count_files, machine, median_of, quietly, row};
use crate::table::table;
use crate::{build, set_up};

const TOOL: &str = "lint-store-path";

/// What Debian's packages are full of, as they are linked for `/usr`: a store that Nix has built has next
/// to none of it, and printing it takes longer than finding it again.
const LINKED_FOR_USR: [&str; 5] = [
    "interpreter-outside-store",
    "missing-library",
    "missing-program",
    "program-outside-store",
    "shebang-outside-store",
];

/// How often the memory of a running process is looked at.
const INTERVAL: Duration = Duration::from_millis(2);

/// Lints all packages of the corpus at once, with an empty and with a full cache.
pub(super) fn run(runs: usize) -> anyhow::Result<()> {
    set_up::ensure_installed(set_up::PACKAGES)?;
    let tool = build(TOOL)?;
    let directory = tempfile::Builder::new().prefix("bench-").tempdir()?;
    let top = directory.path().canonicalize()?;
    let stage = Stage {
        tool,
        store: top.join("nix/store"),
        cache: top.join("cache"),
    };
    // What says that Nix looks after the store, so that there is a cache.
    fs::create_dir_all(top.join("nix/var/nix/db"))?;
    let fetched = store::fetch(&Archive::open()?, &corpus_names(), &stage.store)?;
    ensure!(!fetched.packages.is_empty(), "no package could be had");
    let list = top.join("store-paths");
    let paths = fetched.packages.iter().map(|package| {
        let path = stage.store.join(&package.directory);
        format!("{}\n", path.display())
    });
    fs::write(&list, paths.collect::<String>())?;

    println!("\nmachine: {}", machine());
    println!(
        "store:   {} packages, {} files, {} MB",
        fetched.packages.len(),
        count_files(&stage.store)?,
        size(&stage.store)? / 1_000_000
    );
    println!("runs:    medians of {runs}\n");
    let grep = || {
        let start = Instant::now();
        let mut grep = Command::new("grep");
        quietly(grep.args(["-rlF", "/usr/bin"]).arg(&stage.store))?;
        Ok(start.elapsed())
    };
    grep()?; // warms the system's caches
    let floor = median_of(runs, grep)?;
    let measure = |name: &str, allowed: &[&str], fresh: bool| {
        let mut memory = 0;
        let time = median_of(runs, || {
            if fresh {
                let _ = fs::remove_dir_all(&stage.cache);
            }
            stage.lint(&list, allowed, &mut memory)
        })?;
        let mut row = row(name, time, floor);
        row.push(format!("{} MiB", memory / 1024));
        anyhow::Ok(row)
    };
    let mut search = row("grep -rlF /usr/bin STORE", floor, floor);
    search.push(String::new());
    let rows = [
        search,
        measure("lint-store-path --closure, nothing cached", &[], true)?,
        measure("the same again", &[], false)?,
        measure(
            "again, what is linked for /usr allowed",
            &LINKED_FOR_USR,
            false,
        )?,
    ];
    let head = ["what", "time", "against the first row", "memory"];
    println!("{}", table(&head, &rows));
    Ok(())
}

struct Stage {
    tool: PathBuf,
    store: PathBuf,
    cache: PathBuf,
}

impl Stage {
    /// Lints the closure `list`, and allows what some rules find; how long that takes. `memory` is raised to the most that the process
    /// had, in KiB.
    fn lint(&self, list: &Path, allowed: &[&str], memory: &mut u64) -> anyhow::Result<Duration> {
        let start = Instant::now();
        let mut process = Command::new(&self.tool)
            .arg("--store-dir")
            .arg(&self.store)
            .args(["--closure", "--quiet"])
            .args(allowed.iter().flat_map(|rule| ["--allow", rule]))
            .arg(list)
            .env("XDG_CACHE_HOME", &self.cache)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .with_context(|| format!("cannot start {}", self.tool.display()))?;
        let status = PathBuf::from(format!("/proc/{}/status", process.id()));
        loop {
            if let Some(exit) = process.try_wait()? {
                ensure!(
                    exit.code().is_some_and(|code| code <= 1),
                    "{} ended with {exit}",
                    self.tool.display()
                );
                return Ok(start.elapsed());
            }
            // "VmHWM:      1234 kB": the most so far.
            let text = fs::read_to_string(&status).unwrap_or_default();
            let most = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
            let most = most.and_then(|most| most.split_whitespace().next()?.parse().ok());
            *memory = (*memory).max(most.unwrap_or(0));
            std::thread::sleep(INTERVAL);
        }
    }
}

/// How many bytes the files below `directory` have.
fn size(directory: &Path) -> anyhow::Result<u64> {
    let mut size = 0;
    for entry in walkdir::WalkDir::new(directory) {
        let entry = entry?;
        if entry.file_type().is_file() {
            size += entry.metadata()?.len();
        }
    }
    Ok(size)
}
