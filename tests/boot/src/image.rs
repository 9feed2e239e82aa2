//! Images, made by the assemble-image that is to be tested.

use std::fs;
use std::io::Write as _;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use tests_packages::{Error, Result, run};

use crate::configuration;
use crate::kernel::{self, Kernel};
use crate::layout::Layout;
use crate::logins;
use crate::machine::Start;
use crate::staging::Staged;
use tests_packages::tool_root::ToolRoot;

/// What the lint is told to allow, and why.
const LINT_CONFIG: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/lint.toml");

/// What every kernel is told: where its console is, and to end the machine when it panics.
pub const COMMAND_LINE: &str = "console=tty0 console=ttyS0 panic=-1";
/// The disk, or the root file system of the layout `bare`.
pub const DISK: &str = "image.raw";
/// The hash tree of the layout `bare`.
pub const HASH_TREE: &str = "image.verity";
const INITRD: &str = "image.initrd";
const COMMAND_LINE_FILE: &str = "image.cmdline";
/// The image's own description, whatever base-files has.
const OS_RELEASE: &str = "NAME=hermetic-out\nID=hermetic-out\nIMAGE_ID=boot-test\nIMAGE_VERSION=1\n\
                          PRETTY_NAME=\"hermetic-out's boot test\"\n";
const ROOT_HASH: &str = "image.roothash";
/// Programs that run as root whoever starts them.
const SETUID: [&str; 2] = ["su", "sudo"];

/// What an image is made of, and by what.
#[derive(Clone, Debug)]
pub struct Assembly<'a> {
    /// The assemble-image to be tested.
    pub assembler: &'a Path,
    /// The tools that it finds on its search path.
    pub tools: &'a ToolRoot,
    /// The packages.
    pub staged: &'a Staged,
    /// The kernel; without one only the layout `bare` can be made, and no initrd with it.
    pub kernel: Option<&'a Kernel>,
}

/// An image that was made.
#[derive(Clone, Debug)]
pub struct Image {
    /// How it is laid out.
    pub layout: Layout,
    /// What was made.
    pub directory: PathBuf,
}

impl Assembly<'_> {
    /// Assembles an image into `directory`, which must not exist.
    pub fn assemble(&self, layout: Layout, directory: &Path) -> Result<Image> {
        let doing = format!("assemble the image {}", directory.display());
        let inputs = tempfile::Builder::new()
            .prefix("image-")
            .tempdir()
            .map_err(|error| Error::new(&doing, error))?;
        run(&mut self.command(layout, directory, inputs.path())?, &doing)?;
        Ok(Image {
            layout,
            directory: directory.to_owned(),
        })
    }

    /// The run of the assembler; what it reads beside the packages is written to `inputs`, and has to
    /// stay there until it has ended.
    pub fn command(&self, layout: Layout, directory: &Path, inputs: &Path) -> Result<Command> {
        let input = |name: &str| inputs.join(name);
        let (closure, password) = (input("closure"), input("password"));
        let os_release = input("os-release");
        let mut list = Vec::new();
        for path in self.staged.store_paths() {
            list.extend_from_slice(path.as_os_str().as_bytes());
            list.push(b'\n');
        }
        write(&closure, &list)?;
        write(&os_release, OS_RELEASE.as_bytes())?;
        write(&password, logins::PASSWORD_HASH.as_bytes())?;
        let mut command = Command::new(self.assembler);
        command
            .env("PATH", self.tools.search_path())
            .arg("--root")
            .arg(&self.staged.root)
            .arg("--closure")
            .arg(&closure)
            .args(["--layout", layout.name(), "--cmdline", COMMAND_LINE])
            .arg("--lint-config")
            .arg(LINT_CONFIG)
            .arg("--output")
            .arg(directory)
            .arg("--os-release")
            .arg(&os_release)
            .arg("--extra")
            .arg(configuration::administrator());
        if let Some(kernel) = self.kernel {
            command.arg("--kernel").arg(&kernel.image);
            command.arg("--modules").arg(&kernel.modules);
        }
        let listed = tests_packages::names(include_str!("../packages.txt"));
        let own = [configuration::NAME, kernel::MODULES, "layered"];
        for name in own.into_iter().chain(listed.iter().map(String::as_str)) {
            command.arg("--package").arg(self.staged.store_path(name)?);
        }
        for program in SETUID {
            command.args(["--setuid", program]);
        }
        for user in ["root", logins::USER] {
            let mut value = std::ffi::OsString::from(format!("{user}="));
            value.push(&password);
            command.arg("--password").arg(value);
        }
        Ok(command)
    }
}

impl Image {
    /// A file of the image.
    #[must_use]
    pub fn file(&self, name: &str) -> PathBuf {
        self.directory.join(name)
    }

    /// Removes it.
    pub fn remove(self) -> Result<()> {
        let doing = format!("remove {}", self.directory.display());
        fs::remove_dir_all(&self.directory).map_err(|error| Error::new(doing, error))
    }

    /// What a machine needs to start the image.
    pub fn start(&self, kernel: &Kernel) -> Result<(Start, Vec<PathBuf>)> {
        Ok(match self.layout {
            Layout::Ddi | Layout::EspFile | Layout::Initrd => {
                (Start::Firmware, vec![self.file(DISK)])
            }
            Layout::Bare => {
                // Which disks are the root and its hash tree only this machine knows.
                let command_line = format!(
                    "{} systemd.verity_root_data=/dev/vda systemd.verity_root_hash=/dev/vdb",
                    self.text(COMMAND_LINE_FILE)?
                );
                let start = Start::Kernel {
                    image: kernel.image.clone(),
                    initrd: self.file(INITRD),
                    command_line,
                };
                (start, vec![self.file(DISK), self.file(HASH_TREE)])
            }
        })
    }

    /// The hash of the root file system's hash tree.
    pub fn root_hash(&self) -> Result<String> {
        self.text(ROOT_HASH)
    }

    fn text(&self, name: &str) -> Result<String> {
        let path = self.file(name);
        let text = fs::read_to_string(&path)
            .map_err(|error| Error::new(format!("read {}", path.display()), error))?;
        Ok(text.trim().to_owned())
    }
}

fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    fs::File::create(path)
        .and_then(|mut file| file.write_all(bytes))
        .map_err(|error| Error::new(format!("write {}", path.display()), error))
}
