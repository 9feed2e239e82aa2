//! All that images are made of, in one directory.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use tempfile::TempDir;
use tests_packages::archive::Archive;
use tests_packages::{Error, Result};
use walkdir::WalkDir;

use crate::image::{Assembly, Image};
use crate::kernel::Kernel;
use crate::layout::Layout;
use crate::staging::{Fixups, Staged, fetch_shadow_login, stage};
use tests_packages::tool;
use tests_packages::tool_root::{self, ToolRoot};

/// Tools, kernel and packages, and a place for images.
#[derive(Debug)]
pub struct Workshop {
    tools: ToolRoot,
    kernel: Kernel,
    staged: Staged,
    assembler: PathBuf,
    directory: TempDir,
    images: AtomicUsize,
}

impl Workshop {
    /// Fetches and stages everything into a temporary directory; the project's own tools are those
    /// that the environment names, or lie beside this program.
    pub fn open_in_temporary() -> Result<Self> {
        Self::open(&Fixups::built()?, &tool::built("assemble-image")?)
    }

    /// The same with the project's own tools at these paths.
    pub fn open(fixups: &Fixups, assembler: &Path) -> Result<Self> {
        let doing = "make a directory for images";
        let directory = tempfile::Builder::new()
            .prefix("boot-test-")
            .tempdir_in(large_directory())
            .map_err(|error| Error::new(doing, error))?;
        let root = directory.path().join("root");
        let shadow = fetch_shadow_login(&root)?;
        let archive = Archive::open()?;
        let tools = ToolRoot::provide(&archive, &tool_root::IMAGES)?;
        let kernel = Kernel::provide(&archive, &tools)?;
        let staged = stage(&archive, &tools, &kernel, fixups, &root, vec![shadow])?;
        Ok(Self {
            tools,
            kernel,
            staged,
            assembler: assembler.to_owned(),
            directory,
            images: AtomicUsize::new(0),
        })
    }

    /// Where images are made: on a disk, and removed with this.
    #[must_use]
    pub fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// The tools.
    #[must_use]
    pub fn tools(&self) -> &ToolRoot {
        &self.tools
    }

    /// The kernel.
    #[must_use]
    pub fn kernel(&self) -> &Kernel {
        &self.kernel
    }

    /// The packages.
    #[must_use]
    pub fn staged(&self) -> &Staged {
        &self.staged
    }

    /// Assembles an image, each time into another directory.
    pub fn assemble(&self, layout: Layout) -> Result<Image> {
        let number = self.images.fetch_add(1, Ordering::Relaxed);
        let directory = self.directory.path().join(format!("{layout}-{number}"));
        self.assembly().assemble(layout, &directory)
    }

    /// What images are made of.
    #[must_use]
    pub fn assembly(&self) -> Assembly<'_> {
        Assembly {
            assembler: &self.assembler,
            tools: &self.tools,
            staged: &self.staged,
            kernel: Some(&self.kernel),
        }
    }

    /// The file below a store path whose name begins so, as it is in the image.
    pub fn file(&self, store_path: &Path, prefix: &str) -> Result<PathBuf> {
        let outside = self.staged.outside(store_path);
        WalkDir::new(&outside)
            .sort_by_file_name()
            .into_iter()
            .filter_map(std::result::Result::ok)
            .find(|entry| {
                entry.file_type().is_file()
                    && entry.file_name().to_string_lossy().starts_with(prefix)
            })
            .and_then(|entry| Some(store_path.join(entry.path().strip_prefix(&outside).ok()?)))
            .ok_or_else(|| {
                Error::new(
                    format!("find {prefix}… in {}", store_path.display()),
                    "there is none",
                )
            })
    }
}

/// Images need more than a /tmp in memory may have.
fn large_directory() -> PathBuf {
    let given = std::env::var_os("TMPDIR").filter(|value| !value.is_empty());
    given.map_or_else(|| PathBuf::from("/var/tmp"), PathBuf::from)
}
