//! `cargo xtask bench --images`: an image of the boot test's packages, against what it is made of and
//! against copying the packages together first.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use nix::sys::resource::{UsageWho, getrusage};
use tests_boot::image::{DISK, HASH_TREE};
use tests_boot::layout::Layout;
use tests_boot::workshop::Workshop;
use walkdir::WalkDir;

use super::written::{TRACE, bytes_written};
use super::{machine, median};
use crate::boot_test as own;
use crate::set_up;
use crate::table::table;

/// What mkfs.erofs is told beside the compression: the same as by assemble-image.
const MKFS: [&str; 5] = ["-T1", "--all-time", "--hard-dereference", "-x-1", "--quiet"];

/// A compression, as assemble-image, mkfs.erofs and systemd-repart are told of it.
struct Compression {
    name: &'static str,
    mkfs: &'static [&'static str],
    repart: &'static str,
}

const COMPRESSIONS: [Compression; 2] = [
    Compression {
        name: "lz4",
        mkfs: &["-zlz4", "-C65536"],
        repart: "Compression=lz4\n",
    },
    Compression {
        name: "zstd",
        mkfs: &["-zzstd,level=3", "-C65536", "-Efragments,ztailpacking"],
        repart: "Compression=zstd\nCompressionLevel=3\n",
    },
];

/// Prints the table; `runs` are measured, of which the medians count.
pub(super) fn run(runs: usize) -> anyhow::Result<()> {
    set_up::ensure_installed(set_up::IMAGE_BENCH)?;
    let workshop = own::workshop(&crate::build)?;
    let directory = tempfile::Builder::new()
        .prefix("bench-images-")
        .tempdir_in(workshop.directory())?;
    let top = directory.path();
    let bench = Bench {
        workshop: &workshop,
        top,
        tree: top.join("tree"),
    };
    bench.unpack()?;
    let sizes = file_bytes(&bench.tree)?;
    println!("\nmachine:  {}", machine());
    println!(
        "packages: {}, {} files of {:.1} MB in the image",
        workshop.staged().store_paths().len(),
        sizes.0,
        megabytes(sizes.1)
    );
    println!(
        "runs:     medians of {runs}; bytes written to files in a run of their own, by strace"
    );
    println!("parts:    mkfs.erofs and veritysetup format on the unpacked image");
    println!("ours:     assemble-image --layout bare, without a kernel");
    println!("plan:     the same with --dry-run: lint, users, units, databases, checks; no image");
    println!("disk:     assemble-image --layout ddi, with initrd, unified kernel image and ESP");
    println!("staging:  cp of the unpacked image, then fakeroot systemd-repart with CopyFiles=\n");
    for compression in &COMPRESSIONS {
        println!("{}:\n", compression.name);
        bench.table(compression, runs, sizes.1)?;
    }
    Ok(())
}

struct Bench<'a> {
    workshop: &'a Workshop,
    /// For what is written.
    top: &'a Path,
    /// The files of the image.
    tree: PathBuf,
}

/// A way to make an image: what removes the result of the last run, and what is run.
struct Way<'a> {
    name: &'static str,
    results: Vec<PathBuf>,
    steps: Box<dyn Fn() -> anyhow::Result<Vec<Command>> + 'a>,
}

impl Bench<'_> {
    /// Makes an image once and unpacks it, for those who need a ready directory.
    fn unpack(&self) -> anyhow::Result<()> {
        let image = self.workshop.assemble(Layout::Bare)?;
        let mut extract = self.workshop.tools().command("fsck.erofs");
        extract
            .arg(format!("--extract={}", self.tree.display()))
            .args(["--preserve"])
            .arg(image.file(DISK));
        quietly(&mut extract)?;
        Ok(image.remove()?)
    }

    fn table(&self, compression: &Compression, runs: usize, files: u64) -> anyhow::Result<()> {
        let ways = [
            self.parts(compression),
            self.ours("ours", Layout::Bare, compression, &[])?,
            self.ours("plan", Layout::Bare, compression, &["--dry-run"])?,
            self.ours("disk", Layout::Ddi, compression, &[])?,
            self.staging(compression),
        ];
        let mkfs = self.mkfs(compression, runs)?;
        let mut rows = Vec::new();
        let mut first = None;
        for way in &ways {
            let (wall, cpu) = way.measure(runs)?;
            let floor = *first.get_or_insert(wall);
            let written = way.bytes(self.top)?;
            rows.push(vec![
                way.name.to_owned(),
                seconds(wall),
                format!("{:.2} ×", wall.as_secs_f64() / floor.as_secs_f64()),
                seconds(wall.saturating_sub(mkfs)),
                seconds(cpu),
                format!("{:.1}", megabytes(written)),
            ]);
        }
        let size =
            |name: &str| fs::metadata(self.top.join("ours").join(name)).map(|file| file.len());
        let (image, hash_tree) = (size(DISK)?, size(HASH_TREE)?);
        let head = ["", "wall", "of parts", "outside mkfs", "CPU", "MB written"];
        println!("{}", table(&head, &rows));
        println!(
            "image {:.1} MB, hash tree {:.1} MB, mkfs.erofs alone {}; files + 2 × image + hash tree = {:.1} MB\n",
            megabytes(image),
            megabytes(hash_tree),
            seconds(mkfs),
            megabytes(files + 2 * image + hash_tree)
        );
        Ok(())
    }

    fn mkfs_command(&self, compression: &Compression, image: &Path) -> Command {
        let mut mkfs = self.workshop.tools().command("mkfs.erofs");
        mkfs.args(compression.mkfs).args(MKFS);
        mkfs.arg(image).arg(&self.tree);
        mkfs
    }

    fn mkfs(&self, compression: &Compression, runs: usize) -> anyhow::Result<Duration> {
        let image = self.top.join("mkfs.raw");
        let way = Way {
            name: "mkfs.erofs",
            results: vec![image.clone()],
            steps: Box::new(move || Ok(vec![self.mkfs_command(compression, &image)])),
        };
        Ok(way.measure(runs)?.0)
    }

    fn parts<'a>(&'a self, compression: &'a Compression) -> Way<'a> {
        let (image, hash_tree) = (self.top.join("parts.raw"), self.top.join("parts.verity"));
        Way {
            name: "parts",
            results: vec![image.clone(), hash_tree.clone()],
            steps: Box::new(move || {
                let mut verity = self.workshop.tools().command("veritysetup");
                verity.arg("format").args([&image, &hash_tree]);
                Ok(vec![self.mkfs_command(compression, &image), verity])
            }),
        }
    }

    fn ours<'a>(
        &'a self,
        name: &'static str,
        layout: Layout,
        compression: &'a Compression,
        more: &'static [&'static str],
    ) -> anyhow::Result<Way<'a>> {
        let output = self.top.join(name);
        let inputs = self.top.join(format!("{name}-inputs"));
        fs::create_dir_all(&inputs)?;
        Ok(Way {
            name,
            results: vec![output.clone()],
            steps: Box::new(move || {
                let mut assembly = self.workshop.assembly();
                if layout == Layout::Bare {
                    assembly.kernel = None;
                }
                let mut command = assembly.command(layout, &output, &inputs)?;
                command.args(["--compression", compression.name]).args(more);
                Ok(vec![command])
            }),
        })
    }

    /// As an image is made where packages are copied together.
    fn staging<'a>(&'a self, compression: &'a Compression) -> Way<'a> {
        let (stage, image) = (self.top.join("stage"), self.top.join("staging.raw"));
        let definitions = self.top.join("repart.d");
        // systemd-repart itself says which compression.
        let more: Vec<&str> = [&compression.mkfs[1..], &MKFS[..]].concat();
        Way {
            name: "staging",
            results: vec![stage.clone(), image.clone()],
            steps: Box::new(move || {
                fs::create_dir_all(&definitions)?;
                fs::write(
                    definitions.join("1-root.conf"),
                    format!(
                        "[Partition]\nType=root\nFormat=erofs\n{}CopyFiles=/\nMinimize=best\nVerity=data\n\
                         VerityMatchKey=root\n",
                        compression.repart
                    ),
                )?;
                fs::write(
                    definitions.join("2-verity.conf"),
                    "[Partition]\nType=root-verity\nVerity=hash\nVerityMatchKey=root\nMinimize=best\n",
                )?;
                fs::create_dir(&stage)?;
                let mut copy = Command::new("cp");
                copy.args(["--archive", "--no-target-directory"])
                    .args([&self.tree, &stage]);
                let mut repart = Command::new("fakeroot");
                repart
                    .arg("--")
                    .arg(self.workshop.tools().bin().join("systemd-repart"))
                    .env("PATH", self.workshop.tools().search_path())
                    .env("SYSTEMD_REPART_MKFS_OPTIONS_EROFS", more.join(" "))
                    .args([
                        "--empty=create",
                        "--size=auto",
                        "--dry-run=no",
                        "--offline=yes",
                    ])
                    .arg(option("--definitions=", &definitions))
                    .arg(option("--root=", &stage))
                    .arg(&image);
                Ok(vec![copy, repart])
            }),
        }
    }
}

impl Way<'_> {
    fn clean(&self) -> anyhow::Result<()> {
        for path in &self.results {
            match fs::symlink_metadata(path) {
                Ok(found) if found.is_dir() => fs::remove_dir_all(path)?,
                Ok(_) => fs::remove_file(path)?,
                Err(_) => {}
            }
        }
        Ok(())
    }

    /// Wall and CPU time, each the median.
    fn measure(&self, runs: usize) -> anyhow::Result<(Duration, Duration)> {
        let (mut walls, mut cpus) = (Vec::new(), Vec::new());
        for _ in 0..=runs {
            self.clean()?;
            let steps = (self.steps)()?;
            let (begin, start) = (children_cpu()?, Instant::now());
            for mut step in steps {
                quietly(&mut step)?;
            }
            walls.push(start.elapsed());
            cpus.push(children_cpu()?.saturating_sub(begin));
        }
        // The first warms the caches.
        Ok((median(walls.split_off(1)), median(cpus.split_off(1))))
    }

    /// The bytes that a run writes to files.
    fn bytes(&self, top: &Path) -> anyhow::Result<u64> {
        self.clean()?;
        let log = top.join("strace");
        let mut written = 0;
        for step in (self.steps)()? {
            let mut traced = Command::new("strace");
            traced.args(TRACE).arg("-o").arg(&log);
            traced.arg(step.get_program()).args(step.get_args());
            for (name, value) in step.get_envs() {
                if let Some(value) = value {
                    traced.env(name, value);
                }
            }
            quietly(&mut traced)?;
            written += bytes_written(&fs::read(&log)?);
        }
        Ok(written)
    }
}

fn option(name: &str, path: &Path) -> std::ffi::OsString {
    let mut option = std::ffi::OsString::from(name);
    option.push(AsRef::<OsStr>::as_ref(path));
    option
}

/// Runs to the end; what it says is shown if it fails.
fn quietly(command: &mut Command) -> anyhow::Result<()> {
    let output = command
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("cannot start {}", command.get_program().display()))?;
    ensure!(
        output.status.success(),
        "{command:?} ended with {}\n{}",
        output.status,
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(())
}

/// The time that ended children of this process, and theirs, have computed.
fn children_cpu() -> anyhow::Result<Duration> {
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN)?;
    let microseconds = |time: nix::sys::time::TimeVal| {
        u64::try_from(time.tv_sec() * 1_000_000 + time.tv_usec()).unwrap_or(0)
    };
    Ok(Duration::from_micros(
        microseconds(usage.user_time()) + microseconds(usage.system_time()),
    ))
}

/// How many regular files there are, and their bytes.
fn file_bytes(tree: &Path) -> anyhow::Result<(usize, u64)> {
    let (mut count, mut bytes) = (0, 0);
    for entry in WalkDir::new(tree) {
        let entry = entry?;
        if entry.file_type().is_file() {
            count += 1;
            bytes += entry.metadata()?.len();
        }
    }
    Ok((count, bytes))
}

#[expect(clippy::cast_precision_loss, reason = "it is a measurement")]
fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}

fn seconds(time: Duration) -> String {
    format!("{:.2} s", time.as_secs_f64())
}
