//! Which path in an output has which format: the one list, and the scanner of each.

use crate::mapped_text::Span;
use crate::reference::{ProblemKind, Reference, Scan};
use crate::{
    MAX_LINE_SIZE, binfmt, bus_service, desktop_entry, environment_d, modprobe, name_services, pam,
    pkg_config, polkit_action, polkit_rules, sysusers, tmpfiles, udev_rules, unit,
};

/// A file format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub enum FileKind {
    /// A systemd unit or drop-in: `systemd.unit(5)`.
    Unit,
    /// A D-Bus activation file: the D-Bus Specification, "Message Bus Starting Services".
    BusService,
    /// A polkit action: `polkit(8)`.
    PolkitAction,
    /// Rules of polkit: `polkit(8)`.
    PolkitRules,
    /// A service of PAM: `pam.d(5)`.
    Pam,
    /// `nsswitch.conf(5)`.
    NameServices,
    /// A `.pc` file, of which facts are given here; [`pkg_config`] has more.
    PkgConfig,
    /// udev rules: `udev(7)`.
    UdevRules,
    /// `tmpfiles.d(5)`.
    Tmpfiles,
    /// `sysusers.d(5)`.
    Sysusers,
    /// `binfmt.d(5)`, and the kernel's admin-guide/binfmt-misc.
    Binfmt,
    /// `modprobe.d(5)`.
    Modprobe,
    /// `environment.d(5)`.
    Environment,
    /// A desktop entry: the Desktop Entry Specification.
    DesktopEntry,
}

impl FileKind {
    /// Whether what files of this kind name by a path is given as references, all of it. What PAM and
    /// the name service load is found by its name, `.pc` files put paths together, and polkit's rules
    /// are programs.
    #[must_use]
    pub fn names_paths(self) -> bool {
        !matches!(
            self,
            Self::NameServices | Self::Pam | Self::PkgConfig | Self::PolkitRules
        )
    }
}

/// Finds what a file of this kind names, declares, and what is wrong with it. Any bytes give a
/// result.
#[must_use]
pub fn scan(kind: FileKind, file: &[u8]) -> Scan {
    if let Some(line) = long_line(file) {
        let mut scan = Scan::default();
        scan.problem(ProblemKind::LineTooLong, line);
        return scan;
    }
    let mut scan = match kind {
        FileKind::Unit => unit::scan(file),
        FileKind::BusService => bus_service::scan(file),
        FileKind::PolkitAction => polkit_action::scan(file),
        FileKind::PolkitRules => polkit_rules::scan(file),
        FileKind::Pam => pam::scan(file),
        FileKind::NameServices => name_services::scan(file),
        FileKind::PkgConfig => pkg_config::facts(file),
        FileKind::UdevRules => udev_rules::scan(file),
        FileKind::Tmpfiles => tmpfiles::scan(file),
        FileKind::Sysusers => sysusers::scan(file),
        FileKind::Binfmt => binfmt::scan(file),
        FileKind::Modprobe => modprobe::scan(file),
        FileKind::Environment => environment_d::scan(file),
        FileKind::DesktopEntry => desktop_entry::scan(file),
    };
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

/// Which files of a directory are meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Files {
    /// Units (`NAME.TYPE`) and drop-ins (`NAME.TYPE.d/*.conf`), at any depth below it.
    Units,
    /// Files directly in it whose names end so.
    Ending(&'static str),
    /// All files directly in it but hidden ones.
    All,
}

/// The directories below each of [`BASES`] in which files of a kind lie.
const LOCATIONS: &[(&str, Files, FileKind)] = &[
    (
        "applications",
        Files::Ending(".desktop"),
        FileKind::DesktopEntry,
    ),
    ("binfmt.d", Files::Ending(".conf"), FileKind::Binfmt),
    (
        "dbus-1/services",
        Files::Ending(".service"),
        FileKind::BusService,
    ),
    (
        "dbus-1/system-services",
        Files::Ending(".service"),
        FileKind::BusService,
    ),
    (
        "environment.d",
        Files::Ending(".conf"),
        FileKind::Environment,
    ),
    ("modprobe.d", Files::Ending(".conf"), FileKind::Modprobe),
    ("pam.d", Files::All, FileKind::Pam),
    (
        "polkit-1/actions",
        Files::Ending(".policy"),
        FileKind::PolkitAction,
    ),
    (
        "polkit-1/rules.d",
        Files::Ending(".rules"),
        FileKind::PolkitRules,
    ),
    ("systemd/network", Files::Units, FileKind::Unit),
    ("systemd/portable", Files::Units, FileKind::Unit),
    ("systemd/system", Files::Units, FileKind::Unit),
    ("systemd/user", Files::Units, FileKind::Unit),
    ("sysusers.d", Files::Ending(".conf"), FileKind::Sysusers),
    ("tmpfiles.d", Files::Ending(".conf"), FileKind::Tmpfiles),
    ("udev/rules.d", Files::Ending(".rules"), FileKind::UdevRules),
    (
        "user-tmpfiles.d",
        Files::Ending(".conf"),
        FileKind::Tmpfiles,
    ),
    (
        "xdg/autostart",
        Files::Ending(".desktop"),
        FileKind::DesktopEntry,
    ),
];

/// Files of a kind of which there is only one.
const SINGLE_FILES: &[(&str, FileKind)] = &[("etc/nsswitch.conf", FileKind::NameServices)];

/// Where an output keeps such files: nixpkgs' systemd has its own in `example`.
const BASES: &[&str] = &["etc", "example", "lib", "share"];

/// The types of units: `systemd.unit(5)`, `systemd.network(5)` and its kin.
const UNIT_TYPES: &[&str] = &[
    "automount",
    "device",
    "link",
    "mount",
    "netdev",
    "network",
    "path",
    "scope",
    "service",
    "slice",
    "socket",
    "swap",
    "target",
    "timer",
];

/// The directories of an output that can hold files of the kinds that are wanted, relative to it, in
/// order. They need not exist.
pub fn directories(
    wanted: impl Fn(FileKind) -> bool,
) -> impl Iterator<Item = (&'static str, &'static str)> {
    let locations = LOCATIONS.iter().filter(move |(.., kind)| wanted(*kind));
    let directories: Vec<&str> = locations.map(|(directory, ..)| *directory).collect();
    let bases = BASES.iter();
    bases.flat_map(move |base| {
        let directories = directories.clone().into_iter();
        directories.map(|directory| (*base, directory))
    })
}

/// The kind of the file at `path`, relative to an output; `None` if it is no such file.
#[must_use]
pub fn kind_of(path: &[u8]) -> Option<FileKind> {
    let single = SINGLE_FILES
        .iter()
        .find(|(known, _)| known.as_bytes() == path);
    if let Some((_, kind)) = single {
        return Some(*kind);
    }
    if pkg_config::is_pc_file(path) {
        return Some(FileKind::PkgConfig);
    }
    let (base, rest) = split_at_slash(path)?;
    BASES.iter().find(|known| known.as_bytes() == base)?;
    LOCATIONS.iter().find_map(|(directory, files, kind)| {
        let name = rest
            .strip_prefix(directory.as_bytes())?
            .strip_prefix(b"/")?;
        let matches = match files {
            Files::Units => is_unit_or_drop_in(name),
            Files::All => !name.contains(&b'/') && !name.starts_with(b".") && !name.is_empty(),
            Files::Ending(ending) => !name.contains(&b'/') && has_ending(name, ending.as_bytes()),
        };
        matches.then_some(*kind)
    })
}

/// The name of the unit that a unit file or drop-in at `path` belongs to: `x.service` for
/// `…/x.service` and for `…/x.service.d/y.conf`.
#[must_use]
pub fn unit_name(path: &[u8]) -> &[u8] {
    let mut parts = path.rsplit(|byte| *byte == b'/');
    let name = parts.next().unwrap_or_default();
    let directory = parts
        .next()
        .and_then(|directory| directory.strip_suffix(b".d"));
    match directory {
        Some(unit) if name.ends_with(b".conf") => unit,
        _ => name,
    }
}

/// The type of the unit that a unit file or drop-in at `path` belongs to, which decides what may
/// stand in it: `service` for `x.service`, and for drop-ins of all services (`service.d/x.conf`) and
/// a portable profile's (`profile/x/service.conf`).
#[must_use]
pub fn unit_type(path: &[u8]) -> &[u8] {
    let name = unit_name(path);
    let name = name.strip_suffix(b".conf").unwrap_or(name);
    match memchr::memrchr(b'.', name) {
        Some(dot) => &name[dot + 1..],
        None => name,
    }
}

/// Whether the file at `path` is a generator, which makes units when a manager starts
/// (systemd.generator(7)), and if so, whether for users' managers.
#[must_use]
pub fn generator_of_users(path: &[u8]) -> Option<bool> {
    let (_, rest) = split_at_slash(path)?;
    let name = |directory: &[u8]| {
        let name = rest.strip_prefix(directory)?;
        (!name.is_empty() && !name.contains(&b'/')).then_some(())
    };
    let of_users = name(b"systemd/user-generators/").map(|()| true);
    of_users.or_else(|| name(b"systemd/system-generators/").map(|()| false))
}

/// Whether a unit at `path` is run by a user's own service manager.
#[must_use]
pub fn is_user_unit(path: &[u8]) -> bool {
    split_at_slash(path).is_some_and(|(_, rest)| rest.starts_with(b"systemd/user/"))
}

fn split_at_slash(path: &[u8]) -> Option<(&[u8], &[u8])> {
    let slash = path.iter().position(|byte| *byte == b'/')?;
    Some((&path[..slash], &path[slash + 1..]))
}

fn has_ending(name: &[u8], ending: &[u8]) -> bool {
    name.len() > ending.len() && name.ends_with(ending)
}

fn is_unit_or_drop_in(name: &[u8]) -> bool {
    let mut parts = name.rsplit(|byte| *byte == b'/');
    let file = parts.next().unwrap_or_default();
    if file.starts_with(b".") {
        return false;
    }
    if file.ends_with(b".conf") {
        return match parts
            .next()
            .and_then(|directory| directory.strip_suffix(b".d"))
        {
            // `x.service.d/`, and `service.d/` for all units of a type.
            Some(unit) => has_unit_type(unit) || is_unit_type(unit),
            // A portable profile: `profile/NAME/service.conf` (portablectl(1)).
            None => file.strip_suffix(b".conf").is_some_and(is_unit_type),
        };
    }
    has_unit_type(file)
}

fn has_unit_type(name: &[u8]) -> bool {
    let dot = name.iter().rposition(|byte| *byte == b'.');
    dot.is_some_and(|dot| dot > 0 && is_unit_type(&name[dot + 1..]))
}

fn is_unit_type(name: &[u8]) -> bool {
    UNIT_TYPES.iter().any(|known| known.as_bytes() == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kind_of_a_path() {
        for (path, kind) in [
            ("lib/systemd/system/chrony.service", Some(FileKind::Unit)),
            ("lib/systemd/system/x@.service", Some(FileKind::Unit)),
            (
                "lib/systemd/system/x.service.d/10-y.conf",
                Some(FileKind::Unit),
            ),
            (
                "lib/systemd/system/service.d/10-y.conf",
                Some(FileKind::Unit),
            ),
            (
                "lib/systemd/portable/profile/strict/service.conf",
                Some(FileKind::Unit),
            ),
            ("lib/systemd/network/80-x.link", Some(FileKind::Unit)),
            ("share/systemd/user/x.socket", Some(FileKind::Unit)),
            ("example/systemd/system/x.mount", Some(FileKind::Unit)),
            ("etc/systemd/system/x.timer", Some(FileKind::Unit)),
            ("lib/systemd/system/README", None),
            ("lib/systemd/system/.hermetic-out.tmp", None),
            ("lib/systemd/system/x.conf", None),
            ("lib/dracut/modules.d/90multipath/multipathd.service", None),
            ("share/doc/x/systemd/system/x.service", None),
            (
                "share/dbus-1/services/org.x.service",
                Some(FileKind::BusService),
            ),
            ("share/dbus-1/services/deep/org.x.service", None),
            ("lib/udev/rules.d/60-x.rules", Some(FileKind::UdevRules)),
            ("etc/tmpfiles.d/x.conf", Some(FileKind::Tmpfiles)),
            ("share/user-tmpfiles.d/x.conf", Some(FileKind::Tmpfiles)),
            ("etc/pam.d/login", Some(FileKind::Pam)),
            ("lib/pam.d/.hidden", None),
            ("etc/nsswitch.conf", Some(FileKind::NameServices)),
            ("share/nsswitch.conf", None),
            (
                "share/polkit-1/rules.d/50-x.rules",
                Some(FileKind::PolkitRules),
            ),
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

    #[test]
    fn the_type_of_a_unit() {
        for (path, expected) in [
            ("lib/systemd/system/x.y.service", "service"),
            ("lib/systemd/system/x.socket.d/y.conf", "socket"),
            ("lib/systemd/system/service.d/y.conf", "service"),
            (
                "lib/systemd/portable/profile/strict/service.conf",
                "service",
            ),
            ("lib/systemd/network/80-x.link", "link"),
        ] {
            assert_eq!(unit_type(path.as_bytes()), expected.as_bytes(), "{path}");
        }
    }

    #[test]
    fn generators() {
        for (path, expected) in [
            (&b"lib/systemd/system-generators/x"[..], Some(false)),
            (b"lib/systemd/user-generators/x", Some(true)),
            (b"lib/systemd/system-generators/", None),
            (b"lib/systemd/system-generators/x/y", None),
            (b"lib/systemd/system/x.service", None),
        ] {
            assert_eq!(generator_of_users(path), expected, "{path:?}");
        }
    }

    #[test]
    fn the_unit_of_a_drop_in() {
        assert_eq!(
            unit_name(b"lib/systemd/system/x.service.d/y.conf"),
            b"x.service"
        );
        assert_eq!(unit_name(b"lib/systemd/system/x.service"), b"x.service");
    }
}
