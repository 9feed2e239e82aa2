//! What is to be assembled, and how.

use std::path::PathBuf;

use clap::ValueEnum;
use hermetic_out::Store;
use hermetic_out_command_line::policy::Policy;

use crate::setuid::SetuidProgram;

/// How the image is laid out. The comments of the values are what `--help` says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
#[non_exhaustive]
pub enum Layout {
    /// A disk: EFI system partition with the kernel, root file system, hash tree
    #[default]
    Ddi,
    /// The root file system and its hash tree as two files
    Bare,
    /// Everything in the initrd of one unified kernel image; nothing is verified
    Initrd,
    /// A disk with an EFI system partition only: root file system and hash tree are files on it
    EspFile,
}

impl Layout {
    /// The name of the option's value.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Ddi => "ddi",
            Self::Bare => "bare",
            Self::Initrd => "initrd",
            Self::EspFile => "esp-file",
        }
    }

    /// Whether the root file system is an erofs with a hash tree.
    #[must_use]
    pub fn has_verity(self) -> bool {
        !matches!(self, Self::Initrd)
    }

    /// Whether there is a unified kernel image.
    #[must_use]
    pub fn has_uki(self) -> bool {
        !matches!(self, Self::Bare)
    }
}

/// How files are compressed. The comments of the values are what `--help` says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Compression {
    /// Fast
    #[default]
    Lz4,
    /// Smaller; needs Linux 6.10
    Zstd,
    /// Not at all
    None,
}

impl Compression {
    /// The name of the option's value.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Lz4 => "lz4",
            Self::Zstd => "zstd",
            Self::None => "none",
        }
    }
}

/// What the running system does when a block is not what its hash says. The comments of the values
/// are what `--help` says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum OnCorruption {
    /// It panics, so that nothing runs that was tampered with
    #[default]
    Panic,
    /// The read fails, and the system goes on
    IoError,
}

/// The machine id of the image: `machine-id(5)`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum MachineId {
    /// An empty file: another id at every boot. It works with a read-only /etc.
    #[default]
    Transient,
    /// The word `uninitialized`: the first boot is known as such.
    Uninitialized,
    /// This one.
    Fixed(String),
}

impl MachineId {
    /// What is in `/etc/machine-id`.
    #[must_use]
    pub fn content(&self) -> String {
        match self {
            Self::Transient => String::new(),
            Self::Uninitialized => "uninitialized\n".to_owned(),
            Self::Fixed(id) => format!("{id}\n"),
        }
    }
}

/// What `systemd-firstboot` and its kin would ask for.
#[derive(Clone, Debug, Default)]
pub struct FirstBoot {
    /// `/etc/locale.conf`.
    pub locale: Option<String>,
    /// `/etc/vconsole.conf`.
    pub keymap: Option<String>,
    /// `/etc/localtime`.
    pub timezone: Option<String>,
    /// `/etc/hostname`.
    pub hostname: Option<String>,
    /// `/etc/machine-id`.
    pub machine_id: MachineId,
}

/// All that is asked for.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where store paths are read.
    pub store: Store,
    /// The store paths that the image holds.
    pub closure: Vec<PathBuf>,
    /// The store paths that contribute to /usr and /etc, by priority.
    pub packages: Vec<PathBuf>,
    /// Trees that are put on top of the root, in order.
    pub extra: Vec<PathBuf>,
    /// The image's os-release.
    pub os_release: Option<PathBuf>,
    /// The layout.
    pub layout: Layout,
    /// The compression of the root file system.
    pub compression: Compression,
    /// The kernel's image.
    pub kernel: Option<PathBuf>,
    /// The initrd; made if it is missing and needed.
    pub initrd: Option<PathBuf>,
    /// The directory of the kernel's modules.
    pub modules: Option<PathBuf>,
    /// More modules for the initrd, by name.
    pub initrd_modules: Vec<String>,
    /// More for the kernel command line.
    pub cmdline: Vec<String>,
    /// The EFI stub; ukify's own choice if missing.
    pub stub: Option<PathBuf>,
    /// What happens when a block is damaged.
    pub on_corruption: OnCorruption,
    /// Pinned numbers of users and groups.
    pub users_pin: Option<PathBuf>,
    /// Password hashes: a user, and the file that holds the hash.
    pub passwords: Vec<(String, PathBuf)>,
    /// Programs that get their setuid bit.
    pub setuid: Vec<SetuidProgram>,
    /// A preset file for the system's units.
    pub preset: Option<PathBuf>,
    /// A preset file for users' units.
    pub user_preset: Option<PathBuf>,
    /// Locale, keymap, time zone, host name, machine id.
    pub first_boot: FirstBoot,
    /// Directories that become a tmpfs if no package or extra tree has an fstab.
    pub tmpfs: Vec<String>,
    /// Which findings of the lint count; `None` if it is not asked.
    pub lint: Option<Policy>,
    /// Whether the size report is written as a page, too.
    pub size_report: bool,
}

impl Options {
    /// Whether a minimal initrd is made: not if one is given, if everything is one anyway, or if
    /// nothing says for which kernel.
    #[must_use]
    pub fn makes_initrd(&self) -> bool {
        self.initrd.is_none()
            && self.layout != Layout::Initrd
            && (self.layout.has_uki() || self.kernel.is_some() || self.modules.is_some())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_manifest_has_the_names_of_the_command_line() {
        for layout in Layout::value_variants() {
            let value = layout.to_possible_value();
            assert_eq!(value.unwrap().get_name(), layout.name());
        }
        for compression in Compression::value_variants() {
            let value = compression.to_possible_value();
            assert_eq!(value.unwrap().get_name(), compression.name());
        }
    }
}
