//! lintian, on packages that have the same files where Debian has them.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use tests_packages::{Error, Result, cannot_start, in_parallel, run};

use super::Said;
use crate::tree::PACKAGE;

/// As much of a package as lintian has to see to look at the files.
const CONTROL: &str = "\
Version: 1.0-1
Architecture: amd64
Maintainer: The Packagers <packagers@example.org>
Section: admin
Priority: optional
Depends: bash, coreutils, libc6
Description: clock daemon
 It knows what time it is.
";

/// Makes a package of the tree in `root`.
pub fn pack(root: &Path, name: &str, target: &Path) -> Result<()> {
    let doing = format!("make the package {name}");
    let control = root.join("DEBIAN");
    let io = |error| Error::new(&doing, error);
    fs::create_dir_all(&control).map_err(io)?;
    fs::write(
        control.join("control"),
        format!("Package: {name}\n{CONTROL}"),
    )
    .map_err(io)?;
    let mut command = Command::new("dpkg-deb");
    command
        .args(["--root-owner-group", "-Zgzip", "-z1", "--build"])
        .args([root, target]);
    run(&mut command, &doing)?;
    Ok(())
}

/// What lintian says of each package, by the package's name.
///
/// All that it can show is shown: hints of every severity, pedantic and experimental ones, each as
/// often as it occurs.
pub fn check(debs: &[PathBuf]) -> Result<BTreeMap<String, Said>> {
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    let parts: Vec<&[PathBuf]> = debs
        .chunks(debs.len().div_ceil(processors).max(1))
        .collect();
    let mut said = BTreeMap::new();
    for part in in_parallel(&parts, |part| check_part(part)) {
        said.extend(part?);
    }
    Ok(said)
}

fn check_part(debs: &[PathBuf]) -> Result<BTreeMap<String, Said>> {
    let doing = "check planted packages";
    let mut command = Command::new("lintian");
    command
        .args(["--no-cfg", "--allow-root", "--fail-on", "none"])
        .args(["--display-info", "--display-experimental", "--pedantic"])
        .args(["--tag-display-limit", "0", "--color", "never"])
        .args(debs)
        .env("LC_ALL", "C.UTF-8");
    let output = command
        .output()
        .map_err(|error| cannot_start(&command, doing, &error))?;
    if !output.status.success() {
        return Err(Error::new(doing, String::from_utf8_lossy(&output.stderr)));
    }
    let mut said: BTreeMap<String, Said> = BTreeMap::new();
    for line in String::from_utf8_lossy(&output.stdout).lines() {
        // `W: package: tag details`
        let mut parts = line.splitn(3, ": ");
        if let (Some(_severity), Some(package), Some(hint)) =
            (parts.next(), parts.next(), parts.next())
        {
            let hint = hint.replace(package, PACKAGE);
            said.entry(package.to_owned()).or_default().insert(hint);
        }
    }
    Ok(said)
}

/// The version that runs.
pub fn version() -> Result<String> {
    let output = run(
        Command::new("lintian").arg("--print-version"),
        "ask lintian's version",
    )?;
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
