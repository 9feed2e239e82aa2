//! One layout's trial: assembled twice, tampered with, booted, logged in to.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use real_packages::{Error, Result, run};

use crate::image::{DISK, HASH_TREE, Image};
use crate::layout::Layout;
use crate::machine::{Machine, Start};
use crate::tamper::{Place, flip};
use crate::workshop::Workshop;
use crate::{checks, logins, session};

/// What the kernel says of a block that is not what its hash says.
const CORRUPTED: &str = "Kernel panic - not syncing: dm-verity device corrupted";

/// Tries a layout; `step` is told what is done next. One failure does not keep the others from
/// being found.
pub fn run_all(workshop: &Workshop, layout: Layout, step: &dyn Fn(&str)) -> Vec<Error> {
    step("assemble");
    let image = match workshop.assemble(layout) {
        Ok(image) => image,
        Err(error) => return vec![error],
    };
    step("assemble again, and compare");
    let mut failures: Vec<Error> = is_reproducible(workshop, &image)
        .err()
        .into_iter()
        .collect();
    step("boot, log in and check");
    failures.extend(boots_and_works(workshop, &image).err());
    if layout == Layout::Bare {
        step("verify");
        failures.extend(verify(workshop, &image.file(DISK), &image).err());
        for damage in damages(workshop) {
            let refused = damage.and_then(|damage| {
                step(&format!("flip a bit of {}, verify and boot", damage.name));
                is_refused(workshop, &image, &damage)
            });
            failures.extend(refused.err());
        }
    }
    failures.extend(image.remove().err());
    failures
}

/// Boots an image, logs in, asks all that applies to its layout, and shuts it down.
pub fn boots_and_works(workshop: &Workshop, image: &Image) -> Result<()> {
    let (start, disks) = image.start(workshop.kernel())?;
    let mut machine = Machine::start(&start, &disks)?;
    session::wait_for_login(&mut machine.console)?;
    logins::check(&mut machine.console)?;
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

/// A bit that is flipped.
struct Damage {
    name: &'static str,
    place: Place,
    /// Whether nothing reads it until somebody is logged in.
    is_late: bool,
}

fn damages(workshop: &Workshop) -> [Result<Damage>; 3] {
    let library = || {
        let package = workshop.staged().store_path("libsystemd-shared")?;
        workshop.file(&package, "libsystemd-shared-")
    };
    let program = || Ok(workshop.staged().store_path("nano")?.join("bin/nano"));
    let damage = |name, place, is_late| Damage {
        name,
        place,
        is_late,
    };
    [
        Ok(damage("the superblock", Place::Superblock, false)),
        library().map(|path| damage("a library of PID 1", Place::File(path), false)),
        program().map(|path| damage("a late file", Place::File(path), true)),
    ]
}

/// Flips a bit: both veritysetup and the booting machine must refuse.
fn is_refused(workshop: &Workshop, image: &Image, damage: &Damage) -> Result<()> {
    let doing = format!("have a flipped bit in {} refused", damage.name);
    let root = image.file("damaged");
    fs::copy(image.file(DISK), &root).map_err(|error| Error::new(&doing, error))?;
    flip(&root, damage.place.offset(workshop.tools(), &root)?)?;
    match verify(workshop, &root, image) {
        Ok(()) => return Err(Error::new(doing, "veritysetup verifies it")),
        // Any other failure would be one of the test.
        Err(error) if error.to_string().contains("Verification failed") => {}
        Err(error) => return Err(error),
    }
    let (start, mut disks) = image.start(workshop.kernel())?;
    if let Some(first) = disks.first_mut() {
        first.clone_from(&root);
    }
    let reads = match &damage.place {
        Place::File(path) if damage.is_late => Some(path.as_path()),
        _ => None,
    };
    dies(&start, &disks, reads).map_err(|error| Error {
        doing: format!("{doing}: {}", error.doing),
        ..error
    })?;
    fs::remove_file(&root).map_err(|error| Error::new(doing, error))
}

/// Boots a machine whose root is damaged: it must panic before it asks who is there, or, if `reads`
/// is the damaged file, as soon as that is read.
fn dies(start: &Start, disks: &[PathBuf], reads: Option<&Path>) -> Result<()> {
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
    // The kernel was told to end the machine after a panic.
    machine.wait(session::STEP)
}
