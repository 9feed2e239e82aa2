//! The units, users and bus names that a closure has, and those that every system has.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use hermetic_out_formats::bus_service::manager_of;
use hermetic_out_formats::kind::FileKind;
use hermetic_out_formats::tables::is_base_account;
use hermetic_out_formats::unit::place::{
    Manager, UnitFile, UnitPlace, generator_of, requiring_unit, split_last,
};
use hermetic_out_formats::unit::relations::template_of;
use hermetic_out_formats::unit::systemd_units::{is_systemd_unit, systemd_units};
use hermetic_out_formats::{Account, Declaration};
use strsim::generic_damerau_levenshtein;

use crate::facts::{FactSet, FileFacts, Node};
use crate::resolved_reference::{of_kind, scanned};

/// The units of a closure, by their names.
#[derive(Debug, Default)]
pub(crate) struct Units {
    names: BTreeMap<Manager, BTreeSet<Vec<u8>>>,
    /// Words by which generators may name units.
    generator_words: BTreeMap<Manager, BTreeSet<Vec<u8>>>,
}

/// The types of units that are files of packages; others come into being by themselves, or may.
const SHIPPED_TYPES: &[&[u8]] = &[b".path", b".service", b".socket", b".target", b".timer"];

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
                if let Some(manager) = generator_of(&file.sub_path) {
                    let words = file.content().map(|content| &content.generator_words);
                    let words = words.into_iter().flatten().map(|word| word.to_vec());
                    units
                        .generator_words
                        .entry(manager)
                        .or_default()
                        .extend(words);
                }
            }
        }
        for path in known.paths() {
            for scanned in scanned(path) {
                let place = UnitPlace::of(&scanned.file.sub_path);
                let Some((place, manager)) =
                    place.and_then(|place| Some((place, place.manager()?)))
                else {
                    continue;
                };
                if let Some(service) = place.service_of_quadlet() {
                    units.add(manager, &service);
                }
                for fact in &scanned.scan.declarations {
                    // An alias is another name, once the unit is enabled.
                    if let Declaration::NamesUnit { field, name } = fact
                        && field == "Alias"
                    {
                        units.add(manager, name.bytes());
                    }
                }
            }
        }
        units
    }

    /// A unit, or a link to one: an alias.
    fn note_file(&mut self, file: &FileFacts) {
        let is_named = matches!(file.node, Node::File { .. } | Node::Link { .. });
        let place = UnitPlace::of(&file.sub_path).filter(|_| is_named);
        if let Some(place) = place.filter(|place| place.kind == UnitFile::Fragment)
            && let Some(manager) = place.manager()
        {
            self.add(manager, place.name);
        }
    }

    fn add(&mut self, manager: Manager, name: &[u8]) {
        self.names.entry(manager).or_default().insert(name.to_vec());
    }

    /// Whether there is a unit of this name, or its template, or systemd has it or makes it, or a generator
    /// may.
    pub(crate) fn has(&self, manager: Manager, name: &[u8]) -> bool {
        let is_shipped_type = SHIPPED_TYPES.iter().any(|ending| name.ends_with(ending));
        if !is_shipped_type {
            return true;
        }
        let has = |of: &BTreeMap<Manager, BTreeSet<Vec<u8>>>, name: &[u8]| {
            of.get(&manager).is_some_and(|names| names.contains(name))
        };
        let known = |name: &[u8]| has(&self.names, name) || is_systemd_unit(name, manager);
        let is_generated =
            split_type(name).is_some_and(|(stem, _)| has(&self.generator_words, stem));
        is_generated || known(name) || template_of(name).is_some_and(|template| known(&template))
    }

    /// A unit that is probably meant by a name that no unit has: a target's name is that of a service, or
    /// it is one letter off from a unit of systemd. Among other packages' units, names that are as near
    /// (`sssd-pac.socket`, `sssd-pam.socket`) are those of different things.
    pub(crate) fn meant_by(&self, manager: Manager, name: &[u8]) -> Option<Vec<u8>> {
        let (stem, unit_type) = split_type(name)?;
        let service = [stem, b".service"].concat();
        if unit_type == b"target" && self.has(manager, &service) {
            return Some(service);
        }
        let is_near = |known: &&[u8]| {
            known.first() == name.first()
                && known.len().abs_diff(name.len()) <= 1
                && generic_damerau_levenshtein(known, name) == 1
        };
        let near = systemd_units(manager).map(str::as_bytes).find(is_near)?;
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
            let (parents, name) = split_last(&file.sub_path);
            if parents.is_some_and(|parents| requiring_unit(parents).is_some()) {
                started.insert(name.to_vec());
            }
        }
        for scanned in scanned(path) {
            let of = UnitPlace::of(&scanned.file.sub_path).map(|place| place.name);
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
                if let Some(stem) = of.and_then(|of| of.strip_suffix(ending)) {
                    started.insert([stem, b".service"].concat());
                }
            }
        }
    }
    started
}

/// Activation files by the manager beside their bus, and by the name they answer.
pub(crate) type BusNames = BTreeMap<(Manager, Vec<u8>), Vec<PathBuf>>;

/// The D-Bus activation files of a closure by bus and name: the paths that answer it.
pub(crate) fn bus_names(known: &FactSet) -> BusNames {
    let mut names = BusNames::new();
    for (store_path, scanned) in of_kind(known, FileKind::BusService) {
        let manager = manager_of(&scanned.file.sub_path);
        for fact in &scanned.scan.declarations {
            if let Declaration::BusName(name) = fact {
                let files = names.entry((manager, name.bytes().to_vec())).or_default();
                files.push(scanned.file.path_in(&store_path));
            }
        }
    }
    names
}
