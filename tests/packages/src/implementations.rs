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

/// All of them, the machine's first. Fails if one cannot be had: without it a test would say less
/// than it seems to.
pub fn all() -> Result<Vec<Implementation>> {
    let mut found = vec![named("pkgconf", PathBuf::from("/usr/bin/pkgconf"))?];
    for version in PKGCONF {
        let (kind, program) = pypi(version)?;
        found.push(named(kind, program)?);
    }
    let (kind, program) = debian()?;
    let one = named(kind, program).map_err(|error| {
        error.help("it runs with the machine's GLib: on Debian, `apt-get install libglib2.0-0`")
    })?;
    found.push(one);
    Ok(found)
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
        pip.args([
            "-m",
            "pip",
            "install",
            "--quiet",
            "--no-deps",
            "--upgrade",
            "--target",
        ])
        .arg(&top)
        .arg(format!("pkgconf=={version}"));
        run(&mut pip, &format!("install pkgconf {version} with pip"))
            .map_err(|error| error.help("on Debian, pip is in python3-pip"))?;
    }
    Ok(("pkgconf", program))
}

/// pkg-config 0.29.2, of the last release of Debian that has it. It runs with the machine's `GLib`.
fn debian() -> Result<(&'static str, PathBuf)> {
    let packages = cache_directory().join("pkg-config-0.29.2/packages");
    let names = ["pkg-config".to_owned()];
    let lacking = |why: String| {
        crate::Error::new("get pkg-config 0.29.2", why).help(format!(
            "it is in Debian's release {SUITE}: name a mirror that still has that release in the \
             machine's apt sources"
        ))
    };
    let archive = Archive::open_suite(SUITE).map_err(|error| lacking(error.to_string()))?;
    let fetched = store::fetch(&archive, &names, &packages)?;
    let Some(package) = fetched.packages.first() else {
        let mut reasons = fetched.lacking.into_iter().map(|(_, reason)| reason);
        return Err(lacking(reasons.next().unwrap_or_default()));
    };
    let bin = packages.join(&package.directory).join("bin");
    // `pkg-config` is a link to this one, whose name is the platform's.
    let programs = ["x86_64-pc-linux-gnu-pkg-config", "pkg-config"].map(|name| bin.join(name));
    match programs.into_iter().find(|program| program.is_file()) {
        Some(program) => Ok(("pkg-config", program)),
        None => Err(lacking(format!("{} has no program", bin.display()))),
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_implementation_that_does_not_run_is_an_error() {
        for program in ["/missing/pkgconf", "/bin/false"] {
            let error = named("pkgconf", PathBuf::from(program)).expect_err("it does not run");
            let told = error.to_string();
            let doing = format!("cannot ask {program} for its version");
            assert!(told.starts_with(&doing), "{told}");
        }
    }
}
