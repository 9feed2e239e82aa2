//! Tools in the versions of one Debian release, without touching the machine.
//!
//! Their packages are unpacked below the cache directory, side by side with the libraries that they
//! need, and each tool is started by a small script through the dynamic loader that came with it.
//! So neither a chroot nor root's rights are needed, and the machine's own, older tools and
//! libraries play no part.

use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use sha2::{Digest as _, Sha256};

use crate::archive::{Archive, Deb};
use crate::{Error, Result, cache_directory, run};

/// Tools that are unpacked together.
#[derive(Clone, Copy, Debug)]
pub struct ToolSet {
    /// What the directory's name begins with.
    name: &'static str,
    /// The packages that have the tools; what they depend on comes with them.
    packages: &'static [&'static str],
    /// The tools themselves. Not all that is unpacked: a shell or a `cp` of another release would
    /// only get in the way of the machine's.
    tools: &'static [&'static str],
}

/// What assembles images.
pub const IMAGES: ToolSet = ToolSet {
    name: "tools",
    packages: &[
        "cryptsetup-bin",
        "dosfstools",
        "erofs-utils",
        "fdisk",
        "kmod",
        "mtools",
        "patchelf",
        "systemd",
        "systemd-boot-efi",
        "systemd-container",
        "systemd-repart",
        "systemd-ukify",
        "udev",
        "zstd",
    ],
    tools: &[
        "depmod",
        "dump.erofs",
        "fsck.erofs",
        "fsck.vfat",
        "journalctl",
        "mcopy",
        "mdir",
        "mkfs.erofs",
        "mkfs.vfat",
        "mmd",
        "mtools",
        "mtype",
        "patchelf",
        "sfdisk",
        "systemctl",
        "systemd-analyze",
        "systemd-dissect",
        "systemd-firstboot",
        "systemd-hwdb",
        "systemd-id128",
        "systemd-repart",
        "systemd-sysusers",
        "systemd-tmpfiles",
        "udevadm",
        "ukify",
        "veritysetup",
        "zstd",
    ],
};

/// Nix, newer than the machine's.
pub const NIX: ToolSet = ToolSet {
    name: "nix-tools",
    packages: &["nix-bin"],
    tools: &["nix-instantiate"],
};

const LIBRARIES: &str = "usr/lib/x86_64-linux-gnu";
const LOADER: &str = "usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2";
const STUB: &str = "usr/lib/systemd/boot/efi/linuxx64.efi.stub";
/// Changes whenever what is made of the packages does, so that an older tool root is not taken.
const LAYOUT: &str = "1";

/// Tools that are ready to be run.
#[derive(Clone, Debug)]
pub struct ToolRoot {
    directory: PathBuf,
}

impl ToolRoot {
    /// Downloads and unpacks the tools, unless the cache has them in their current versions.
    pub fn provide(archive: &Archive, set: &ToolSet) -> Result<Self> {
        let debs = with_dependencies(archive, set.packages)?;
        let directory = cache_directory().join(format!("{}-{}", set.name, digest(&debs)));
        unpack_together(archive, &debs, &directory, |partial| {
            write_scripts(set.tools, partial, &directory)
        })?;
        Ok(Self { directory })
    }

    /// The directory with a script for each tool, to stand at the front of `PATH`.
    #[must_use]
    pub fn bin(&self) -> PathBuf {
        self.directory.join("bin")
    }

    /// The EFI stub that `ukify` takes unless told otherwise.
    #[must_use]
    pub fn stub(&self) -> PathBuf {
        self.directory.join(STUB)
    }

    /// systemd's own units, in a directory for each kind of manager.
    #[must_use]
    pub fn units(&self) -> PathBuf {
        self.directory.join("usr/lib/systemd")
    }

    /// The users and groups that every system has.
    #[must_use]
    pub fn sysusers(&self) -> PathBuf {
        self.directory.join("usr/lib/sysusers.d")
    }

    /// systemd's version, as its tools say it.
    pub fn systemd_version(&self) -> Result<String> {
        let mut ask = self.command("systemd-analyze");
        let output = run(ask.arg("--version"), "ask systemd's version")?;
        let text = String::from_utf8_lossy(&output.stdout);
        // `systemd 257 (257.9-1~deb13u1)`
        let version = text
            .lines()
            .next()
            .and_then(|line| line.split(['(', ')']).nth(1));
        Ok(version.unwrap_or_default().to_owned())
    }

    /// A run of a tool.
    #[must_use]
    pub fn command(&self, tool: &str) -> Command {
        let mut command = Command::new(self.bin().join(tool));
        command.env("PATH", self.search_path());
        command
    }

    /// The `PATH` with which tools find each other, and the machine's programs after them.
    #[must_use]
    pub fn search_path(&self) -> std::ffi::OsString {
        let machine = std::env::var_os("PATH").unwrap_or_default();
        let mut path = self.bin().into_os_string();
        path.push(":");
        path.push(machine);
        path
    }
}

/// Packages and all they depend on, as the archive has them now.
pub fn with_dependencies(archive: &Archive, names: &[&str]) -> Result<Vec<Deb>> {
    let names: Vec<String> = names.iter().map(ToString::to_string).collect();
    let all = archive.with_dependencies(&names)?;
    Ok(archive.candidates(&all)?.into_values().collect())
}

/// A short name for just these packages in just these versions.
#[must_use]
pub fn digest(debs: &[Deb]) -> String {
    let mut hasher = Sha256::new();
    hasher.update(LAYOUT);
    for deb in debs {
        hasher.update(&deb.sha256);
    }
    let mut text = format!("{:x}", hasher.finalize());
    text.truncate(16);
    text
}

/// Unpacks packages over each other, as an installation would; `finish` is given the tree before
/// it gets its name. A tree that is there already is kept.
pub fn unpack_together(
    archive: &Archive,
    debs: &[Deb],
    directory: &Path,
    finish: impl FnOnce(&Path) -> Result<()>,
) -> Result<()> {
    if directory.is_dir() {
        return Ok(());
    }
    let doing = format!("unpack packages to {}", directory.display());
    if let Some((deb, reason)) = archive.download(debs).first() {
        return Err(Error::new(
            format!("download the package {}", deb.name),
            reason,
        ));
    }
    let name = directory.file_name().unwrap_or_default().to_string_lossy();
    let partial = directory.with_file_name(format!(".partial-{name}"));
    let io = |error| Error::new(&doing, error);
    if partial.exists() {
        fs::remove_dir_all(&partial).map_err(io)?;
    }
    fs::create_dir_all(&partial).map_err(io)?;
    // base-files has the links by which `/lib` is `/usr/lib`; the others go through them.
    let (base, others): (Vec<&Deb>, Vec<&Deb>) =
        debs.iter().partition(|deb| deb.name == "base-files");
    for deb in base.into_iter().chain(others) {
        let mut unpack = Command::new("dpkg-deb");
        unpack.arg("-x").arg(archive.path(deb)).arg(&partial);
        run(&mut unpack, &format!("unpack the package {}", deb.name))?;
    }
    finish(&partial)?;
    fs::rename(&partial, directory).map_err(io)
}

/// Writes a script for each tool; `tree` is where the files are now, `place` where they will be.
fn write_scripts(tools: &[&str], tree: &Path, place: &Path) -> Result<()> {
    let bin = tree.join("bin");
    let io = |error: std::io::Error| Error::new("write the scripts that start the tools", error);
    // `/bin` would be a link to `/usr/bin`, which is full.
    match fs::remove_file(&bin) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(io(error)),
        _ => {}
    }
    fs::create_dir(&bin).map_err(io)?;
    for tool in tools {
        let Some(program) = ["usr/bin", "usr/sbin"]
            .map(|directory| format!("{directory}/{tool}"))
            .into_iter()
            .find(|path| fs::symlink_metadata(tree.join(path)).is_ok())
        else {
            return Err(Error::new(
                format!("provide the tool {tool}"),
                "no package has it any more",
            )
            .help("look which package has it now, and add that to the packages in tool_root.rs"));
        };
        let start = fs::read(tree.join(&program)).map_err(io)?;
        let text = if start.starts_with(b"#!") {
            python_script(place, &program)
        } else {
            script(place, tool, &program)
        };
        let path = bin.join(tool);
        fs::write(&path, text).map_err(io)?;
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).map_err(io)?;
    }
    Ok(())
}

/// What starts a program with the libraries that came with it.
fn script(place: &Path, name: &str, program: &str) -> String {
    let place = place.display();
    let mut text = String::from("#!/bin/sh\n");
    // mtools convert names of files; the converters lie beside the libraries.
    let _ = writeln!(text, "export GCONV_PATH={place}/{LIBRARIES}/gconv");
    let _ = writeln!(
        text,
        "exec {place}/{LOADER} --argv0 {name} \\\n    \
         --library-path {place}/{LIBRARIES}:{place}/{LIBRARIES}/systemd \\\n    \
         {place}/{program} \"$@\""
    );
    text
}

/// What starts a program in Python with the interpreter, modules and EFI stub that came with it.
fn python_script(place: &Path, program: &str) -> String {
    let place = place.display();
    // argparse takes the last of several: the caller's own `--stub` still counts.
    format!(
        "#!/bin/sh\nexport PYTHONHOME={place}/usr PYTHONDONTWRITEBYTECODE=1\n\
         export PYTHONPATH={place}/usr/lib/python3/dist-packages\n\
         case \"$1\" in build) shift; set -- build --stub={place}/{STUB} \"$@\" ;; esac\n\
         exec {place}/{LOADER} --argv0 python3 --library-path {place}/{LIBRARIES} \\\n    \
         {place}/usr/bin/python3 {place}/{program} \"$@\"\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lists_are_sorted() {
        for set in [IMAGES, NIX] {
            assert!(set.packages.is_sorted() && set.tools.is_sorted(), "{set:?}");
        }
    }

    #[test]
    fn a_tool_is_started_through_its_own_loader() {
        let text = script(Path::new("/cache/tools"), "mcopy", "usr/bin/mcopy");
        assert!(text.contains(
            "exec /cache/tools/usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2 --argv0 mcopy"
        ));
        assert!(text.ends_with("/cache/tools/usr/bin/mcopy \"$@\"\n"));
    }
}
