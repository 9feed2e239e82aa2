//! The trials of images: assembled twice, booted, logged in to, refused when damaged.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use rayon::prelude::*;
use tests_packages::{Error, Result, run};

use crate::image::{DISK, HASH_TREE, Image};
use crate::layout::Layout;
use crate::machine::{Machine, Start};
use crate::staging::SHADOW_LOGIN;
use crate::tamper::Place;
use crate::workshop::Workshop;
use crate::{checks, dry_run, full_disk, logins, session, tamper};

/// What the kernel says of a block that is not what its hash says.
const CORRUPTED: &str = "Kernel panic - not syncing: dm-verity device corrupted";

/// Assembles the layouts, and tries each in machines of its own, as many at once as there are cores;
/// `step` is told what is done next. One failure does not keep the others from being found.
pub fn run_all(
    workshop: &Workshop,
    layouts: &[Layout],
    step: &(dyn Fn(&str) + Sync),
) -> Vec<String> {
    let mut failures = Vec::new();
    let mut images = Vec::new();
    for &layout in layouts {
        step(&format!(
            "{layout}: assemble twice, and compare with each other and a dry run"
        ));
        match assemble(workshop, layout) {
            Ok(image) => images.push(image),
            Err(error) => failures.push(format!("{layout}: {error}")),
        }
    }
    if layouts.contains(&Layout::Ddi) {
        step("ddi: assemble on a disk that is full, sooner and later");
        match full_disk::is_told(workshop) {
            Ok(met) if met.len() > 2 => step(&format!("ddi: met by {met:?}")),
            Ok(met) => failures.push(format!("ddi: a full disk was met by {met:?} only")),
            Err(error) => failures.push(error.to_string()),
        }
    }
    let trials: Vec<(&Image, Trial)> = images
        .iter()
        .flat_map(|image| Trial::of(image.layout).map(move |trial| (image, trial)))
        .collect();
    // One machine for one thread, the longest first; no thread takes several at once.
    let tried = trials.par_iter().with_max_len(1).map(|(image, trial)| {
        let name = format!("{}: {}", image.layout, trial.name());
        step(&name);
        let result = trial.run(workshop, image);
        step(&format!(
            "{name}: {}",
            if result.is_ok() { "yes" } else { "NO" }
        ));
        result.err().map(|error| format!("{name}: {error}"))
    });
    failures.extend(tried.collect::<Vec<_>>().into_iter().flatten());
    failures
}

/// What is done with an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Trial {
    /// It boots, lets in who may, and runs as it should.
    Works,
    /// With one bit flipped it is refused.
    Refuses(Damage),
}

/// Where a bit is flipped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Damage {
    Superblock,
    /// A library of PID 1.
    Library,
    /// A program that nothing reads until somebody does.
    LateFile,
}

impl Trial {
    /// All that there are for a layout.
    fn of(layout: Layout) -> impl Iterator<Item = Self> {
        let damages: &[Damage] = match layout {
            Layout::Bare => &[Damage::Superblock, Damage::Library, Damage::LateFile],
            // The same root on the same device: one each shows that it is opened as strictly.
            Layout::Ddi => &[Damage::LateFile],
            Layout::EspFile => &[Damage::Library],
            Layout::Initrd => &[],
        };
        std::iter::once(Self::Works).chain(damages.iter().copied().map(Self::Refuses))
    }

    fn name(self) -> &'static str {
        match self {
            Self::Works => "boots, lets in who may, and runs as it should",
            Self::Refuses(Damage::Superblock) => "refuses a flipped bit in the superblock",
            Self::Refuses(Damage::Library) => "refuses a flipped bit in a library of PID 1",
            Self::Refuses(Damage::LateFile) => "refuses a flipped bit in a file that is read late",
        }
    }

    fn run(self, workshop: &Workshop, image: &Image) -> Result<()> {
        match self {
            Self::Works => boots_and_works(workshop, image),
            Self::Refuses(damage) => is_refused(workshop, image, damage).map(drop),
        }
    }
}

/// Assembles an image, and the same again: all files must have the same bytes.
fn assemble(workshop: &Workshop, layout: Layout) -> Result<Image> {
    let image = workshop.assemble(layout)?;
    is_reproducible(workshop, &image)?;
    dry_run::is_what_is_run(workshop, layout)?;
    if layout == Layout::Bare {
        verify(workshop, &image.file(DISK), &image)?;
    }
    Ok(image)
}

/// Boots an image, logs in, asks all that applies to its layout, and shuts it down.
pub fn boots_and_works(workshop: &Workshop, image: &Image) -> Result<()> {
    let (start, disks) = image.start(workshop.kernel())?;
    let mut machine = Machine::start(&start, &disks)?;
    session::wait_for_login(&mut machine.console)?;
    logins::check(&mut machine.console)?;
    if image.layout == Layout::Bare {
        let shadow = workshop.staged().store_path(SHADOW_LOGIN)?;
        logins::check_other(&mut machine.console, &shadow.join("bin/login"))?;
    }
    let mut shell = logins::enter(&mut machine.console, "root")?;
    let failures = checks::run(&mut shell, image.layout);
    if !failures.is_empty() {
        return Err(Error::new(
            format!("find all well: {} checks failed", failures.len()),
            format!(
                "{}\nthe console's last lines:\n{}",
                failures.join("\n"),
                machine.console.last_lines()
            ),
        ));
    }
    machine.console.send_line("systemctl poweroff")?;
    machine.wait(session::STEP)
}

/// Boots an image, logs in as an ordinary user and looks around; what stands on the console.
pub fn transcript(workshop: &Workshop, image: &Image) -> Result<String> {
    let (start, disks) = image.start(workshop.kernel())?;
    let mut machine = Machine::start(&start, &disks)?;
    let console = &mut machine.console;
    session::wait_for_login(console)?;
    logins::show(console)
}

/// Flips a bit of an image; what veritysetup and the booting kernel say of it.
pub fn refusal(workshop: &Workshop, image: &Image) -> Result<String> {
    is_refused(workshop, image, Damage::Superblock)
}

/// Assembles the same again: all files must have the same bytes.
fn is_reproducible(workshop: &Workshop, image: &Image) -> Result<()> {
    let again = workshop.assemble(image.layout)?;
    let (names, others) = (files(image)?, files(&again)?);
    if names != others {
        return Err(Error::new(
            "assemble the same twice",
            format!("once there are {names:?}, then {others:?}"),
        ));
    }
    for name in names {
        let mut compare = Command::new("cmp");
        compare
            .arg(image.directory.join(&name))
            .arg(again.directory.join(&name));
        let doing = format!("assemble the same {} twice", name.display());
        let output = compare
            .output()
            .map_err(|error| Error::new(&doing, error))?;
        if !output.status.success() {
            let why = [output.stdout, output.stderr].concat();
            return Err(Error::new(doing, String::from_utf8_lossy(&why)));
        }
    }
    again.remove()
}

fn files(image: &Image) -> Result<Vec<OsString>> {
    let doing = || format!("list {}", image.directory.display());
    let entries = fs::read_dir(&image.directory).map_err(|error| Error::new(doing(), error))?;
    let mut names = entries
        .map(|entry| Ok(entry?.file_name()))
        .collect::<std::io::Result<Vec<_>>>()
        .map_err(|error| Error::new(doing(), error))?;
    names.sort();
    Ok(names)
}

/// Asks veritysetup whether a root is what the image's root hash says.
fn verify(workshop: &Workshop, root: &Path, image: &Image) -> Result<()> {
    let mut verify = workshop.tools().command("veritysetup");
    verify
        .arg("verify")
        .arg(root)
        .arg(image.file(HASH_TREE))
        .arg(image.root_hash()?);
    run(&mut verify, "verify a root file system").map(|_| ())
}

impl Damage {
    fn place(self, workshop: &Workshop) -> Result<Place> {
        Ok(match self {
            Self::Superblock => Place::Superblock,
            Self::Library => {
                let package = workshop.staged().store_path("libsystemd-shared")?;
                Place::File(workshop.file(&package, "libsystemd-shared-")?)
            }
            Self::LateFile => Place::File(workshop.staged().store_path("nano")?.join("bin/nano")),
        })
    }
}

/// Flips a bit: veritysetup, if the root is a file, and the booting machine must refuse. What they say.
fn is_refused(workshop: &Workshop, image: &Image, damage: Damage) -> Result<String> {
    let doing = "flip a bit in a copy of the image";
    let directory = tempfile::tempdir_in(&image.directory).map_err(|e| Error::new(doing, e))?;
    let disk = directory.path().join(DISK);
    fs::copy(image.file(DISK), &disk).map_err(|error| Error::new(doing, error))?;
    let place = damage.place(workshop)?;
    tamper::damage(
        workshop.tools(),
        image.layout,
        &disk,
        &place,
        directory.path(),
    )?;
    let mut said = String::new();
    if image.layout == Layout::Bare {
        match verify(workshop, &disk, image) {
            Ok(()) => return Err(Error::new("have it refused", "veritysetup verifies it")),
            // Any other failure would be one of the test.
            Err(error) if error.to_string().contains("Verification failed") => {
                said = format!("{error}\n");
            }
            Err(error) => return Err(error),
        }
    }
    let (start, mut disks) = image.start(workshop.kernel())?;
    if let Some(first) = disks.first_mut() {
        *first = disk;
    }
    let reads = match &place {
        Place::File(path) if damage == Damage::LateFile => Some(path.as_path()),
        _ => None,
    };
    said.push_str(&dies(&start, &disks, reads)?);
    Ok(said)
}

/// Boots a machine whose root is damaged: it must panic before it asks who is there, or, if `reads`
/// is the damaged file, as soon as that is read. The console's line that says so.
fn dies(start: &Start, disks: &[PathBuf], reads: Option<&Path>) -> Result<String> {
    let mut machine = Machine::start(start, disks)?;
    let console = &mut machine.console;
    if let Some(file) = reads {
        session::wait_for_login(console)?;
        let mut shell = logins::enter(console, "root")?;
        shell.begin(&format!("cat {} >/dev/null", file.display()))?;
    }
    let found = console.expect_any(&[CORRUPTED, "login: ", "<end "], session::BOOT)?;
    if found.which != 0 {
        return Err(Error::new(
            "see the machine stop",
            format!(
                "it goes on; the console's last lines:\n{}",
                console.last_lines()
            ),
        ));
    }
    let text = console.text();
    let last = text.lines().rfind(|line| line.contains(CORRUPTED));
    let last = last.unwrap_or_default().trim().to_owned();
    // The kernel was told to end the machine after a panic.
    machine.wait(session::STEP)?;
    Ok(last)
}
