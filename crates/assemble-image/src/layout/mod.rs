//! Layouts: how the planned tree becomes the files of the output. Each is data: which parts of the plan
//! it wants, and which steps make it.

mod bare;
mod ddi;
mod esp_file;
mod initrd;

use crate::steps::{Job, Step};

/// A layout.
#[derive(Debug)]
pub(crate) struct Layout {
    /// The value of `--layout`.
    pub(crate) name: &'static str,
    /// What `--help` says of it.
    pub(crate) summary: &'static str,
    /// The parts of the plan that it wants.
    pub(crate) parts: &'static [Part],
    /// Whether the root is the kernel's first file system: in memory, writable, started by `/init`.
    pub(crate) is_root_in_memory: bool,
    /// What the kernel command line says about the root file system.
    pub(crate) root_arguments: fn(&Job<'_>) -> String,
    /// The steps that write the output.
    pub(crate) steps: fn(&Job<'_>) -> Vec<Step>,
}

/// A part of the plan. The closure is in every image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// The packages' files in /usr and /etc, and the directories and files that no package ships.
    Farm,
    /// /etc as systemd's tools make it.
    Etc,
    /// Users and groups, which are made with /etc.
    Users,
    /// An initrd that opens the root file system.
    Initrd,
    /// A kernel in a unified kernel image.
    Kernel,
}

impl Part {
    const ALL: &[Self] = &[
        Self::Farm,
        Self::Etc,
        Self::Users,
        Self::Initrd,
        Self::Kernel,
    ];
}

/// All layouts; the first is the default.
pub(crate) static ALL: &[&Layout] = &[
    &ddi::LAYOUT,
    &bare::LAYOUT,
    &initrd::LAYOUT,
    &esp_file::LAYOUT,
];
