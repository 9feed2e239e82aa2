//! The unified kernel image: the kernel, its initrd and its command line in one EFI program.

use std::fs;
use std::path::{Path, PathBuf};

use goblin::pe::header::{COFF_MACHINE_ARM64, COFF_MACHINE_X86_64, Header};

use crate::command::Command;
use crate::error::{Error, io_error};
use crate::tools::UKIFY;

/// A processor architecture, by its names in EFI and in systemd.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Architecture {
    /// The name of the program that EFI starts by default: UEFI specification, "Removable Media".
    pub boot_file: &'static str,
    /// The partition types: `repart.d(5)`, `Type=`.
    pub root_type: &'static str,
    /// The same for the hash tree.
    pub verity_type: &'static str,
}

const X86_64: Architecture = Architecture {
    boot_file: "BOOTX64.EFI",
    root_type: "root-x86-64",
    verity_type: "root-x86-64-verity",
};
const ARM64: Architecture = Architecture {
    boot_file: "BOOTAA64.EFI",
    root_type: "root-arm64",
    verity_type: "root-arm64-verity",
};

/// What a unified kernel image is made of.
#[derive(Clone, Debug)]
pub struct Parts {
    /// The kernel's image.
    pub kernel: PathBuf,
    /// The initrds, in order.
    pub initrds: Vec<PathBuf>,
    /// The kernel command line.
    pub cmdline: String,
    /// The image's os-release.
    pub os_release: PathBuf,
    /// The EFI stub; ukify's own choice if missing.
    pub stub: Option<PathBuf>,
}

/// The command that puts the parts together.
#[must_use]
pub fn command(parts: &Parts, output: &Path) -> Command {
    let mut command = Command::new(&UKIFY)
        .writing(output)
        .arg("build")
        .option("--linux", &parts.kernel)
        .option("--cmdline", &parts.cmdline)
        .option("--os-release", format!("@{}", parts.os_release.display()))
        .option("--output", output);
    for initrd in &parts.initrds {
        command = command.option("--initrd", initrd);
    }
    if let Some(stub) = &parts.stub {
        command = command.option("--stub", stub);
    }
    command
}

/// The architecture that a kernel's image is for. Fails if it is none that EFI can start.
pub fn architecture(kernel: &Path) -> Result<Architecture, Error> {
    let bytes = fs::read(kernel).map_err(io_error("reading --kernel", kernel))?;
    let machine = Header::parse(&bytes)
        .ok()
        .map(|header| header.coff_header.machine);
    match machine {
        Some(COFF_MACHINE_X86_64) => Ok(X86_64),
        Some(COFF_MACHINE_ARM64) => Ok(ARM64),
        _ => Err(Error::Option {
            option: "--kernel",
            value: kernel.display().to_string(),
            reason: "it is no EFI program for x86-64 or arm64; give the kernel's compressed image \
                     (vmlinuz, bzImage, Image), built with CONFIG_EFI_STUB"
                .to_owned(),
        }),
    }
}

/// The architecture of this program, for images that have no kernel.
#[must_use]
pub fn own_architecture() -> Architecture {
    if cfg!(target_arch = "aarch64") {
        ARM64
    } else {
        X86_64
    }
}

/// Whether words can be put on the kernel command line.
#[must_use]
pub fn is_command_line(words: &str) -> bool {
    !words.contains(['\n', '\0'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_kernel_is_told() {
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(file.path(), b"\x7fELF").unwrap();
        let error = architecture(file.path()).unwrap_err().to_string();
        assert!(error.contains("it is no EFI program"), "{error}");
        let error = architecture(Path::new("/missing/kernel")).unwrap_err();
        assert_eq!(error.to_string(), "reading --kernel /missing/kernel");
    }

    #[test]
    fn every_initrd_is_given_in_order() {
        let parts = Parts {
            kernel: "/k".into(),
            initrds: vec!["/a".into(), "/b".into()],
            cmdline: "a b".into(),
            os_release: "/o".into(),
            stub: None,
        };
        assert_eq!(
            command(&parts, Path::new("/u")).to_string(),
            "ukify build --linux=/k '--cmdline=a b' --os-release=@/o --output=/u --initrd=/a \
             --initrd=/b"
        );
    }
}
