//! Where units lie in an output, who reads them, and which unit a file belongs to: `systemd.unit(5)`,
//! "Unit File Load Path".

use crate::tables::below;

/// The directories of an output below which files of most kinds lie, sorted: nixpkgs' systemd has its
/// own in `example`.
pub const BASES: &[&str] = &["etc", "example", "lib", "share"];

/// A service manager.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Manager {
    /// The system's: PID 1.
    System,
    /// A user's own.
    User,
}

/// A type of unit, by the end of the unit's name.
#[derive(Debug, PartialEq, Eq)]
pub struct UnitType {
    /// The name's end: `service`.
    pub name: &'static str,
    /// The sections of such a unit, all of them in the tables `unit` and `quadlet` of
    /// `data/unit-directives.txt`. None: the type has a table of its own name, with its sections.
    pub(super) sections: &'static [&'static str],
    /// What follows the stem of its name in the name of the service that podman makes of it, if it does.
    service: Option<&'static str>,
}

impl UnitType {
    /// The tables of its directives in `data/unit-directives.txt`.
    pub(super) fn tables(&self) -> &[&'static str] {
        if self.sections.is_empty() {
            std::slice::from_ref(&self.name)
        } else if self.service.is_some() {
            &["quadlet", "unit"]
        } else {
            &["unit"]
        }
    }
}

const fn unit_type(name: &'static str, sections: &'static [&'static str]) -> UnitType {
    UnitType {
        name,
        sections,
        service: None,
    }
}

const fn quadlet(
    name: &'static str,
    sections: &'static [&'static str],
    service: &'static str,
) -> UnitType {
    UnitType {
        name,
        sections,
        service: Some(service),
    }
}

/// The types of units that a service manager reads: `systemd.unit(5)`.
const MANAGED: &[UnitType] = &[
    unit_type("automount", &["Automount", "Install", "Unit"]),
    unit_type("device", &["Device", "Install", "Unit"]),
    unit_type("mount", &["Mount", "Install", "Unit"]),
    unit_type("path", &["Path", "Install", "Unit"]),
    unit_type("scope", &["Scope", "Install", "Unit"]),
    unit_type("service", &["Service", "Install", "Unit"]),
    unit_type("slice", &["Slice", "Install", "Unit"]),
    unit_type("socket", &["Socket", "Install", "Unit"]),
    unit_type("swap", &["Swap", "Install", "Unit"]),
    unit_type("target", &["Target", "Install", "Unit"]),
    unit_type("timer", &["Timer", "Install", "Unit"]),
];

/// The types of files for the network: `systemd.link(5)`, `systemd.netdev(5)`, `systemd.network(5)`.
const NETWORK: &[UnitType] = &[
    unit_type("link", &[]),
    unit_type("netdev", &[]),
    unit_type("network", &[]),
];

/// What systemd-nspawn reads beside a container: `systemd.nspawn(5)`.
const NSPAWN: &[UnitType] = &[unit_type("nspawn", &[])];

/// What podman makes services of: `podman-systemd.unit(5)`. Their other sections are the service's.
const QUADLETS: &[UnitType] = &[
    quadlet(
        "build",
        &["Build", "Quadlet", "Install", "Service", "Unit"],
        "-build",
    ),
    quadlet(
        "container",
        &["Container", "Quadlet", "Install", "Service", "Unit"],
        "",
    ),
    quadlet(
        "image",
        &["Image", "Quadlet", "Install", "Service", "Unit"],
        "-image",
    ),
    quadlet(
        "kube",
        &["Kube", "Quadlet", "Install", "Service", "Unit"],
        "",
    ),
    quadlet(
        "network",
        &["Network", "Quadlet", "Install", "Service", "Unit"],
        "-network",
    ),
    quadlet(
        "pod",
        &["Pod", "Quadlet", "Install", "Service", "Unit"],
        "-pod",
    ),
    quadlet(
        "volume",
        &["Volume", "Quadlet", "Install", "Service", "Unit"],
        "-volume",
    ),
];

/// A directory of units, below a base directory.
#[derive(Debug, PartialEq, Eq)]
pub struct UnitDirectory {
    /// Its path below the base directory.
    pub path: &'static str,
    /// The manager that reads it, if one does: systemd-udevd and systemd-networkd read the network's,
    /// portablectl(1) the portable services'.
    pub manager: Option<Manager>,
    pub(super) types: &'static [UnitType],
}

const fn unit_directory(
    path: &'static str,
    manager: Option<Manager>,
    types: &'static [UnitType],
) -> UnitDirectory {
    UnitDirectory {
        path,
        manager,
        types,
    }
}

/// The directories of units, sorted.
pub const DIRECTORIES: &[UnitDirectory] = &[
    unit_directory("containers/systemd", Some(Manager::System), QUADLETS),
    unit_directory("containers/systemd/users", Some(Manager::User), QUADLETS),
    unit_directory("systemd/network", None, NETWORK),
    unit_directory("systemd/nspawn", None, NSPAWN),
    unit_directory("systemd/portable", None, MANAGED),
    unit_directory("systemd/system", Some(Manager::System), MANAGED),
    unit_directory("systemd/user", Some(Manager::User), MANAGED),
];

/// The paths of [`DIRECTORIES`].
pub(super) const PATHS: [&str; DIRECTORIES.len()] = {
    let mut paths = [""; DIRECTORIES.len()];
    let mut index = 0;
    while index < DIRECTORIES.len() {
        paths[index] = DIRECTORIES[index].path;
        index += 1;
    }
    paths
};

/// Where the manager of a running system looks for units, as paths below the root: of those that
/// `systemd.unit(5)` lists, those that packages fill.
#[must_use]
pub fn load_path(manager: Manager) -> &'static [&'static str] {
    match manager {
        Manager::System => &["etc/systemd/system", "usr/lib/systemd/system"],
        Manager::User => &[
            "etc/systemd/user",
            "usr/lib/systemd/user",
            "usr/share/systemd/user",
        ],
    }
}

/// What a file is to its unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnitFile {
    /// The unit's own file, or a link that gives it another name: `x.service`.
    Fragment,
    /// A drop-in for it: `x.service.d/y.conf`; of `service.d/y.conf`, the unit's name is `service`.
    DropIn,
    /// An entry by which another unit starts it: `y.target.wants/x.service`.
    Requirement,
    /// It lies where no manager looks, or is a portable service's profile: `profile/x/service.conf`.
    Other,
}

/// The place of a unit's file in an output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnitPlace<'a> {
    /// The base directory: one of [`BASES`].
    pub base: &'static str,
    /// The directory of units.
    pub directory: &'static UnitDirectory,
    /// What the file is to the unit.
    pub kind: UnitFile,
    /// The unit's name.
    pub name: &'a [u8],
    /// The unit's type.
    pub unit_type: &'static UnitType,
}

impl<'a> UnitPlace<'a> {
    /// The place of a file by its path, relative to an output; `None` if it belongs to no unit.
    #[must_use]
    pub fn of(path: &'a [u8]) -> Option<Self> {
        let (base, rest) = split_base(path)?;
        // One of them may lie in another: it comes after that.
        let mut directories = DIRECTORIES.iter().rev();
        let (directory, rest) =
            directories.find_map(|directory| Some((directory, inside(rest, directory.path)?)))?;
        let (parents, file) = split_last(rest);
        let parent = parents.map(|parents| split_last(parents).1);
        if file.starts_with(b".") {
            return None;
        }
        let (kind, name) = match file.strip_suffix(b".conf") {
            Some(stem) => match parent.and_then(|parent| parent.strip_suffix(b".d")) {
                Some(unit) => (UnitFile::DropIn, unit),
                None => (UnitFile::Other, stem),
            },
            None => match parent {
                None => (UnitFile::Fragment, file),
                Some(parent) if requiring_unit(parent).is_some() => (UnitFile::Requirement, file),
                Some(_) => (UnitFile::Other, file),
            },
        };
        let type_name = match memchr::memrchr(b'.', name) {
            Some(dot) if dot > 0 && (kind == UnitFile::DropIn || name == file) => &name[dot + 1..],
            // `service.d/y.conf`, `profile/x/service.conf`
            None if name != file => name,
            _ => return None,
        };
        let mut types = directory.types.iter();
        Some(Self {
            base,
            directory,
            kind: match parents {
                Some(parents) if parents.contains(&b'/') => UnitFile::Other,
                _ => kind,
            },
            name,
            unit_type: types.find(|known| known.name.as_bytes() == type_name)?,
        })
    }

    /// The service that podman makes of the unit, if it does: `x.service` of `x.container`.
    #[must_use]
    pub fn service_of_quadlet(&self) -> Option<Vec<u8>> {
        let suffix = self.unit_type.service?;
        let stem = self.name.strip_suffix(self.unit_type.name.as_bytes())?;
        let stem = stem.strip_suffix(b".")?;
        Some([stem, suffix.as_bytes(), b".service"].concat())
    }

    /// The manager that reads the unit, if one does.
    #[must_use]
    pub fn manager(&self) -> Option<Manager> {
        self.directory.manager
    }
}

/// What the files of one unit have in common, in whichever base directory they lie: who reads them, and
/// the unit's name. Any other file stands for itself.
#[must_use]
pub fn unit_key(path: &[u8]) -> Vec<u8> {
    match UnitPlace::of(path) {
        Some(place) => [place.directory.path.as_bytes(), b"/", place.name].concat(),
        None => path.to_vec(),
    }
}

/// The unit that starts what lies in a directory of this name: `x.target` of `x.target.wants`.
#[must_use]
pub fn requiring_unit(directory: &[u8]) -> Option<&[u8]> {
    let endings: [&[u8]; 3] = [b".wants", b".requires", b".upholds"];
    endings
        .into_iter()
        .find_map(|ending| directory.strip_suffix(ending))
}

/// The manager for which the file at `path`, relative to an output, makes units when that one starts:
/// systemd.generator(7). `None` if it is no generator.
#[must_use]
pub fn generator_of(path: &[u8]) -> Option<Manager> {
    let (_, rest) = split_base(path)?;
    let is_in = |directory| inside(rest, directory).is_some_and(|name| !name.contains(&b'/'));
    if is_in("systemd/system-generators") {
        Some(Manager::System)
    } else {
        is_in("systemd/user-generators").then_some(Manager::User)
    }
}

/// A path's base directory, and what follows.
pub(crate) fn split_base(path: &[u8]) -> Option<(&'static str, &[u8])> {
    let mut bases = BASES.iter();
    bases.find_map(|base| Some((*base, inside(path, base)?)))
}

/// What follows a directory in a path; `None` if that is nothing.
pub(crate) fn inside<'a>(path: &'a [u8], directory: &str) -> Option<&'a [u8]> {
    below(path, directory.as_bytes()).filter(|rest| !rest.is_empty())
}

/// A path without its last component, and that.
#[must_use]
pub fn split_last(path: &[u8]) -> (Option<&[u8]>, &[u8]) {
    match memchr::memrchr(b'/', path) {
        Some(slash) => (Some(&path[..slash]), &path[slash + 1..]),
        None => (None, path),
    }
}

/// What systemd takes for a boolean: `systemd.syntax(7)`, in letters of any case. `None` if it is none.
#[must_use]
pub fn parse_boolean(value: &[u8]) -> Option<bool> {
    let is_one_of = |words: [&[u8]; 6]| words.iter().any(|word| value.eq_ignore_ascii_case(word));
    if is_one_of([b"1", b"yes", b"y", b"true", b"t", b"on"]) {
        Some(true)
    } else {
        is_one_of([b"0", b"no", b"n", b"false", b"f", b"off"]).then_some(false)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A path, and its place in words: base, directory, what the file is, the unit, its type.
    const PLACES: &str = "
lib/systemd/system/x.service: lib systemd/system Fragment x.service service
lib/systemd/system/x@.socket: lib systemd/system Fragment x@.socket socket
lib/systemd/system/x.y.path: lib systemd/system Fragment x.y.path path
etc/systemd/system/x.timer: etc systemd/system Fragment x.timer timer
example/systemd/system/x.mount: example systemd/system Fragment x.mount mount
share/systemd/user/x.target: share systemd/user Fragment x.target target
lib/systemd/network/80-x.link: lib systemd/network Fragment 80-x.link link
lib/systemd/system/x.service.d/y.conf: lib systemd/system DropIn x.service service
etc/systemd/user/service.d/y.conf: etc systemd/user DropIn service service
lib/systemd/system/x-.socket.d/y.conf: lib systemd/system DropIn x-.socket socket
lib/systemd/network/x.network.d/y.conf: lib systemd/network DropIn x.network network
example/systemd/system/y.target.wants/x.service: example systemd/system Requirement x.service service
lib/systemd/system/y.service.requires/x@1.service: lib systemd/system Requirement x@1.service service
lib/systemd/user/y.target.upholds/x.service: lib systemd/user Requirement x.service service
share/containers/systemd/x.container: share containers/systemd Fragment x.container container
share/containers/systemd/x.container.d/y.conf: share containers/systemd DropIn x.container container
share/containers/systemd/container.d/y.conf: share containers/systemd DropIn container container
share/containers/systemd/app/x.volume: share containers/systemd Other x.volume volume
etc/containers/systemd/users/x.pod: etc containers/systemd/users Fragment x.pod pod
etc/containers/systemd/users/1000/x.kube: etc containers/systemd/users Other x.kube kube
share/containers/systemd/x.service: none
etc/systemd/nspawn/x.nspawn: etc systemd/nspawn Fragment x.nspawn nspawn
lib/systemd/system/a/x.service: lib systemd/system Other x.service service
lib/systemd/system/a/y.target.wants/x.service: lib systemd/system Other x.service service
lib/systemd/portable/profile/x/service.conf: lib systemd/portable Other service service
lib/systemd/portable/profile/x/service.d/y.conf: lib systemd/portable Other service service
lib/systemd/system: none
lib/systemd/system/: none
lib/systemd/system/README: none
lib/systemd/system/service: none
lib/systemd/system/.service: none
lib/systemd/system/.x.service: none
lib/systemd/system/x.conf: none
lib/systemd/system/x.service.conf: none
lib/systemd/system/x.service.d/README: none
lib/systemd/system/x.link: none
lib/systemd/network/x.service: none
lib/systemd/systemd/x.service: none
lib64/systemd/system/x.service: none
share/doc/x/systemd/system/x.service: none
systemd/system/x.service: none
";

    #[test]
    fn places() {
        for line in PLACES.trim().lines() {
            let (path, expected) = line.split_once(": ").unwrap();
            let found = UnitPlace::of(path.as_bytes()).map(|place| {
                let UnitPlace {
                    base, kind, name, ..
                } = place;
                let (directory, unit_type) = (place.directory.path, place.unit_type.name);
                let name = String::from_utf8_lossy(name);
                format!("{base} {directory} {kind:?} {name} {unit_type}")
            });
            assert_eq!(found.unwrap_or("none".to_owned()), expected, "{path}");
        }
    }

    #[test]
    fn services_of_quadlets() {
        for (path, service) in [
            ("share/containers/systemd/x@.container", Some("x@.service")),
            (
                "etc/containers/systemd/x.network",
                Some("x-network.service"),
            ),
            ("lib/systemd/network/x.network", None),
            ("lib/systemd/system/x.service", None),
        ] {
            let place = UnitPlace::of(path.as_bytes()).unwrap();
            let found = place.service_of_quadlet();
            assert_eq!(found.as_deref(), service.map(str::as_bytes), "{path}");
        }
    }

    #[test]
    fn files_of_one_unit() {
        let key = |path: &str| unit_key(path.as_bytes());
        let unit = key("lib/systemd/system/x.service");
        assert_eq!(key("etc/systemd/system/x.service.d/y.conf"), unit);
        assert_eq!(key("example/systemd/system/y.target.wants/x.service"), unit);
        assert_ne!(key("lib/systemd/user/x.service"), unit);
        assert_eq!(key("lib/sysusers.d/x.conf"), b"lib/sysusers.d/x.conf");
    }

    #[test]
    fn generators() {
        for (path, expected) in [
            ("lib/systemd/system-generators/x", Some(Manager::System)),
            ("lib/systemd/user-generators/x", Some(Manager::User)),
            ("lib/systemd/system-generators/", None),
            ("lib/systemd/system-generators/x/y", None),
            ("lib/systemd/system/x.service", None),
        ] {
            assert_eq!(generator_of(path.as_bytes()), expected, "{path}");
        }
    }

    #[test]
    fn booleans() {
        for (words, expected) in [
            ("1 YES y true t on", Some(true)),
            ("0 no n False f Off", Some(false)),
            ("2 yess o", None),
        ] {
            for word in words.split(' ') {
                assert_eq!(parse_boolean(word.as_bytes()), expected, "{word}");
            }
        }
    }

    #[test]
    fn every_manager_looks_where_its_units_lie() {
        for manager in [Manager::System, Manager::User] {
            for path in load_path(manager) {
                let mut directories = DIRECTORIES.iter();
                let is_it = |known: &UnitDirectory| {
                    known.manager == Some(manager) && path.ends_with(known.path)
                };
                assert!(directories.any(is_it), "{path}");
            }
        }
    }
}
