//! `cargo xtask bench`

mod images;
mod lint;
mod shell;
mod written;

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::fs;
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use hermetic_out_formats::kind::kind_of;
use hermetic_out_formats::{FileKind, scan};
use tests_packages::archive::Archive;
use tests_packages::store::{self, Package};
use tests_packages::tool::Arguments;
use tests_packages::{corpus_names, etc_package_names, pc_package_names};

use crate::table::table;
use crate::{build, cargo, set_up};

/// What most packages call: their bin directories are in every search path.
const PROVIDERS: [&str; 14] = [
    "bash",
    "coreutils",
    "dash",
    "findutils",
    "gawk",
    "grep",
    "iproute2",
    "kmod",
    "mount",
    "procps",
    "sed",
    "systemd",
    "udev",
    "util-linux",
];

#[derive(clap::Args)]
pub(crate) struct Options {
    /// Number of packages, those of the corpus with the most files
    #[arg(long, default_value_t = 700)]
    packages: usize,
    /// Number of measured runs over the store; the median is reported
    #[arg(long, default_value_t = 5)]
    runs: usize,
    /// Number of measured runs of a single process
    #[arg(long, default_value_t = 1000)]
    single_runs: usize,
    /// Measure only how long images take
    #[arg(long)]
    images: bool,
    /// Measure only how long it takes to lint the whole corpus
    #[arg(long, conflicts_with = "images")]
    lint: bool,
    /// Measure only the reader of shell
    #[arg(long, conflicts_with_all = ["images", "lint"])]
    shell: bool,
}

pub(crate) fn run(options: &Options) -> anyhow::Result<ExitCode> {
    ensure!(
        options.runs > 0 && options.single_runs > 0,
        "at least one run is needed"
    );
    if options.images {
        images::run(options.runs)?;
        return Ok(ExitCode::SUCCESS);
    }
    if options.lint {
        lint::run(options.runs)?;
        return Ok(ExitCode::SUCCESS);
    }
    // The scanners are measured in this process.
    if cfg!(debug_assertions) {
        let mut release = cargo();
        release.args(["run", "--release", "--quiet", "--package", "xtask", "--"]);
        let status = release.args(std::env::args_os().skip(1)).status()?;
        return Ok(ExitCode::from(u8::from(!status.success())));
    }
    if options.shell {
        shell::run(options.runs)?;
        return Ok(ExitCode::SUCCESS);
    }
    set_up::ensure_installed(set_up::PACKAGES)?;
    let tool = build("patch-systemd-units")?;
    let directory = tempfile::Builder::new().prefix("bench-").tempdir()?;
    let top = directory.path().canonicalize()?;
    let (original, patched) = (top.join("original"), top.join("store"));
    let packages = fetch(options.packages, &original)?;

    println!("\nmachine: {}", machine());
    println!(
        "store:   {} packages, {} files",
        packages.len(),
        count_files(&original)?
    );
    println!(
        "runs:    medians of {} over the store, {} of single processes",
        options.runs, options.single_runs
    );
    println!("find:    find STORE -type f, then /bin/true once for each package");
    println!("tool:    patch-systemd-units @ARGUMENTS --quiet, once for each package\n");

    let store = Store {
        tool: &tool,
        original: &original,
        patched: &patched,
        packages: &packages,
    };
    let mut rows = store.whole(options.runs, &top)?;
    rows.extend(nothing_to_do(&tool, &top, options.single_runs)?);
    println!(
        "{}",
        table(&["what", "time", "against the first row"], &rows)
    );
    for fixup in FIXUPS {
        println!("{}, against find:\n", fixup.title);
        let rows = fixup.measure(options.runs, &top)?;
        println!(
            "{}",
            table(&["what", "time", "against the first row"], &rows)
        );
    }
    println!("scanners, in this process:\n");
    let head = ["kind", "files", "size", "throughput"];
    println!("{}", table(&head, &scanners(&original, options.runs)?));
    shell::run(options.runs)?;
    Ok(ExitCode::SUCCESS)
}

/// A fixup that is measured on packages of its own, each by itself.
struct Fixup {
    title: &'static str,
    tool: &'static str,
    /// The tool's command, if it has several.
    command: &'static [&'static str],
    packages: fn() -> Vec<String>,
    /// What find is told, which does nothing but look at the files that the tool is about.
    find: &'static [&'static str],
}

const FIXUPS: [Fixup; 2] = [
    Fixup {
        title: "relocate-etc-to-out, once for each package with files in /etc",
        tool: "relocate-etc-to-out",
        command: &[],
        packages: etc_package_names,
        find: &["-type", "f"],
    },
    Fixup {
        title: "rewrite-pkgconfig-prefix provider, once for each package with .pc files",
        tool: "rewrite-pkgconfig-prefix",
        command: &["provider"],
        packages: pc_package_names,
        find: &["-name", "*.pc"],
    },
];

impl Fixup {
    fn measure(&self, runs: usize, top: &Path) -> anyhow::Result<Vec<Vec<String>>> {
        let tool = build(self.tool)?;
        let top = top.join(self.tool);
        let (original, patched) = (top.join("original"), top.join("store"));
        let packages = store::fetch(&Archive::open()?, &(self.packages)(), &original)?.packages;
        ensure!(!packages.is_empty(), "no package could be had");
        let store = Store {
            tool: &tool,
            original: &original,
            patched: &patched,
            packages: &packages,
        };
        store.fresh_copy()?;
        let find = || {
            let start = Instant::now();
            for package in &packages {
                let output = patched.join(&package.directory);
                quietly(Command::new("find").arg(output).args(self.find))?;
            }
            Ok(start.elapsed())
        };
        find()?; // warms the caches
        let floor = median_of(runs, find)?;
        let arguments = store.arguments(&[])?;
        let all = || {
            let start = Instant::now();
            for argument in &arguments {
                let mut run = argument.run_with(&tool, self.command);
                quietly(run.arg("--quiet"))?;
            }
            Ok(start.elapsed())
        };
        let first = median_of(runs, || {
            store.fresh_copy()?;
            find()?;
            all()
        })?;
        let again = median_of(runs, all)?;
        let find = format!("{} × find OUTPUT {}", packages.len(), self.find.join(" "));
        Ok(vec![
            row(&find, floor, floor),
            row("first run", first, floor),
            row("nothing left to do", again, floor),
        ])
    }
}

/// So much is scanned in one measured run.
const SCANNED: usize = 32 << 20;

/// How fast each kind of file is scanned: all files of the kind that the store has, again and again.
fn scanners(store: &Path, runs: usize) -> anyhow::Result<Vec<Vec<String>>> {
    let mut files: BTreeMap<FileKind, Vec<Vec<u8>>> = BTreeMap::new();
    for entry in walkdir::WalkDir::new(store).sort_by_file_name() {
        let entry = entry?;
        // STORE/PACKAGE/PATH
        let path: PathBuf = entry
            .path()
            .strip_prefix(store)?
            .components()
            .skip(1)
            .collect();
        let kind = kind_of(path.as_os_str().as_encoded_bytes());
        if let Some(kind) = kind.filter(|_| entry.file_type().is_file()) {
            files.entry(kind).or_default().push(fs::read(entry.path())?);
        }
    }
    files
        .iter()
        .map(|(kind, files)| {
            let size: usize = files.iter().map(Vec::len).sum();
            let times = SCANNED.div_ceil(size.max(1));
            let all = || {
                let start = Instant::now();
                for _ in 0..times {
                    for file in files {
                        black_box(scan(*kind, black_box(file)));
                    }
                }
                Ok(start.elapsed())
            };
            let time = median_of(runs, all)?;
            #[expect(clippy::cast_precision_loss, reason = "it is a measurement")]
            let throughput = (size * times) as f64 / time.as_secs_f64() / 1e6;
            Ok(vec![
                format!("{kind:?}"),
                files.len().to_string(),
                format!("{} KB", size.div_ceil(1000)),
                format!("{throughput:.0} MB/s"),
            ])
        })
        .collect()
}

/// The providers and the packages of the corpus with the most files, so many in all.
fn fetch(count: usize, target: &Path) -> anyhow::Result<Vec<Package>> {
    let corpus = corpus_names();
    println!("fetching {} packages", corpus.len());
    let fetched = store::fetch(&Archive::open()?, &corpus, target)?;
    let mut counted = Vec::new();
    for package in fetched.packages {
        let provides = PROVIDERS.contains(&&*package.name);
        let files = count_files(&target.join(&package.directory))?;
        counted.push((!provides, Reverse(files), package));
    }
    counted.sort();
    let mut packages: Vec<Package> = counted.into_iter().map(|(_, _, package)| package).collect();
    for package in packages.drain(count.min(packages.len())..) {
        fs::remove_dir_all(target.join(package.directory))?;
    }
    ensure!(!packages.is_empty(), "no package could be had");
    packages.sort();
    Ok(packages)
}

struct Store<'a> {
    tool: &'a Path,
    original: &'a Path,
    patched: &'a Path,
    packages: &'a [Package],
}

impl Store<'_> {
    /// One call for each package over the whole store, against find and as many processes that do
    /// nothing.
    fn whole(&self, runs: usize, top: &Path) -> anyhow::Result<Vec<Vec<String>>> {
        self.fresh_copy()?;
        let find = || {
            let mut find = Command::new("find");
            find.arg(self.patched).args(["-type", "f"]);
            let start = Instant::now();
            quietly(&mut find)?;
            for _ in self.packages {
                quietly(&mut Command::new("/bin/true"))?;
            }
            Ok(start.elapsed())
        };
        find()?; // warms the caches
        let floor = median_of(runs, find)?;
        let calls = self.packages.len();
        let mut rows = vec![row(
            &format!("find -type f + {calls} × /bin/true"),
            floor,
            floor,
        )];
        for directories in [40, 1000] {
            let arguments = self.arguments(&self.search_path(directories, top)?)?;
            let all = || {
                let start = Instant::now();
                for argument in &arguments {
                    quietly(
                        Command::new(self.tool)
                            .arg(argument.argument())
                            .arg("--quiet"),
                    )?;
                }
                Ok(start.elapsed())
            };
            let first = || {
                self.fresh_copy()?;
                quietly(Command::new("find").arg(self.patched).args(["-type", "f"]))?;
                all()
            };
            let first = median_of(runs, first)?;
            rows.push(row(
                &format!("first run, search path of {directories}"),
                first,
                floor,
            ));
            let again = median_of(runs, all)?;
            rows.push(row(
                &format!("already patched, search path of {directories}"),
                again,
                floor,
            ));
        }
        Ok(rows)
    }

    fn fresh_copy(&self) -> anyhow::Result<()> {
        if self.patched.exists() {
            fs::remove_dir_all(self.patched)?;
        }
        // Links are enough, as the tool replaces files and never writes into one.
        let mut copy = Command::new("cp");
        quietly(
            copy.args(["--archive", "--link", "--"])
                .args([self.original, self.patched]),
        )
    }

    fn arguments(&self, search: &[PathBuf]) -> anyhow::Result<Vec<Arguments>> {
        self.packages
            .iter()
            .map(|package| Ok(Arguments::with(self.patched, package, search, &[])?))
            .collect()
    }

    /// So many bin directories, those of the providers spread evenly among the others.
    fn search_path(&self, length: usize, top: &Path) -> anyhow::Result<Vec<PathBuf>> {
        let is_provider = |package: &&Package| PROVIDERS.contains(&&*package.name);
        let some = |of: Vec<Package>| store::bin_directories(self.patched, &of, None);
        let mut providers = some(self.packages.iter().filter(is_provider).cloned().collect());
        providers.truncate(length);
        let mut others = some(
            self.packages
                .iter()
                .filter(|one| !is_provider(one))
                .cloned()
                .collect(),
        );
        // A store without enough of them is filled up with empty ones.
        for number in others.len()..length {
            let empty = top.join(format!(
                "store-filler/{}-filler-{number}/bin",
                "0".repeat(32)
            ));
            fs::create_dir_all(&empty)?;
            others.push(empty);
        }
        others.truncate(length - providers.len());
        let every = length / providers.len().max(1);
        for (index, provider) in providers.into_iter().enumerate() {
            others.insert((index * every).min(others.len()), provider);
        }
        Ok(others)
    }
}

/// A package without anything to patch, against a process that does nothing.
fn nothing_to_do(tool: &Path, top: &Path, runs: usize) -> anyhow::Result<Vec<Vec<String>>> {
    let store = top.join("store-empty");
    let package = Package {
        name: "nothing".to_owned(),
        directory: format!("{}-nothing-1.0", "0".repeat(32)),
    };
    let output = store.join(&package.directory);
    for directory in ["bin", "lib", "share/man/man1"] {
        fs::create_dir_all(output.join(directory))?;
    }
    fs::write(output.join("bin/nothing"), "#!/bin/sh\n")?;
    let arguments = Arguments::with(&store, &package, &[], &[])?;
    let (mut nothing, mut work) = (Vec::new(), Vec::new());
    // By turns, so that what else the machine does meets both.
    for _ in 0..runs + 20 {
        let start = Instant::now();
        quietly(&mut Command::new("/bin/true"))?;
        nothing.push(start.elapsed());
        let start = Instant::now();
        quietly(Command::new(tool).arg(arguments.argument()).arg("--quiet"))?;
        work.push(start.elapsed());
    }
    let (nothing, work) = (median(nothing.split_off(20)), median(work.split_off(20)));
    let difference = work.as_secs_f64() - nothing.as_secs_f64();
    Ok(vec![
        vec!["/bin/true".into(), milliseconds(nothing), String::new()],
        vec![
            "a package with nothing to do".into(),
            milliseconds(work),
            format!("{:+.2} ms above /bin/true", difference * 1000.0),
        ],
    ])
}

/// Runs to the end; only an exit status above 1 is a failure, as findings are none.
fn quietly(command: &mut Command) -> anyhow::Result<()> {
    let status = command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .with_context(|| format!("cannot start {}", command.get_program().display()))?;
    ensure!(
        status.code().is_some_and(|code| code <= 1),
        "{command:?} ended with {status}"
    );
    Ok(())
}

fn median_of(
    runs: usize,
    mut measure: impl FnMut() -> anyhow::Result<Duration>,
) -> anyhow::Result<Duration> {
    (0..runs)
        .map(|_| measure())
        .collect::<anyhow::Result<Vec<_>>>()
        .map(median)
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

fn row(what: &str, time: Duration, floor: Duration) -> Vec<String> {
    let ratio = time.as_secs_f64() / floor.as_secs_f64();
    vec![what.to_owned(), milliseconds(time), format!("{ratio:.2} ×")]
}

fn milliseconds(time: Duration) -> String {
    format!("{:.2} ms", time.as_secs_f64() * 1000.0)
}

fn count_files(directory: &Path) -> anyhow::Result<usize> {
    let output = Command::new("find")
        .arg(directory)
        .args(["-type", "f", "-printf", "x"])
        .output()?;
    Ok(output.stdout.len())
}

/// Cores and memory, without which no time means anything.
fn machine() -> String {
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let memory = fs::read_to_string("/proc/meminfo").ok().and_then(|text| {
        let kibibytes: u64 = text
            .lines()
            .next()?
            .split_whitespace()
            .nth(1)?
            .parse()
            .ok()?;
        Some(kibibytes / (1 << 20))
    });
    format!("{cores} cores, {} GiB of memory", memory.unwrap_or(0))
}
