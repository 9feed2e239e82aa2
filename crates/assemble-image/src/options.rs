//! What is to be assembled, and how.

use std::path::PathBuf;

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use clap::{Args, ValueEnum};
use hermetic_out::Store;
use hermetic_out_command_line::policy::Policy;

use crate::root_fs::{self, Compression, RootFs};
use crate::setuid::SetuidProgram;

pub(crate) const IMAGE: &str = "Content";
pub(crate) const BOOT: &str = "Boot";
pub(crate) const CONFIGURATION: &str = "Users and /etc";
pub(crate) const OUTPUT: &str = "Output";

/// What the running system does when a block is not what its hash says. The comments of the values
/// are what `--help` says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum OnCorruption {
    /// It panics, so that nothing runs that was tampered with
    #[default]
    Panic,
    /// The read fails, and the system goes on
    IoError,
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
    /// `/init`, for a root that is the kernel's first file system: in memory, and writable.
    Init,
}

/// What `systemd-firstboot` asks for.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct FirstBoot {
    /// Locale, for /etc/locale.conf
    #[arg(long, help_heading = CONFIGURATION)]
    pub(crate) locale: Option<String>,

    /// Console keymap, for /etc/vconsole.conf
    #[arg(long, help_heading = CONFIGURATION)]
    pub(crate) keymap: Option<String>,

    /// Time zone, such as Europe/Vienna
    #[arg(long, value_name = "ZONE", help_heading = CONFIGURATION)]
    pub(crate) timezone: Option<String>,

    /// Host name
    #[arg(long, value_name = "NAME", help_heading = CONFIGURATION)]
    pub(crate) hostname: Option<String>,

    /// Machine ID: transient (new at every boot), uninitialized (marks the first boot), or 32
    /// hexadecimal digits
    #[arg(long, value_name = "ID", default_value = "transient", value_parser = machine_id, help_heading = CONFIGURATION)]
    pub(crate) machine_id: String,
}

/// What was asked for. The comments of the options are what `--help` says.
#[derive(Clone, Debug, Args)]
pub(crate) struct Options {
    #[arg(skip = Store::new(PathBuf::new(), None))]
    pub(crate) store: Store,

    // The store paths.
    #[arg(skip)]
    pub(crate) closure: Vec<PathBuf>,

    // Users, and the files that hold the hashes of their passwords.
    #[arg(skip)]
    pub(crate) passwords: Vec<(String, PathBuf)>,

    // Which findings of the lint count; `None` without the lint.
    #[arg(skip)]
    pub(crate) lint: Option<Policy>,

    // What the layout wants.
    #[arg(skip)]
    pub(crate) parts: &'static [Part],

    /// Packages whose files are linked into /usr and /etc, by priority (repeatable)
    ///
    /// The rest of the closure is only stored. bin, lib, libexec and share are linked into /usr, etc
    /// into /etc; documentation and development files are left out.
    #[arg(long = "package", value_name = "PATH", num_args = 1.., help_heading = IMAGE)]
    pub(crate) packages: Vec<PathBuf>,

    /// Directory tree that is copied over the root (repeatable)
    ///
    /// Its files take precedence over those of packages. Modes are kept; the owner is root unless
    /// tmpfiles.d sets another.
    #[arg(long, value_name = "DIR", help_heading = IMAGE)]
    pub(crate) extra: Vec<PathBuf>,

    /// The os-release(5) file of the image; overrides that of packages and --extra
    ///
    /// Becomes /usr/lib/os-release, and /etc/os-release is a link to it. No package has to be rebuilt
    /// for another version of the image.
    #[arg(long, value_name = "FILE", help_heading = IMAGE)]
    pub(crate) os_release: Option<PathBuf>,

    /// Setuid program: a name in /usr/bin, or a path (repeatable)
    ///
    /// The image gets a copy in /usr/wrappers/bin, and links to it in /usr/bin and /run/wrappers.
    /// Without a mode and owner, they are 4755 and root:root.
    #[arg(long, value_name = "PROGRAM[:MODE[:USER[:GROUP]]]", help_heading = IMAGE)]
    pub(crate) setuid: Vec<SetuidProgram>,

    /// Kernel image, for all layouts with a unified kernel image
    #[arg(long, value_name = "FILE", help_heading = BOOT)]
    pub(crate) kernel: Option<PathBuf>,

    /// Initrd
    ///
    /// Without this option, a minimal initrd is made from the same packages: systemd, udev,
    /// veritysetup and the required modules.
    #[arg(long, value_name = "FILE", help_heading = BOOT)]
    pub(crate) initrd: Option<PathBuf>,

    /// Kernel modules: lib/modules/VERSION with the files of depmod, unless all are built in
    #[arg(long, value_name = "DIR", help_heading = BOOT)]
    pub(crate) modules: Option<PathBuf>,

    /// Additional kernel module in the initrd (repeatable)
    #[arg(long = "initrd-module", value_name = "NAME", help_heading = BOOT)]
    pub(crate) initrd_modules: Vec<String>,

    /// Additional kernel parameters (repeatable)
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true, help_heading = BOOT)]
    pub(crate) cmdline: Vec<String>,

    /// Reaction of the running system to a block that does not match its hash
    #[arg(long, value_enum, default_value_t, value_name = "REACTION", help_heading = BOOT)]
    pub(crate) on_corruption: OnCorruption,

    /// EFI stub of the unified kernel image [default: that of ukify]
    #[arg(long, value_name = "FILE", help_heading = BOOT)]
    pub(crate) stub: Option<PathBuf>,

    /// File with fixed UIDs and GIDs
    ///
    /// Lines `u NAME UID` and `g NAME GID`. A package that asks for another number is an error. Users
    /// without a fixed UID are assigned the next free system UID, from 999 downwards in name order.
    /// Start with an empty file; the output has its successor, users-pin.
    #[arg(long, value_name = "FILE", help_heading = CONFIGURATION)]
    pub(crate) users_pin: Option<PathBuf>,

    /// Accept a user or group that is refused otherwise (repeatable)
    ///
    /// A user with an empty password, with the number 0 beside root, or with several lines in /etc/passwd
    /// or /etc/shadow; a user or group whose password stands where everybody can read it.
    #[arg(long, value_name = "USER", help_heading = CONFIGURATION)]
    pub(crate) allow_account: Vec<String>,

    /// Preset file that enables system units: systemd.preset(5)
    ///
    /// Takes precedence over the presets of packages. Units that no preset names are disabled.
    #[arg(long, value_name = "FILE", help_heading = CONFIGURATION)]
    pub(crate) preset: Option<PathBuf>,

    /// Preset file that enables user units
    #[arg(long, value_name = "FILE", help_heading = CONFIGURATION)]
    pub(crate) user_preset: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) first_boot: FirstBoot,

    /// Directories mounted as tmpfs, unless a package or --extra has an /etc/fstab (repeatable)
    #[arg(long, value_name = "DIR", default_values = ["/var", "/var/tmp", "/root", "/home", "/tmp"], help_heading = CONFIGURATION)]
    pub(crate) tmpfs: Vec<String>,

    /// Read-only file system of the root
    #[arg(long, value_name = "FILE_SYSTEM", default_value = root_fs::ALL[0].name, help_heading = OUTPUT,
        hide = root_fs::ALL.len() == 1,
        value_parser = one_of(root_fs::ALL, |root_fs| (root_fs.name, root_fs.summary)))]
    pub(crate) root_fs: &'static RootFs,

    /// Compression of the root file system and of initrds
    #[arg(long, value_enum, default_value_t, help_heading = OUTPUT)]
    pub(crate) compression: Compression,

    /// Also write an HTML page with the sizes of store paths and directories as a treemap
    #[arg(long, help_heading = OUTPUT)]
    pub(crate) size_report: bool,
}

/// Takes an entry of a list by its name; the second string is what `--help` says of it.
pub(crate) fn one_of<T: Sync>(
    all: &'static [&'static T],
    entry: fn(&T) -> (&'static str, &'static str),
) -> impl TypedValueParser<Value = &'static T> {
    let values = all.iter().map(move |one| {
        let (name, summary) = entry(one);
        PossibleValue::new(name).help(summary)
    });
    PossibleValuesParser::new(values).try_map(move |name| {
        let found = all.iter().copied().find(|one| entry(one).0 == name);
        found.ok_or("it is none of the possible values")
    })
}

/// The content of /etc/machine-id: `machine-id(5)`. An empty file works with a read-only /etc.
fn machine_id(text: &str) -> Result<String, &'static str> {
    let is_digit = |byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    match text {
        "transient" => Ok(String::new()),
        "uninitialized" => Ok("uninitialized\n".to_owned()),
        id if id.len() == 32 && id.bytes().all(is_digit) => Ok(format!("{id}\n")),
        _ => Err("it is neither transient, uninitialized nor 32 hexadecimal digits"),
    }
}

impl Options {
    /// Whether the layout wants a part of the plan.
    pub(crate) fn wants(&self, part: Part) -> bool {
        self.parts.contains(&part)
    }

    /// Whether the root file system is in memory: it is writable then.
    pub(crate) fn is_root_in_memory(&self) -> bool {
        self.wants(Part::Init)
    }

    /// Whether a minimal initrd is made: not if one is given, if the layout wants none, or if nothing
    /// says for which kernel.
    pub(crate) fn makes_initrd(&self) -> bool {
        let has_kernel =
            self.wants(Part::Kernel) || self.kernel.is_some() || self.modules.is_some();
        self.wants(Part::Initrd) && self.initrd.is_none() && has_kernel
    }
}
