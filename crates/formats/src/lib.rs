#![doc = include_str!("../README.md")]

pub mod binfmt;
pub mod bus_service;
pub mod cmake;
mod command_line;
pub mod configuration;
pub mod crontab;
pub mod desktop_entry;
#[cfg(feature = "elf")]
pub mod elf;
pub mod encoding;
pub mod environment_d;
pub mod etc_mentions;
mod format;
mod group_file;
pub mod hook_script;
pub mod kind;
mod launchers;
mod lines;
pub mod logrotate;
pub mod manager_conf;
pub mod mapped_text;
pub mod modprobe;
pub mod name_services;
pub mod native_messaging;
pub mod pam;
pub mod paths;
pub mod pkg_config;
pub mod polkit_action;
pub mod polkit_rules;
mod quoted_words;
pub mod reference;
pub mod script;
pub mod shell;
pub mod sysctl;
pub mod sysusers;
pub mod tables;
pub mod tmpfiles;
pub mod udev_rules;
pub mod unit;
pub mod words;

pub use encoding::{Encoding, Quote, Unencodable};
pub use kind::{FileKind, scan};
pub use launchers::is_launcher;
pub use mapped_text::{MappedText, Span};
pub use reference::{
    Account, Declaration, Lookup, Meaning, Problem, ProblemKind, Reference, Role, Scan,
};

/// The largest file that is scanned, in bytes: 16 MiB. No reader of these kinds takes more (systemd
/// refuses lines over 1 MiB), and a scanner's memory is a small multiple of its input.
pub const MAX_FILE_SIZE: usize = 16 * 1024 * 1024;

/// The longest line that is scanned, in bytes, its continuations included: 1 MiB. systemd refuses a
/// file with a longer one (`LONG_LINE_MAX`), and so does this library, for every kind.
pub const MAX_LINE_SIZE: usize = 1024 * 1024;
