//! What must be on the machine.

use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, bail, ensure};

/// A program or file, and the Debian package that has it.
pub(crate) type Need = (&'static str, &'static str);

/// To fetch packages and verify units.
pub(crate) const PACKAGES: &[Need] = &[
    ("apt-get", "apt"),
    ("dpkg-deb", "dpkg"),
    ("tar", "tar"),
    (
        "/usr/share/keyrings/debian-archive-keyring.gpg",
        "debian-archive-keyring",
    ),
    ("systemd-analyze", "systemd"),
];

/// To read .pc files as pkgconf does, and to build with all that asks it.
pub(crate) const PKG_CONFIG: &[Need] = &[
    ("/usr/bin/pkgconf", "pkgconf"),
    ("autoreconf", "autoconf"),
    ("automake", "automake"),
    ("cmake", "cmake"),
    ("make", "make"),
    ("meson", "meson"),
    ("ninja", "ninja-build"),
    ("/usr/lib/python3/dist-packages/pip", "python3-pip"),
    // Of pkg-config 0.29.2, which comes without what it depends on.
    ("/usr/lib/x86_64-linux-gnu/libglib-2.0.so.0", "libglib2.0-0"),
];

/// To plant defects, and to ask what else finds them.
pub(crate) const LINT_PEERS: &[Need] = &[
    ("lintian", "lintian"),
    ("/usr/bin/pkgconf", "pkgconf"),
    ("cc", "gcc"),
];

/// To boot images.
pub(crate) const MACHINES: &[Need] = &[
    ("qemu-system-x86_64", "qemu-system-x86"),
    ("/usr/share/OVMF/OVMF_CODE_4M.fd", "ovmf"),
    ("cmp", "diffutils"),
];

/// To attack: to let system calls fail, to have a file system of one's own, and to fuzz.
pub(crate) const SOAK: &[Need] = &[
    ("strace", "strace"),
    ("unshare", "util-linux"),
    ("c++", "g++"),
];

/// To measure how images are made.
pub(crate) const IMAGE_BENCH: &[Need] = &[("strace", "strace"), ("fakeroot", "fakeroot")];

/// To check the setup hooks.
pub(crate) const HOOKS: &[Need] = &[("shellcheck", "shellcheck"), ("shfmt", "shfmt")];

/// To open the pages that tools write.
pub(crate) const BROWSER: &[Need] = &[("chromium", "chromium")];

/// To build with Nix. The compiler is that of the packages that are built.
pub(crate) const NIX: &[Need] = &[
    ("nix-store", "nix-bin"),
    ("cc", "gcc"),
    ("dash", "dash"),
    ("cmp", "diffutils"),
    ("patch", "patch"),
    ("setpriv", "util-linux"),
    ("pkg-config", "pkgconf"),
    // To build dbus from its source.
    ("meson", "meson"),
    ("ninja", "ninja-build"),
    ("xz", "xz-utils"),
    ("/usr/include/expat.h", "libexpat1-dev"),
    ("/usr/include/systemd/sd-daemon.h", "libsystemd-dev"),
];

/// Installs what is missing, or says how to.
pub(crate) fn ensure_installed(needs: &[Need]) -> anyhow::Result<()> {
    let lacking: Vec<&str> = needs
        .iter()
        .filter(|(what, _)| !is_there(what))
        .map(|(_, package)| *package)
        .collect();
    if lacking.is_empty() {
        return Ok(());
    }
    let install = ["install", "--yes", "--no-install-recommends"];
    let command = format!(
        "apt-get update && apt-get {} {}",
        install.join(" "),
        lacking.join(" ")
    );
    if !is_there("apt-get") {
        bail!(
            "{} are needed, and this is no Debian machine to install them on",
            lacking.join(", ")
        );
    }
    if !is_root() {
        bail!(
            "{} are needed; install them as root with: {command}",
            lacking.join(", ")
        );
    }
    println!("installing {}", lacking.join(", "));
    for arguments in [vec!["update"], [install.as_slice(), &lacking].concat()] {
        let output = Command::new("apt-get")
            .args(&arguments)
            .env("DEBIAN_FRONTEND", "noninteractive")
            .output()
            .context("cannot start apt-get")?;
        ensure!(
            output.status.success(),
            "cannot install what is needed: apt-get {} ended with {}\n{}",
            arguments.join(" "),
            output.status,
            String::from_utf8_lossy(&output.stderr)
        );
    }
    Ok(())
}

fn is_there(what: &str) -> bool {
    if what.starts_with('/') {
        return Path::new(what).exists();
    }
    std::env::var_os("PATH")
        .is_some_and(|path| std::env::split_paths(&path).any(|dir| dir.join(what).is_file()))
}

/// The kernel says whose this process is; no unsafe call is needed.
fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt as _;
    std::fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_and_files_are_found() {
        assert!(is_there("sh") && is_there("/proc"));
        assert!(!is_there("no-such-program") && !is_there("/no/such/file"));
        ensure_installed(&[("sh", "dash")]).expect("the shell is there");
    }
}
