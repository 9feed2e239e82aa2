//! The unified kernel image: the kernel, its initrd and its command line in one EFI program.

use std::fs;
use std::path::{Path, PathBuf};

use goblin::pe::header::{COFF_MACHINE_ARM64, COFF_MACHINE_X86_64, Header};

use crate::command::Command;
use crate::error::{Error, io_error};
use crate::steps::{Job, Step, run_commands};
use crate::tools::UKIFY;

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

/// Makes the unified kernel image from the kernel, initrds in this order, and the command line.
pub(crate) fn make(initrds: Vec<PathBuf>) -> Step {
    const ACTION: &str = "making the unified kernel image";
    let commands = move |job: &Job<'_>| vec![command(job, &initrds)];
    Step::new(ACTION, commands).with(|job, commands| {
        if let Some(bytes) = job.tree.read(b"usr/lib/os-release")? {
            let os_release = os_release(job);
            fs::write(&os_release, bytes).map_err(io_error("writing", &os_release))?;
        }
        run_commands(ACTION, commands)
    })
}

fn os_release(job: &Job<'_>) -> PathBuf {
    job.work.join("os-release")
}

fn command(job: &Job<'_>, initrds: &[PathBuf]) -> Command {
    let (options, output) = (job.options, job.uki());
    let kernel = options.kernel.as_deref().unwrap_or(Path::new(""));
    let mut command = Command::new(&UKIFY)
        .writing(&output)
        .arg("build")
        .option("--linux", kernel)
        .option("--cmdline", job.cmdline())
        .option("--os-release", format!("@{}", os_release(job).display()))
        .option("--output", &output);
    for initrd in initrds {
        command = command.option("--initrd", initrd);
    }
    if let Some(stub) = &options.stub {
        command = command.option("--stub", stub);
    }
    command
}

/// The architecture that a kernel's image is for. Fails if it is none that EFI can start.
pub(crate) fn architecture(kernel: &Path) -> Result<Architecture, Error> {
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
pub(crate) fn own_architecture() -> Architecture {
    if cfg!(target_arch = "aarch64") {
        ARM64
    } else {
        X86_64
    }
}

/// Whether words can be put on the kernel command line.
pub(crate) fn is_command_line(words: &str) -> bool {
    !words.contains(['\n', '\0'])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::root_tree::RootTree;
    use crate::test_support::{job, layout, options};

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
        let (mut options, tree) = (options(), RootTree::default());
        options.kernel = Some("/k".into());
        options.cmdline = vec!["a b".into()];
        options.layout = layout("initrd");
        let job = job(&options, &tree);
        let commands = make(vec!["/a".into(), "/b".into()]).commands(&job);
        assert_eq!(
            commands[0].to_string(),
            "ukify build --linux=/k '--cmdline=a b' --os-release=@WORK/os-release \
             --output=OUTPUT/image.efi --initrd=/a --initrd=/b"
        );
    }
}
