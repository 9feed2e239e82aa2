//! Debian packages as store paths.

use std::collections::HashMap;
use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Component, Path, PathBuf};
use std::process::{Command, Stdio};

use walkdir::WalkDir;

use crate::archive::{Archive, Deb};
use crate::{Error, Result, cannot_start, in_parallel, run};

/// The digits of Nix's base 32.
const NIX_BASE32: &[u8; 32] = b"0123456789abcdfghijklmnpqrsvwxyz";

/// A package in a store.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Package {
    /// Debian's name of it.
    pub name: String,
    /// The last component of its store path: `<32 characters>-<name>-<version>`.
    pub directory: String,
}

/// What [`fetch`] could get.
#[derive(Debug, Default)]
pub struct Fetched {
    /// Packages that are in the store, sorted by name.
    pub packages: Vec<Package>,
    /// Names that could not be had, with the reason.
    pub lacking: Vec<(String, String)>,
}

/// Downloads packages and unpacks them into `store`; what is there already is kept.
pub fn fetch(archive: &Archive, names: &[String], store: &Path) -> Result<Fetched> {
    fs::create_dir_all(store)
        .map_err(|error| Error::new(format!("create {}", store.display()), error))?;
    let debs = archive.candidates(names)?;
    let mut fetched = Fetched::default();
    for name in names.iter().filter(|name| !debs.contains_key(*name)) {
        fetched.lacking.push((
            name.clone(),
            "the archive has no package of this name".into(),
        ));
    }
    let new: Vec<Deb> = debs
        .values()
        .filter(|deb| !store.join(store_name(deb)).exists())
        .cloned()
        .collect();
    let mut failed: HashMap<String, String> = archive
        .download(&new)
        .into_iter()
        .map(|(deb, reason)| (deb.name, reason))
        .collect();
    let had: Vec<&Deb> = new
        .iter()
        .filter(|deb| !failed.contains_key(&deb.name))
        .collect();
    for (deb, result) in had.iter().zip(in_parallel(&had, |deb| {
        unpack(&archive.path(deb), &store.join(store_name(deb)))
    })) {
        if let Err(error) = result {
            failed.insert(deb.name.clone(), error.to_string());
        }
    }
    for (name, deb) in debs {
        match failed.remove(&name) {
            Some(reason) => fetched.lacking.push((name, reason)),
            None => fetched.packages.push(Package {
                directory: store_name(&deb),
                name,
            }),
        }
    }
    Ok(fetched)
}

/// A copy of the whole store that shares no file with it; modes, times and links as they are.
pub fn copy(store: &Path, target: &Path) -> Result<()> {
    let mut command = Command::new("cp");
    command
        .args(["-a", "--reflink=auto", "--"])
        .args([store, target]);
    run(
        &mut command,
        &format!("copy {} to {}", store.display(), target.display()),
    )?;
    Ok(())
}

/// The store directories that hold programs, of all packages but one.
#[must_use]
pub fn bin_directories(
    store: &Path,
    packages: &[Package],
    except: Option<&Package>,
) -> Vec<PathBuf> {
    packages
        .iter()
        .filter(|package| Some(*package) != except)
        .flat_map(|package| ["bin", "sbin"].map(|bin| store.join(&package.directory).join(bin)))
        .filter(|directory| directory.is_dir())
        .collect()
}

/// The name of a package's store path: the epoch is dropped, and `~`, which a store path cannot
/// have, becomes `_`.
#[must_use]
pub fn store_name(deb: &Deb) -> String {
    let version = deb
        .version
        .split_once(':')
        .map_or(&*deb.version, |(_, rest)| rest);
    format!(
        "{}-{}-{}",
        nix_base32(&deb.sha256),
        deb.name,
        version.replace('~', "_")
    )
}

/// The first 160 bits of a hexadecimal hash as 32 characters, the last digit first, as Nix does.
#[must_use]
pub fn nix_base32(hex: &str) -> String {
    let bytes: Vec<u8> = (0..20)
        .map(|i| {
            hex.get(2 * i..2 * i + 2)
                .and_then(|b| u8::from_str_radix(b, 16).ok())
                .unwrap_or(0)
        })
        .collect();
    (0..32)
        .rev()
        .map(|digit| {
            let bit = digit * 5;
            let pair = u16::from(bytes[bit / 8])
                | u16::from(bytes.get(bit / 8 + 1).copied().unwrap_or(0)) << 8;
            char::from(NIX_BASE32[usize::from(pair >> (bit % 8)) & 31])
        })
        .collect()
}

/// Unpacks a .deb; `target` appears only when it is complete.
pub fn unpack(deb: &Path, target: &Path) -> Result<()> {
    let doing = format!("unpack {}", deb.display());
    let name = target.file_name().unwrap_or_default().to_string_lossy();
    let partial = target.with_file_name(format!(".partial-{name}"));
    let io = |error: std::io::Error| Error::new(&doing, error);
    if partial.exists() {
        fs::remove_dir_all(&partial).map_err(io)?;
    }
    fs::create_dir_all(&partial).map_err(io)?;

    let mut read = Command::new("dpkg-deb");
    read.arg("--fsys-tarfile")
        .arg(deb)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut reading = read
        .spawn()
        .map_err(|error| cannot_start(&read, &doing, &error))?;
    let mut write = Command::new("tar");
    write
        .args(["-x", "--no-same-owner", "--preserve-permissions", "-C"])
        .arg(&partial);
    write
        .stdin(reading.stdout.take().map_or_else(Stdio::null, Stdio::from))
        .stderr(Stdio::piped());
    let written = write
        .output()
        .map_err(|error| cannot_start(&write, &doing, &error));
    let read = reading.wait_with_output().map_err(io)?;
    let written = written?;
    if !read.status.success() || !written.status.success() {
        let why = [read.stderr, written.stderr].concat();
        return Err(Error::new(&doing, String::from_utf8_lossy(&why)));
    }

    lay_out(&partial).map_err(io)?;
    fs::rename(&partial, target).map_err(io)
}

/// Turns a package's tree into an output's: `usr/` goes into the top, and links follow.
fn lay_out(tree: &Path) -> std::io::Result<()> {
    for entry in fs::read_dir(tree)? {
        let entry = entry?;
        // base-files has `bin -> usr/bin`; once `usr/` is gone these are the same directory.
        if entry.file_type()?.is_symlink() {
            fs::remove_file(entry.path())?;
        }
    }
    mend_links(tree)?;
    let usr = tree.join("usr");
    if usr.is_dir() {
        merge(&usr, tree)?;
    }
    fs::set_permissions(tree, fs::Permissions::from_mode(0o755))
}

/// Moves all that is in `from` into `to`; where both have a file, `from` wins.
fn merge(from: &Path, to: &Path) -> std::io::Result<()> {
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        let is_directory = |path: &Path| fs::symlink_metadata(path).is_ok_and(|file| file.is_dir());
        if is_directory(&entry.path()) && is_directory(&target) {
            merge(&entry.path(), &target)?;
        } else {
            fs::rename(entry.path(), target)?;
        }
    }
    fs::remove_dir(from)
}

/// Makes links to the package's own files lead there after the merge.
fn mend_links(tree: &Path) -> std::io::Result<()> {
    let links = WalkDir::new(tree)
        .into_iter()
        .filter_map(std::result::Result::ok);
    for link in links.filter(walkdir::DirEntry::path_is_symlink) {
        let target = fs::read_link(link.path())?;
        let Ok(place) = link.path().strip_prefix(tree) else {
            continue;
        };
        let parent = place.parent().unwrap_or(Path::new(""));
        // What the link means on a Debian system, and what it would mean after the merge.
        let meant = without_usr(&normal(&Path::new("/").join(parent).join(&target)));
        let place = without_usr(place);
        let parent = place.parent().unwrap_or(Path::new(""));
        let still_right = target.is_relative()
            && stays_inside(&parent.join(&target))
            && normal(&parent.join(&target)) == meant;
        let shipped = [tree.join(&meant), tree.join("usr").join(&meant)]
            .iter()
            .any(|path| fs::symlink_metadata(path).is_ok());
        if !still_right && shipped && !meant.as_os_str().is_empty() {
            fs::remove_file(link.path())?;
            symlink(relative(parent, &meant), link.path())?;
        }
    }
    Ok(())
}

/// A path below `/` without `.`, `..` and the leading slash.
fn normal(path: &Path) -> PathBuf {
    let mut result = PathBuf::new();
    for component in path.components() {
        match component {
            Component::Normal(name) => result.push(name),
            Component::ParentDir => {
                result.pop();
            }
            Component::RootDir | Component::CurDir | Component::Prefix(_) => {}
        }
    }
    result
}

fn stays_inside(path: &Path) -> bool {
    let mut depth = 0_i32;
    path.components().all(|component| {
        depth += match component {
            Component::Normal(_) => 1,
            Component::ParentDir => -1,
            _ => 0,
        };
        depth >= 0
    })
}

fn without_usr(path: &Path) -> PathBuf {
    path.strip_prefix("usr").unwrap_or(path).to_owned()
}

/// How to get from a directory to a file, both relative to the same place.
fn relative(from: &Path, to: &Path) -> PathBuf {
    let shared = from
        .components()
        .zip(to.components())
        .take_while(|(a, b)| a == b)
        .count();
    let mut path: PathBuf = from.components().skip(shared).map(|_| "..").collect();
    path.extend(to.components().skip(shared));
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_is_written_as_nix_does() {
        // 20 zero bytes, all ones, and a single low bit, which is the last digit.
        assert_eq!(nix_base32(&"00".repeat(32)), "0".repeat(32));
        assert_eq!(nix_base32(&"ff".repeat(32)), "z".repeat(32));
        assert_eq!(
            nix_base32(&format!("01{}", "00".repeat(31))),
            format!("{}1", "0".repeat(31))
        );
    }

    #[test]
    fn usr_is_merged_and_own_links_lead_to_their_files() -> std::io::Result<()> {
        let directory = tempfile::tempdir()?;
        let tree = directory.path();
        for path in ["usr/bin", "usr/lib/x", "lib/x", "etc/init.d", "usr/sbin"] {
            fs::create_dir_all(tree.join(path))?;
        }
        fs::write(tree.join("usr/bin/tool"), "")?;
        fs::write(tree.join("lib/x/data"), "")?;
        symlink("/usr/bin/tool", tree.join("etc/init.d/tool"))?;
        symlink("../usr/bin/tool", tree.join("etc/tool"))?;
        symlink("../../lib/x/data", tree.join("usr/bin/data"))?;
        symlink("../bin/tool", tree.join("usr/sbin/tool"))?;
        symlink("/etc/alternatives/awk", tree.join("usr/bin/awk"))?;
        symlink("/dev/null", tree.join("usr/lib/x/mask"))?;
        symlink("usr/lib", tree.join("lib64"))?;
        lay_out(tree)?;
        let target = |path: &str| fs::read_link(tree.join(path));
        assert_eq!(target("etc/init.d/tool")?, Path::new("../../bin/tool"));
        assert_eq!(target("etc/tool")?, Path::new("../bin/tool"));
        assert_eq!(target("bin/data")?, Path::new("../lib/x/data"));
        assert_eq!(target("sbin/tool")?, Path::new("../bin/tool"));
        assert_eq!(target("bin/awk")?, Path::new("/etc/alternatives/awk"));
        assert_eq!(target("lib/x/mask")?, Path::new("/dev/null"));
        assert!(tree.join("sbin/tool").is_file() && tree.join("bin/data").is_file());
        assert!(!tree.join("usr").exists() && !tree.join("lib64").exists());
        Ok(())
    }

    #[test]
    fn a_broken_deb_leaves_nothing_behind_at_its_place() -> std::io::Result<()> {
        let directory = tempfile::tempdir()?;
        let deb = directory.path().join("broken.deb");
        fs::write(&deb, "not a package")?;
        let target = directory.path().join("target");
        let error = unpack(&deb, &target).expect_err("the file is no package");
        assert!(error.to_string().contains("broken.deb"), "{error}");
        assert!(!target.exists());
        Ok(())
    }
}
