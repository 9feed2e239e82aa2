//! The packages of the image as store paths below a root directory.
//!
//! What nixpkgs would do in its builds is done here to Debian's packages: programs lie in `bin`,
//! links lead to store paths, modes are a store's, objects find their libraries in the store, PAM
//! modules are named by their paths. Then the fixups run, in the order of the hooks.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs;
use std::io;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Component, Path, PathBuf};

use tests_packages::archive::Archive;
use tests_packages::store::{self, Package};
use tests_packages::tool::{self, Arguments};
use tests_packages::{Error, Result, in_parallel, run};
use walkdir::WalkDir;

use crate::configuration;
use crate::kernel::Kernel;
use crate::libraries;
use tests_packages::tool_root::ToolRoot;

/// Where store paths lie in the image.
pub const STORE: &str = "/nix/store";
/// What nixpkgs has in outputs of its own, and what only Debian's own scripts read.
const LEFT_OUT: [&str; 22] = [
    "boot",
    "dev",
    "etc/apparmor.d",
    "etc/apt",
    "etc/dhcp",
    "etc/init.d",
    "etc/ld.so.conf.d",
    "etc/network",
    "etc/ppp",
    "etc/sv",
    "etc/ufw",
    "etc/update-motd.d",
    "home",
    "proc",
    "run",
    "share/bug",
    "share/doc",
    "share/info",
    "share/lintian",
    "share/locale",
    "share/man",
    "var",
];

/// Packages that are ready to be assembled.
#[derive(Clone, Debug)]
pub struct Staged {
    /// The directory below which [`STORE`] lies.
    pub root: PathBuf,
    /// The packages, sorted by name, and last the kernel's modules and the configuration.
    pub packages: Vec<Package>,
}

/// The fixups that are to be tested.
#[derive(Clone, Debug)]
pub struct Fixups {
    /// relocate-etc-to-out.
    pub relocate: PathBuf,
    /// patch-systemd-units.
    pub patch: PathBuf,
    /// rewrite-pkgconfig-prefix.
    pub rewrite: PathBuf,
}

impl Fixups {
    /// Those that the environment names, or that lie beside this program.
    pub fn built() -> Result<Self> {
        Ok(Self {
            relocate: tool::built("relocate-etc-to-out")?,
            patch: tool::built("patch-systemd-units")?,
            rewrite: tool::built("rewrite-pkgconfig-prefix")?,
        })
    }

    /// Runs all of them on all packages below `root`. The configuration stands for what a system itself
    /// says, and does so in /etc: it stays there.
    fn run(&self, root: &Path, packages: &[Package]) -> Result<()> {
        let store = outside(root, Path::new(STORE));
        // One after the other: each looks at what the one before made of the other packages.
        for (fixup, options) in [
            (&self.relocate, &[][..]),
            (&self.patch, &[]),
            (&self.rewrite, &["provider"]),
        ] {
            let results = in_parallel(packages, |package| {
                if fixup == &self.relocate && package.name == configuration::NAME {
                    return Ok(());
                }
                let arguments = Arguments::in_root(root, &store, packages, package)?;
                let mut command = arguments.run_with(fixup, options);
                command.arg("--quiet");
                let doing = format!("fix up {}", package.name);
                run(&mut command, &doing).map(|_| ())
            });
            results.into_iter().collect::<Result<()>>()?;
        }
        Ok(())
    }
}

impl Staged {
    /// The store path of a package, as it is in the image.
    pub fn store_path(&self, name: &str) -> Result<PathBuf> {
        store_path(&self.packages, name)
    }

    /// All store paths, as they are in the image.
    #[must_use]
    pub fn store_paths(&self) -> Vec<PathBuf> {
        let path = |package: &Package| Path::new(STORE).join(&package.directory);
        self.packages.iter().map(path).collect()
    }

    /// Where something in the image lies now.
    #[must_use]
    pub fn outside(&self, path: &Path) -> PathBuf {
        outside(&self.root, path)
    }
}

/// What the store calls [`fetch_shadow_login`]'s package.
pub const SHADOW_LOGIN: &str = "login-of-shadow";
/// The last release of Debian whose `login` is shadow's; later it is util-linux's.
const SHADOW_SUITE: &str = "bookworm";

/// Puts shadow's `login` into the store below `root`, for [`stage`].
///
/// It opens an archive of its own: no other may be open.
pub fn fetch_shadow_login(root: &Path) -> Result<Package> {
    let archive = Archive::open_suite(SHADOW_SUITE)?;
    let store = outside(root, Path::new(STORE));
    let fetched = store::fetch(&archive, &["login".to_owned()], &store)?;
    let package = fetched.packages.into_iter().next().ok_or_else(|| {
        Error::new(
            format!("fetch login of {SHADOW_SUITE}"),
            format!("{:?}", fetched.lacking),
        )
    })?;
    // The image has pam.d files of its own release.
    let configuration = store.join(&package.directory).join("etc");
    fs::remove_dir_all(&configuration)
        .map_err(|error| Error::new(format!("remove {}", configuration.display()), error))?;
    Ok(Package {
        name: SHADOW_LOGIN.to_owned(),
        ..package
    })
}

/// Fetches the packages and makes a store of them below `root`, where nothing may be but the packages
/// `more`.
pub fn stage(
    archive: &Archive,
    tools: &ToolRoot,
    kernel: &Kernel,
    fixups: &Fixups,
    root: &Path,
    more: Vec<Package>,
) -> Result<Staged> {
    let names = wanted(archive)?;
    let store = outside(root, Path::new(STORE));
    let fetched = store::fetch(archive, &names, &store)?;
    if let Some((name, reason)) = fetched.lacking.first() {
        return Err(Error::new(format!("fetch the package {name}"), reason));
    }
    let mut packages = fetched.packages;
    packages.extend(more);
    for package in &packages {
        tidy(&store.join(&package.directory))
            .map_err(|error| Error::new(format!("lay out the package {}", package.name), error))?;
    }
    configuration::install_in_packages(root, &mut packages)?;
    packages.push(kernel.install_modules(&store)?);
    packages.push(configuration::install(root, &packages)?);
    for package in &packages {
        mend_links(&store, package, &packages)
            .map_err(|error| Error::new(format!("mend the links of {}", package.name), error))?;
    }
    configuration::name_pam_modules(root, &packages)?;
    libraries::link(tools, root, Path::new(STORE))?;
    fixups.run(root, &packages)?;
    Ok(Staged {
        root: root.to_owned(),
        packages,
    })
}

/// The listed packages and what they need, without what only installing needs.
fn wanted(archive: &Archive) -> Result<Vec<String>> {
    let without: BTreeSet<String> = tests_packages::names(include_str!("../without.txt"))
        .into_iter()
        .collect();
    let named = tests_packages::names(include_str!("../packages.txt"));
    let mut all = archive.with_dependencies(&named)?;
    all.retain(|name| !without.contains(name));
    Ok(all)
}

pub(crate) fn store_path(packages: &[Package], name: &str) -> Result<PathBuf> {
    let package = packages.iter().find(|package| package.name == name);
    let package = package.ok_or_else(|| {
        Error::new(format!("find the package {name}"), "it is not in the store")
            .help("add it to packages.txt")
    })?;
    Ok(Path::new(STORE).join(&package.directory))
}

/// Where a path of the image lies when the image's root is at `root`.
pub(crate) fn outside(root: &Path, path: &Path) -> PathBuf {
    root.join(path.strip_prefix("/").unwrap_or(path))
}

/// Makes a package's tree like an output of nixpkgs.
fn tidy(tree: &Path) -> io::Result<()> {
    for path in LEFT_OUT {
        match fs::remove_dir_all(tree.join(path)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    let (bin, sbin) = (tree.join("bin"), tree.join("sbin"));
    if sbin.is_dir() {
        fs::create_dir_all(&bin)?;
        for entry in fs::read_dir(&sbin)? {
            let entry = entry?;
            let target = bin.join(entry.file_name());
            // A link from one to the other would lead to itself.
            if fs::symlink_metadata(&target).is_ok_and(|there| !there.is_symlink()) {
                fs::remove_file(entry.path())?;
            } else {
                fs::rename(entry.path(), target)?;
            }
        }
        fs::remove_dir(&sbin)?;
        symlink("bin", &sbin)?;
    }
    for entry in WalkDir::new(tree) {
        let entry = entry?;
        let kind = entry.file_type();
        if kind.is_symlink() {
            continue;
        }
        let mode = entry.metadata()?.permissions().mode();
        // A store has no other modes; above all no setuid bit.
        let mode = if kind.is_dir() || mode & 0o111 != 0 {
            0o755
        } else {
            0o644
        };
        fs::set_permissions(entry.path(), fs::Permissions::from_mode(mode))?;
    }
    Ok(())
}

/// Makes links that leave the package lead to the package that has what they mean. What nobody
/// has is removed: it is a choice between packages that Debian makes when it installs them.
fn mend_links(store: &Path, package: &Package, packages: &[Package]) -> io::Result<()> {
    let tree = store.join(&package.directory);
    for entry in WalkDir::new(&tree).sort_by_file_name() {
        let entry = entry?;
        let path = entry.path();
        if !entry.path_is_symlink() || path.exists() && !fs::read_link(path)?.is_absolute() {
            continue;
        }
        let target = fs::read_link(path)?;
        let place = path.strip_prefix(&tree).unwrap_or(path);
        let meant = meant(place, &target);
        if ["dev", "proc", "run"]
            .iter()
            .any(|top| meant.starts_with(top))
        {
            continue;
        }
        let owner = std::iter::once(package)
            .chain(packages)
            .find(|package| store.join(&package.directory).join(&meant).exists());
        fs::remove_file(path)?;
        if let Some(owner) = owner {
            symlink(Path::new(STORE).join(&owner.directory).join(&meant), path)?;
        }
    }
    Ok(())
}

/// What a link at `place` in a package means, as a path in any package.
fn meant(place: &Path, target: &Path) -> PathBuf {
    let mut meant = PathBuf::new();
    let parent = place.parent().unwrap_or(Path::new(""));
    let start = if target.is_absolute() {
        Path::new("")
    } else {
        parent
    };
    for component in start.join(target).components() {
        match component {
            Component::Normal(name) => meant.push(name),
            Component::ParentDir => {
                meant.pop();
            }
            _ => {}
        }
    }
    let meant = meant.strip_prefix("usr").unwrap_or(&meant);
    match meant.strip_prefix("sbin") {
        Ok(program) if program != OsStr::new("") => Path::new("bin").join(program),
        _ => meant.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lists_are_sorted() {
        for list in [
            include_str!("../packages.txt"),
            include_str!("../without.txt"),
        ] {
            assert!(tests_packages::names(list).is_sorted());
        }
        assert!(LEFT_OUT.is_sorted());
    }

    #[test]
    fn a_link_means_a_path_in_any_package() {
        let meant = |place: &str, target: &str| meant(Path::new(place), Path::new(target));
        assert_eq!(
            meant("bin/init", "../lib/systemd/systemd"),
            Path::new("lib/systemd/systemd")
        );
        assert_eq!(meant("bin/x", "/usr/sbin/y"), Path::new("bin/y"));
        assert_eq!(meant("lib/a", "/dev/null"), Path::new("dev/null"));
    }

    #[test]
    fn a_package_becomes_like_an_output() -> io::Result<()> {
        let directory = tempfile::tempdir()?;
        let store = directory.path();
        let package = |name: &str| Package {
            name: name.into(),
            directory: name.into(),
        };
        for path in ["a/bin", "a/sbin", "a/share/man", "b/lib"] {
            fs::create_dir_all(store.join(path))?;
        }
        fs::write(store.join("a/sbin/tool"), "")?;
        fs::set_permissions(
            store.join("a/sbin/tool"),
            fs::Permissions::from_mode(0o4755),
        )?;
        fs::write(store.join("b/lib/data"), "")?;
        symlink("../sbin/tool", store.join("a/bin/alias"))?;
        symlink("/usr/lib/data", store.join("a/bin/data"))?;
        symlink("/etc/alternatives/awk", store.join("a/bin/awk"))?;
        symlink("/dev/null", store.join("a/bin/mask"))?;
        tidy(&store.join("a"))?;
        mend_links(store, &package("a"), &[package("a"), package("b")])?;
        let target = |path: &str| fs::read_link(store.join(path));
        assert_eq!(target("a/sbin")?, Path::new("bin"));
        assert!(store.join("a/bin/alias").is_file());
        assert_eq!(target("a/bin/data")?, Path::new("/nix/store/b/lib/data"));
        assert_eq!(target("a/bin/mask")?, Path::new("/dev/null"));
        assert!(target("a/bin/awk").is_err() && !store.join("a/share/man").exists());
        let mode = fs::metadata(store.join("a/bin/tool"))?.permissions().mode();
        assert_eq!(mode & 0o7777, 0o755);
        Ok(())
    }
}
