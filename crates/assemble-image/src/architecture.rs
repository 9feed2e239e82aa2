//! The architecture that an image is for.

use std::path::Path;

use goblin::pe::header::{COFF_MACHINE_ARM64, COFF_MACHINE_X86_64, Header};
use hermetic_out::regular_file;

use crate::error::{Error, io_error};

/// A processor architecture, by its names in EFI and in systemd.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Architecture {
    /// The name of the program that EFI starts by default: UEFI specification, "Removable Media".
    pub(crate) boot_file: &'static str,
    /// The partition types: `repart.d(5)`, `Type=`.
    pub(crate) root_type: &'static str,
    /// The same for the hash tree.
    pub(crate) verity_type: &'static str,
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

/// The architecture that a kernel's image is for. Fails if it is none that EFI can start.
pub(crate) fn of_kernel(kernel: &Path) -> Result<Architecture, Error> {
    let bytes = regular_file::read(kernel).map_err(io_error("reading --kernel", kernel))?;
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
pub(crate) fn own() -> Architecture {
    if cfg!(target_arch = "aarch64") {
        ARM64
    } else {
        X86_64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_kernel_is_told() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), b"\x7fELF").unwrap();
        let error = of_kernel(file.path()).unwrap_err().to_string();
        assert!(error.contains("it is no EFI program"), "{error}");
        let error = of_kernel(Path::new("/missing/kernel")).unwrap_err();
        assert_eq!(error.to_string(), "reading --kernel /missing/kernel");
    }
}
