//! Debian's kernel for virtual machines, and its modules.

use std::fs;
use std::path::{Path, PathBuf};

use tests_packages::archive::{Archive, Deb};
use tests_packages::store::{self, Package, store_name};
use tests_packages::{Error, Result, cache_directory, run};

use tests_packages::tool_root::{ToolRoot, digest, unpack_together, with_dependencies};

/// It depends on the kernel of the current version.
const PACKAGE: &str = "linux-image-cloud-amd64";

/// What [`Kernel::install_modules`] calls them.
pub const MODULES: &str = "linux-modules";

/// A kernel that is ready to be booted.
#[derive(Clone, Debug)]
pub struct Kernel {
    /// The kernel itself.
    pub image: PathBuf,
    /// Its modules with their index: the directory `lib/modules/VERSION`.
    pub modules: PathBuf,
    /// The store path's last component for what is in the package.
    store_name: String,
}

impl Kernel {
    /// Downloads and unpacks the kernel, unless the cache has the current version.
    pub fn provide(archive: &Archive, tools: &ToolRoot) -> Result<Self> {
        let doing = "provide a kernel";
        let debs: Vec<Deb> = with_dependencies(archive, &[PACKAGE])?
            .into_iter()
            .filter(|deb| deb.name.starts_with("linux-image-") && deb.name != PACKAGE)
            .collect();
        let [deb] = debs.as_slice() else {
            return Err(Error::new(
                doing,
                format!("{PACKAGE} depends on {} kernels", debs.len()),
            ));
        };
        let version = deb.name.trim_start_matches("linux-image-").to_owned();
        let directory = cache_directory().join(format!("kernel-{}", digest(&debs)));
        unpack_together(archive, &debs, &directory, |tree| {
            // The package's own script does this when it is installed.
            let mut depmod = tools.command("depmod");
            depmod.arg("--basedir").arg(tree.join("usr")).arg(&version);
            run(&mut depmod, "index the kernel's modules").map(|_| ())
        })?;
        let kernel = Self {
            image: directory.join("boot").join(format!("vmlinuz-{version}")),
            modules: directory.join("usr/lib/modules").join(&version),
            store_name: store_name(deb),
        };
        for path in [&kernel.image, &kernel.modules.join("modules.dep")] {
            if !fs::metadata(path).is_ok_and(|file| file.is_file()) {
                return Err(Error::new(doing, format!("{} is missing", path.display())));
            }
        }
        Ok(kernel)
    }

    /// Puts the modules into a store, where units look for them once the image runs.
    pub fn install_modules(&self, store: &Path) -> Result<Package> {
        let target = store.join(&self.store_name).join("lib/modules");
        let io = |error| Error::new(format!("create {}", target.display()), error);
        fs::create_dir_all(&target).map_err(io)?;
        let name = self.modules.file_name().unwrap_or_default();
        store::copy(&self.modules, &target.join(name))?;
        Ok(Package {
            name: MODULES.to_owned(),
            directory: self.store_name.clone(),
        })
    }
}
