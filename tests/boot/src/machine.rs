//! A virtual machine without acceleration: QEMU's own interpreter, which runs anywhere.

use std::fs;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tempfile::TempDir;
use tests_packages::{Error, Result, cannot_start};

use crate::console::Console;

/// The emulator.
pub const QEMU: &str = "qemu-system-x86_64";
/// The UEFI firmware's code, and its variables as they are at first.
pub const FIRMWARE: [&str; 2] = [
    "/usr/share/OVMF/OVMF_CODE_4M.fd",
    "/usr/share/OVMF/OVMF_VARS_4M.fd",
];
/// How the machine is made. Without `-cx16` the interpreter of QEMU 7.2 spoils the flags at
/// cmpxchg16b, and half of the boots end in a panic. With more than one processor, one may run into
/// code that the kernel patches on another (`Oops: int3`); two machines at once use two cores as well.
const HARDWARE: &str = "-machine q35 -accel tcg -cpu max,-cx16 -smp 1 -m 1536 \
    -device virtio-rng-pci -vga std -display none -nic none -no-reboot -nodefaults";

/// What a machine starts from.
#[derive(Clone, Debug)]
pub enum Start {
    /// A kernel that is loaded without any firmware's help.
    Kernel {
        /// The kernel.
        image: PathBuf,
        /// What it unpacks as its first file system.
        initrd: PathBuf,
        /// Its command line.
        command_line: String,
    },
    /// UEFI firmware, which starts what it finds on the first disk.
    Firmware,
}

/// A machine that runs until it is dropped.
#[derive(Debug)]
pub struct Machine {
    process: Child,
    /// Its serial line.
    pub console: Console,
    /// The firmware's variables and what QEMU itself says.
    directory: TempDir,
}

impl Machine {
    /// Starts a machine. What it writes to its disks is thrown away.
    pub fn start(start: &Start, disks: &[PathBuf]) -> Result<Self> {
        let doing = "start a virtual machine";
        let io = |error: std::io::Error| Error::new(doing, error);
        let directory = temporary().map_err(io)?;
        let log = fs::File::create(directory.path().join("log")).map_err(io)?;
        // One end is the process's input and output, and closes when it ends.
        let (ours, theirs) = UnixStream::pair().map_err(io)?;
        let console = Console::new(ours).map_err(io)?;
        let input = OwnedFd::from(theirs.try_clone().map_err(io)?);
        let mut qemu = command(start, disks, directory.path())?;
        qemu.args(["-chardev", "stdio,id=console,signal=off"])
            .args(["-serial", "chardev:console"])
            .stdin(Stdio::from(input))
            .stdout(Stdio::from(OwnedFd::from(theirs)))
            .stderr(log);
        let process = qemu
            .spawn()
            .map_err(|error| cannot_start(&qemu, doing, &error))?;
        Ok(Self {
            process,
            console,
            directory,
        })
    }

    /// Hands a machine's console to the terminal until the machine ends.
    pub fn interact(start: &Start, disks: &[PathBuf]) -> Result<()> {
        let doing = "run a virtual machine";
        let directory = temporary().map_err(|error| Error::new(doing, error))?;
        let mut qemu = command(start, disks, directory.path())?;
        qemu.args(["-serial", "mon:stdio"]);
        let status = qemu
            .status()
            .map_err(|error| cannot_start(&qemu, doing, &error))?;
        if status.success() {
            return Ok(());
        }
        Err(Error::new(doing, format!("{QEMU} ended with {status}")))
    }

    /// Waits until the machine has ended by itself; a machine that QEMU could not run is an error.
    pub fn wait(&mut self, within: Duration) -> Result<()> {
        self.console.expect_end(within)?;
        let doing = "run a virtual machine";
        let status = self
            .process
            .wait()
            .map_err(|error| Error::new(doing, error))?;
        if status.success() {
            return Ok(());
        }
        let log = fs::read_to_string(self.directory.path().join("log")).unwrap_or_default();
        Err(Error::new(
            doing,
            format!("{QEMU} ended with {status}\n{log}"),
        ))
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn temporary() -> std::io::Result<TempDir> {
    tempfile::Builder::new().prefix("machine-").tempdir()
}

/// QEMU with all but the console.
fn command(start: &Start, disks: &[PathBuf], directory: &Path) -> Result<Command> {
    let mut qemu = Command::new(QEMU);
    qemu.args(HARDWARE.split_whitespace());
    match start {
        Start::Kernel {
            image,
            initrd,
            command_line,
        } => {
            qemu.arg("-kernel").arg(image).arg("-initrd").arg(initrd);
            qemu.arg("-append").arg(command_line);
        }
        Start::Firmware => {
            let [code, variables] = FIRMWARE;
            let own = directory.join("variables.fd");
            fs::copy(variables, &own).map_err(|error| {
                Error::new(format!("copy the firmware's {variables}"), error)
                    .help("on Debian, install it with `apt-get install ovmf`")
            })?;
            qemu.arg("-drive")
                .arg(format!("if=pflash,format=raw,readonly=on,file={code}"))
                .arg("-drive")
                .arg(format!("if=pflash,format=raw,file={}", own.display()));
        }
    }
    for disk in disks {
        // QEMU takes two commas for one in a name.
        let name = disk.display().to_string().replace(',', ",,");
        qemu.arg("-drive")
            .arg(format!("if=virtio,format=raw,snapshot=on,file={name}"));
    }
    Ok(qemu)
}
