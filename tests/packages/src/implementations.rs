//! Implementations of pkg-config: the machine's, and others from `PyPI` and an older Debian.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::archive::Archive;
use crate::{Result, cache_directory, run, store};

/// A program that answers as pkg-config does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Implementation {
    /// Its name and version.
    pub name: String,
    /// The program.
    pub program: PathBuf,
}

/// pkgconf's versions on `PyPI`: the last of the second and the third series.
const PKGCONF: [&str; 2] = ["2.5.1.post2", "3.0.7.post0"];

/// The release of Debian that has pkg-config 0.29.2, which nixpkgs uses.
const SUITE: &str = "bullseye";

/// All that can be had, and why others cannot: the machine's first.
pub fn all() -> Result<(Vec<Implementation>, Vec<String>)> {
    let mut found = vec![named("pkgconf", PathBuf::from("/usr/bin/pkgconf"))?];
    let mut lacking = Vec::new();
    let others = PKGCONF.iter().map(|version| pypi(version));
    for other in others.chain([debian()]) {
        match other.and_then(|(kind, program)| named(kind, program)) {
            Ok(one) => found.push(one),
            Err(error) => lacking.push(error.to_string()),
        }
    }
    Ok((found, lacking))
}

fn named(kind: &str, program: PathBuf) -> Result<Implementation> {
    let doing = format!("ask {} for its version", program.display());
    let version = run(Command::new(&program).arg("--version"), &doing)?.stdout;
    let version = String::from_utf8_lossy(&version);
    Ok(Implementation {
        name: format!("{kind} {}", version.trim()),
        program,
    })
}

/// pkgconf as a Python package brings it.
fn pypi(version: &str) -> Result<(&'static str, PathBuf)> {
    let top = cache_directory().join(format!("pkgconf-{version}"));
    let program = top.join("pkgconf/.bin/pkgconf");
    if !program.is_file() {
        let mut pip = Command::new("python3");
        pip.args(["-m", "pip", "install", "--quiet", "--no-deps", "--target"])
            .arg(&top)
            .arg(format!("pkgconf=={version}"));
        run(&mut pip, &format!("install pkgconf {version} with pip"))
            .map_err(|error| error.help("on Debian, pip is in python3-pip"))?;
    }
    Ok(("pkgconf", program))
}

fn debian() -> Result<(&'static str, PathBuf)> {
    let top = cache_directory().join("pkg-config-0.29.2");
    let packages = top.join("packages");
    let names = ["pkg-config".to_owned()];
    let fetched = store::fetch(&Archive::open_suite(SUITE)?, &names, &packages)?;
    let directory = fetched
        .packages
        .first()
        .map(|package| packages.join(&package.directory));
    let Some(directory) = directory else {
        let reasons: Vec<String> = fetched
            .lacking
            .into_iter()
            .map(|(_, reason)| reason)
            .collect();
        return Err(crate::Error::new(
            "get pkg-config 0.29.2",
            reasons.join(", "),
        ));
    };
    // It is a link to this one, whose name is the platform's.
    let program = directory.join("bin/x86_64-pc-linux-gnu-pkg-config");
    Ok((
        "pkg-config",
        if program.exists() {
            program
        } else {
            directory.join("bin/pkg-config")
        },
    ))
}

/// A directory in which `pkg-config` and `pkgconf` are this implementation.
pub fn directory(of: &Implementation, top: &Path) -> std::io::Result<PathBuf> {
    let directory = top.join(of.name.replace(' ', "-"));
    fs::create_dir_all(&directory)?;
    for name in ["pkg-config", "pkgconf"] {
        let link = directory.join(name);
        if !link.exists() {
            std::os::unix::fs::symlink(&of.program, link)?;
        }
    }
    Ok(directory)
}
