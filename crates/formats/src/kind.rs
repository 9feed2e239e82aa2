//! The kinds of files: which path in an output has which format, and what reads it. Each kind is a
//! module with its `FORMAT` and a line in the list below.

use crate::MAX_LINE_SIZE;
use crate::format::{Files, Format, Paths};
use crate::mapped_text::Span;
use crate::reference::{ProblemKind, Reference, Scan};
use crate::unit::place::{BASES, inside, split_base};

/// Makes [`FileKind`] of the modules that read a kind, and the kind's name.
macro_rules! kinds {
    ($($module:ident $kind:ident)+) => {
        /// A file format, by the module that reads it.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
        #[non_exhaustive]
        pub enum FileKind {
            $(
                #[doc = concat!("[`", stringify!($module), "`](crate::", stringify!($module), ")")]
                $kind,
            )+
        }

        impl FileKind {
            /// All kinds, sorted by name.
            pub const ALL: &[Self] = &[$(Self::$kind),+];

            /// Its name: that of its module.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$kind => stringify!($module),)+
                }
            }

            fn format(self) -> &'static Format {
                match self {
                    $(Self::$kind => &crate::$module::FORMAT,)+
                }
            }
        }
    };
}

kinds! {
    binfmt Binfmt
    bus_service BusService
    cmake Cmake
    crontab Crontab
    desktop_entry DesktopEntry
    environment_d Environment
    hook_script HookScript
    logrotate Logrotate
    manager_conf ManagerConf
    modprobe Modprobe
    name_services NameServices
    native_messaging NativeMessaging
    pam Pam
    pkg_config PkgConfig
    polkit_action PolkitAction
    polkit_rules PolkitRules
    sysctl Sysctl
    sysusers Sysusers
    tmpfiles Tmpfiles
    udev_rules UdevRules
    unit Unit
}

impl FileKind {
    /// Whether what files of this kind name by a path is given as references, all of it.
    #[must_use]
    pub fn names_paths(self) -> bool {
        self.format().paths == Paths::All
    }

    /// Whether what files of this kind give as references may be replaced by store paths.
    #[must_use]
    pub fn is_patched(self) -> bool {
        self.format().paths != Paths::Reported
    }

    /// Whether files of this kind are programs, of which only scripts are read.
    #[must_use]
    pub fn holds_programs(self) -> bool {
        self.format().paths == Paths::OfScripts
    }

    /// Pieces of which tests make files of this kind; the first begins a file.
    #[must_use]
    pub fn pieces(self) -> &'static [&'static [u8]] {
        self.format().pieces
    }

    /// Examples of where files of this kind lie, relative to an output: one for each of its directories at
    /// least.
    #[must_use]
    pub fn example_paths(self) -> Vec<String> {
        let Format {
            directories, files, ..
        } = self.format();
        let endings = match files {
            Files::Matching { examples, .. } => {
                return examples.iter().map(|path| (*path).to_owned()).collect();
            }
            Files::All => &[""],
            Files::Ending(endings) => *endings,
        };
        let paths = directories.iter().flat_map(|directory| {
            let paths = endings.iter();
            paths.map(move |ending| format!("lib/{directory}/x{ending}"))
        });
        paths.collect()
    }

    /// Whether files of this kind lie at `path`, relative to an output, which is `in_base` below a base
    /// directory.
    fn is_at(self, path: &[u8], in_base: Option<&[u8]>) -> bool {
        let Format {
            directories, files, ..
        } = self.format();
        let mut names = directories
            .iter()
            .filter_map(|directory| inside(in_base?, directory))
            .filter(|name| !name.contains(&b'/'));
        match files {
            Files::All => names.any(|name| !name.starts_with(b".")),
            Files::Ending(endings) => names.any(|name| {
                let mut endings = endings.iter();
                endings.any(|end| name.len() > end.len() && name.ends_with(end.as_bytes()))
            }),
            Files::Matching { is, .. } => is(path),
        }
    }
}

/// Finds what a file of this kind names, declares, and what is wrong with it. Any bytes give a
/// result.
#[must_use]
pub fn scan(kind: FileKind, file: &[u8]) -> Scan {
    if kind.holds_programs() && !file.starts_with(b"#!") {
        return Scan::default();
    }
    if let Some(line) = long_line(file) {
        let mut scan = Scan::default();
        scan.problem(ProblemKind::LineTooLong, line);
        return scan;
    }
    let mut scan = (kind.format().scan)(file);
    let start = |reference: &Reference| reference.text.covering_span().map(|span| span.start);
    scan.references.sort_by_key(start);
    scan
}

/// The start of the first line that is longer than any reader takes.
fn long_line(file: &[u8]) -> Option<Span> {
    let mut start = 0;
    let ends = memchr::memchr_iter(b'\n', file).chain([file.len()]);
    for end in ends {
        if end - start > MAX_LINE_SIZE {
            // All of it would be no help to anybody.
            return Some(Span::new(start, start + 80));
        }
        start = end + 1;
    }
    None
}

/// The directories of an output that can hold files of the kinds that are wanted, relative to it, in
/// order: a base directory, and one below it. They need not exist; none lies in another.
pub fn directories(
    wanted: impl Fn(FileKind) -> bool,
) -> impl Iterator<Item = (&'static str, &'static str)> {
    let kinds = FileKind::ALL.iter().filter(|kind| wanted(**kind));
    let mut directories: Vec<&str> = kinds
        .flat_map(|kind| kind.format().directories)
        .copied()
        .collect();
    directories.sort_unstable();
    // What lies in another is found there.
    let all = directories.clone();
    directories.retain(|one| {
        !all.iter()
            .any(|other| inside(one.as_bytes(), other).is_some())
    });
    BASES.iter().flat_map(move |base| {
        let directories = directories.clone().into_iter();
        directories.map(|directory| (*base, directory))
    })
}

/// The kind of the file at `path`, relative to an output; `None` if it is no such file.
#[must_use]
pub fn kind_of(path: &[u8]) -> Option<FileKind> {
    let in_base = split_base(path).map(|(_, rest)| rest);
    let mut kinds = FileKind::ALL.iter().copied();
    kinds.find(|kind| kind.is_at(path, in_base))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fs;
    use std::path::Path;

    use super::*;

    /// The modules of a directory that have a [`Format`].
    fn modules_with_format(directory: &Path) -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        for entry in fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            let file = if path.is_dir() {
                path.join("mod.rs")
            } else {
                path.clone()
            };
            let text = fs::read_to_string(file).unwrap_or_default();
            if text.contains("\npub(crate) static FORMAT: Format") {
                found.insert(path.file_stem().unwrap().to_str().unwrap().to_owned());
            }
        }
        found
    }

    #[test]
    fn the_list_has_every_module_with_a_format_and_is_sorted() {
        let names: Vec<&str> = FileKind::ALL.iter().map(|kind| kind.name()).collect();
        assert!(names.is_sorted(), "{names:?}");
        let listed: BTreeSet<String> = names.iter().map(|&name| name.to_owned()).collect();
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
        assert_eq!(modules_with_format(&source), listed);
    }

    #[test]
    fn no_kind_lies_where_another_does() {
        for kind in FileKind::ALL {
            let paths = kind.example_paths();
            assert!(!paths.is_empty() && !kind.pieces().is_empty(), "{kind:?}");
            for path in paths {
                assert_eq!(kind_of(path.as_bytes()), Some(*kind), "{path}");
            }
        }
    }

    #[test]
    fn the_kind_of_a_path() {
        for (path, kind) in [
            ("example/systemd/system/x.mount", Some(FileKind::Unit)),
            ("lib/dracut/modules.d/90multipath/multipathd.service", None),
            (
                "share/dbus-1/services/org.x.service",
                Some(FileKind::BusService),
            ),
            ("share/dbus-1/services/deep/org.x.service", None),
            ("share/dbus-1/services/.service", None),
            ("share/dbus-1/services/org.x.conf", None),
            ("etc/tmpfiles.d/x.conf", Some(FileKind::Tmpfiles)),
            ("tmpfiles.d/x.conf", None),
            ("etc/pam.d/login", Some(FileKind::Pam)),
            ("lib/pam.d/.hidden", None),
            ("lib/pam.d/", None),
            ("etc/nsswitch.conf", Some(FileKind::NameServices)),
            ("share/nsswitch.conf", None),
            ("lib/x86_64/pkgconfig/x.pc", Some(FileKind::PkgConfig)),
            ("share/x.pc", None),
            ("bin/x.service", None),
        ] {
            assert_eq!(kind_of(path.as_bytes()), kind, "{path}");
        }
    }

    #[test]
    fn a_line_longer_than_systemd_takes() {
        let mut file = b"[Service]\nExecStart=/usr/bin/x ".to_vec();
        file.resize(MAX_LINE_SIZE, b'a');
        assert_eq!(scan(FileKind::Unit, &file).references.len(), 1);
        file.resize(2 * MAX_LINE_SIZE, b'a');
        let refused = scan(FileKind::Unit, &file);
        assert!(refused.references.is_empty());
        assert_eq!(refused.problems[0].kind, ProblemKind::LineTooLong);

        let continued = format!(
            "[Service]\nExecStart=/usr/bin/x{}",
            " a\\\n".repeat(MAX_LINE_SIZE)
        );
        let refused = scan(FileKind::Unit, continued.as_bytes());
        assert!(refused.references.is_empty());
        assert_eq!(refused.problems[0].kind, ProblemKind::LineTooLong);
    }
}
