//! Which files can name a path of /etc, and how each is read.

use crate::kind::{FileKind, kind_of};
use crate::script::{Language, language};
use crate::tables::{below, vendor_directories};

/// How a text file is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Format {
    /// By its own scanner.
    Known(FileKind),
    /// A script, or a piece of one that another script reads.
    Script(Language),
    /// Configuration of any syntax, which a program of the package reads.
    Configuration,
    /// The same in a directory of drop-ins (`etc/x.d`, or a vendor's), which belongs to any package's program.
    DropIn,
}

/// Directories that hold nothing that is run or read by a program, relative to an output.
const WITHOUT_REFERENCES: &[&[u8]] = &[
    b"include",
    b"nix-support",
    b"share/devhelp",
    b"share/doc",
    b"share/gtk-doc",
    b"share/help",
    b"share/icons",
    b"share/info",
    b"share/licenses",
    b"share/locale",
    b"share/man",
];

/// Names of directories of documentation, wherever they lie below `lib` or `share`.
const DOCUMENTATION: &[&[u8]] = &[b"doc", b"docs", b"man"];

/// Directories below etc whose files are pieces of shell scripts: those that init scripts read
/// (Debian's and others' conventions), and those that login shells read.
const SHELL_DIRECTORIES: &[&[u8]] = &[
    b"bash_completion.d",
    b"conf.d",
    b"default",
    b"init.d",
    b"profile.d",
    b"rc.d",
    b"sysconfig",
];

/// What the names of configuration files outside etc end with.
const CONFIGURATION_ENDINGS: &[&[u8]] = &[b".cfg", b".cnf", b".conf", b".config", b".ini", b".pc"];

/// Whether nothing in the directory at a path of an output is run, or read by a program; one above it may
/// say so for it.
#[must_use]
pub fn is_documentation_directory(sub_path: &[u8]) -> bool {
    let name = memchr::memrchr(b'/', sub_path).map(|slash| &sub_path[slash + 1..]);
    let is_documentation =
        !sub_path.starts_with(b"etc/") && name.is_some_and(|name| DOCUMENTATION.contains(&name));
    is_documentation || WITHOUT_REFERENCES.contains(&sub_path)
}

impl Format {
    /// How the file at a path of an output is read, if it is a text that can name a path of /etc; `head` is
    /// its beginning, of which the first line counts.
    #[must_use]
    pub fn of(sub_path: &[u8], head: &[u8]) -> Option<Self> {
        let by_path = Self::by_path(sub_path);
        if let Some(Self::Known(_)) = by_path {
            return by_path;
        }
        language(head).map(Self::Script).or(by_path)
    }

    /// Whether a file of this format with that content may name something of /etc at all.
    #[must_use]
    pub fn may_name_etc(self, content: &[u8]) -> bool {
        let is_named = matches!(self, Self::Known(_) | Self::Script(_));
        let is_text = is_named || memchr::memchr(0, content).is_none();
        let holds = |text: &str| memchr::memmem::find(content, text.as_bytes()).is_some();
        // systemd.unit(5), `%E`; systemd.exec(5), `ConfigurationDirectory=` and `$CONFIGURATION_DIRECTORY`.
        let without_etc = match self {
            Self::Known(FileKind::Unit) => {
                holds("%E") || holds("ConfigurationDirectory") || holds("CONFIGURATION_DIRECTORY")
            }
            Self::Script(_) => holds("CONFIGURATION_DIRECTORY"),
            _ => false,
        };
        is_text && (without_etc || holds("/etc"))
    }

    /// How it is read, if the path says so.
    fn by_path(sub_path: &[u8]) -> Option<Self> {
        if let Some(kind) = kind_of(sub_path).filter(|kind| kind.names_paths()) {
            return Some(Self::Known(kind));
        }
        if is_for_people(sub_path) {
            return None;
        }
        let ends_with = |endings: &[&[u8]]| endings.iter().any(|ending| sub_path.ends_with(ending));
        if let Some(inside) = below(sub_path, b"etc") {
            let mut directories = SHELL_DIRECTORIES.iter();
            let is_piece = directories.any(|directory| below(inside, directory).is_some());
            return Some(if ends_with(&[b".csh", b".fish"]) {
                Self::Script(Language::Other)
            } else if is_piece || ends_with(&[b".sh"]) {
                Self::Script(Language::Shell)
            } else if is_drop_in(inside) {
                Self::DropIn
            } else {
                Self::Configuration
            });
        }
        let mut vendors = vendor_directories();
        let is_vendors = vendors.any(|known| below(sub_path, known.vendor.as_bytes()).is_some());
        if is_vendors {
            return Some(Self::DropIn);
        }
        ends_with(CONFIGURATION_ENDINGS).then_some(Self::Configuration)
    }
}

/// Whether the directory directly below etc that a file is in is one of drop-ins, to which any package adds files.
fn is_drop_in(inside: &[u8]) -> bool {
    let slash = memchr::memchr(b'/', inside);
    slash.is_some_and(|slash| inside[..slash].ends_with(b".d"))
}

/// Whether a file's name says that it is documentation, wherever it lies.
fn is_for_people(sub_path: &[u8]) -> bool {
    let name = sub_path.rsplit(|byte| *byte == b'/').next();
    let name = name.unwrap_or_default();
    name.starts_with(b"README") || name.ends_with(b".md") || name.ends_with(b".rst")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_path_says() {
        for (path, format) in [
            (
                "lib/systemd/system/x.service",
                Some(Format::Known(FileKind::Unit)),
            ),
            ("etc/default/x", Some(Format::Script(Language::Shell))),
            ("etc/profile.d/x.csh", Some(Format::Script(Language::Other))),
            ("etc/x/hook.sh", Some(Format::Script(Language::Shell))),
            ("etc/x.conf", Some(Format::Configuration)),
            ("etc/x.d/README", None),
            ("etc/x.d/x.md", None),
            ("etc/defaults", Some(Format::Configuration)),
            ("etc/x/y.d/x", Some(Format::Configuration)),
            ("etc/x.d/x", Some(Format::DropIn)),
            ("lib/pam.d/x", Some(Format::DropIn)),
            ("lib/pkgconfig/x.pc", Some(Format::Configuration)),
            ("share/x/x.ini", Some(Format::Configuration)),
            ("bin/x", None),
            ("share/x/data", None),
        ] {
            assert_eq!(Format::of(path.as_bytes(), b""), format, "{path}");
        }
        let python = Some(Format::Script(Language::Python));
        assert_eq!(Format::of(b"bin/x", b"#!/usr/bin/python3\n"), python);
    }

    #[test]
    fn what_may_name_something_of_etc() {
        let unit = Format::Known(FileKind::Unit);
        let shell = Format::Script(Language::Shell);
        for (format, content, expected) in [
            (unit, "ExecStart=/bin/x /etc/x", true),
            (unit, "ConfigurationDirectory=x", true),
            (unit, "ExecStart=/bin/x %E/x", true),
            (unit, "ExecStart=/bin/x", false),
            (shell, "cat $CONFIGURATION_DIRECTORY/x", true),
            (shell, "cat %E", false),
            (Format::Configuration, "/etc/x\0", false),
            (Format::Configuration, "%E", false),
        ] {
            assert_eq!(
                format.may_name_etc(content.as_bytes()),
                expected,
                "{content}"
            );
        }
    }

    #[test]
    fn directories_of_documentation() {
        for (path, expected) in [
            ("share/doc", true),
            ("share/x/docs", true),
            ("share/x", false),
            ("doc", false),
            ("etc/x/doc", false),
        ] {
            assert_eq!(
                is_documentation_directory(path.as_bytes()),
                expected,
                "{path}"
            );
        }
    }
}
