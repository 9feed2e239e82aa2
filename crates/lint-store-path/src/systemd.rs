//! The units, users and bus names that a closure has, and those that every system has.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use hermetic_out_formats::kind::{FileKind, generator_of_users, is_user_unit, unit_name};
use hermetic_out_formats::tables::{is_base_account, is_systemd_unit, systemd_units};
use hermetic_out_formats::unit::relations::template_of;
use hermetic_out_formats::{Account, Declaration};
use strsim::generic_damerau_levenshtein;

use crate::facts::{FactSet, FileFacts, Node};
use crate::resolved_reference::{of_kind, scanned};

/// The units of a closure, by their names.
#[derive(Debug, Default)]
pub(crate) struct Units {
    /// Of the system's manager, and of users'.
    names: [BTreeSet<Vec<u8>>; 2],
    /// Words by which generators of the one and the other may name units.
    generator_words: [BTreeSet<Vec<u8>>; 2],
}

/// The types of units that are files of packages; others come into being by themselves, or may.
const SHIPPED_TYPES: &[&[u8]] = &[b".path", b".service", b".socket", b".target", b".timer"];

/// The directories of units that the managers read: portable and network files are none.
pub(crate) fn is_unit_of_a_manager(sub_path: &[u8]) -> bool {
    let mut parts = sub_path.split(|byte| *byte == b'/').skip(1);
    parts.next() == Some(b"systemd") && matches!(parts.next(), Some(b"system" | b"user"))
}

impl Units {
    pub(crate) fn of(known: &FactSet) -> Self {
        let mut units = Self::default();
        for directory in [b"system", &b"user"[..]] {
            for (_, file) in known.in_directories(directory) {
                units.note_file(file);
            }
        }
        for directory in [&b"system-generators"[..], b"user-generators"] {
            for (_, file) in known.in_directories(directory) {
                if let Some(of_users) = generator_of_users(&file.sub_path) {
                    let words = file.content().map(|content| &content.generator_words);
                    let words = words.into_iter().flatten().map(|word| word.to_vec());
                    units.generator_words[usize::from(of_users)].extend(words);
                }
            }
        }
        for path in known.paths() {
            for scanned in scanned(path).filter(|scanned| scanned.kind == FileKind::Unit) {
                let sub_path = &scanned.file.sub_path;
                for fact in &scanned.scan.declarations {
                    // An alias is another name, once the unit is enabled.
                    if let Declaration::NamesUnit { field, name } = fact
                        && field == "Alias"
                    {
                        units.add(is_user_unit(sub_path), name.bytes());
                    }
                }
            }
        }
        units
    }

    /// A unit, or a link to one: an alias.
    fn note_file(&mut self, file: &FileFacts) {
        let sub_path = &file.sub_path;
        let is_named = matches!(file.node, Node::File { .. } | Node::Link { .. });
        if is_named && is_unit_of_a_manager(sub_path) {
            self.add(is_user_unit(sub_path), file.file_name());
        }
    }

    fn add(&mut self, of_users: bool, name: &[u8]) {
        self.names[usize::from(of_users)].insert(name.to_vec());
    }

    /// Whether there is a unit of this name, or its template, or systemd has it or makes it, or a generator
    /// may.
    pub(crate) fn has(&self, of_users: bool, name: &[u8]) -> bool {
        let is_shipped_type = SHIPPED_TYPES.iter().any(|ending| name.ends_with(ending));
        if !is_shipped_type {
            return true;
        }
        let known = |name: &[u8]| {
            self.names[usize::from(of_users)].contains(name) || is_systemd_unit(name, of_users)
        };
        let is_generated = split_type(name)
            .is_some_and(|(stem, _)| self.generator_words[usize::from(of_users)].contains(stem));
        is_generated || known(name) || template_of(name).is_some_and(|template| known(&template))
    }

    /// A unit that is probably meant by a name that no unit has: a target's name is that of a service, or
    /// it is one letter off from a unit of systemd. Among other packages' units, names that are as near
    /// (`sssd-pac.socket`, `sssd-pam.socket`) are those of different things.
    pub(crate) fn meant_by(&self, of_users: bool, name: &[u8]) -> Option<Vec<u8>> {
        let (stem, unit_type) = split_type(name)?;
        let service = [stem, b".service"].concat();
        if unit_type == b"target" && self.has(of_users, &service) {
            return Some(service);
        }
        let is_near = |known: &&[u8]| {
            known.first() == name.first()
                && known.len().abs_diff(name.len()) <= 1
                && generic_damerau_levenshtein(known, name) == 1
        };
        let near = systemd_units(of_users).map(str::as_bytes).find(is_near)?;
        Some(near.to_vec())
    }
}

/// A unit's name without its type, and the type.
fn split_type(name: &[u8]) -> Option<(&[u8], &[u8])> {
    let dot = memchr::memrchr(b'.', name)?;
    Some((&name[..dot], &name[dot + 1..]))
}

/// The users and groups that the sysusers.d files of a closure declare.
#[derive(Debug, Default)]
pub(crate) struct Accounts {
    declared: BTreeSet<(Account, Vec<u8>)>,
}

impl Accounts {
    pub(crate) fn of(known: &FactSet) -> Self {
        let mut declared = BTreeSet::new();
        for path in known.paths() {
            for fact in scanned(path).flat_map(|scanned| &scanned.scan.declarations) {
                let (account, name) = match fact {
                    Declaration::User(name) => (Account::User, name),
                    Declaration::Group(name) => (Account::Group, name),
                    _ => continue,
                };
                declared.insert((account, name.bytes().to_vec()));
            }
        }
        Self { declared }
    }

    pub(crate) fn has(&self, account: Account, name: &[u8]) -> bool {
        is_base_account(account, name) || self.declared.contains(&(account, name.to_vec()))
    }
}

/// What starts units of a closure, beside `[Install]`.
pub(crate) fn started(known: &FactSet) -> BTreeSet<Vec<u8>> {
    let mut started = BTreeSet::new();
    for path in known.paths() {
        for file in &path.files {
            // `x.target.wants/y.service`, in the image of a system that has been set up.
            let mut parts = file.sub_path.rsplit(|byte| *byte == b'/');
            let (name, directory) = (parts.next(), parts.next());
            let pulls = |directory: &[u8]| {
                [&b".wants"[..], b".requires", b".upholds"]
                    .iter()
                    .any(|ending| directory.ends_with(ending))
            };
            if let (Some(name), true) = (name, directory.is_some_and(pulls)) {
                started.insert(name.to_vec());
            }
        }
        for scanned in scanned(path) {
            let of = unit_name(&scanned.file.sub_path);
            for fact in &scanned.scan.declarations {
                match fact {
                    // Order alone starts nothing.
                    Declaration::NamesUnit { field, name }
                        if !matches!(&**field, "After" | "Before" | "Conflicts" | "Alias") =>
                    {
                        started.insert(name.bytes().to_vec());
                    }
                    Declaration::SystemdService(name) => {
                        started.insert(name.bytes().to_vec());
                    }
                    _ => {}
                }
            }
            // A socket, timer or path starts the service of its name.
            for ending in [&b".socket"[..], b".timer", b".path"] {
                if let Some(stem) = of.strip_suffix(ending) {
                    started.insert([stem, b".service"].concat());
                }
            }
        }
    }
    started
}

/// Activation files by whether they are for the system's bus, and by the name they answer.
pub(crate) type BusNames = BTreeMap<(bool, Vec<u8>), Vec<PathBuf>>;

/// The D-Bus activation files of a closure by bus and name: the paths that answer it.
pub(crate) fn bus_names(known: &FactSet) -> BusNames {
    let mut names = BusNames::new();
    for (store_path, scanned) in of_kind(known, FileKind::BusService) {
        let of_system = is_of_system_bus(&scanned.file.sub_path);
        for fact in &scanned.scan.declarations {
            if let Declaration::BusName(name) = fact {
                let files = names.entry((of_system, name.bytes().to_vec())).or_default();
                files.push(scanned.file.path_in(&store_path));
            }
        }
    }
    names
}

/// Whether an activation file at `sub_path` is for the system's bus.
pub(crate) fn is_of_system_bus(sub_path: &[u8]) -> bool {
    memchr::memmem::find(sub_path, b"/system-services/").is_some()
}
