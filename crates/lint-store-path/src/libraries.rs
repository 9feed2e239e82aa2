//! Which libraries an ELF file loads, as ld.so(8) looks for them.
//!
//! In a store there is no cache of libraries and no `/lib`: what is needed is in a directory of the
//! file's RUNPATH, or in its RPATH or that of whatever loads it, or beside the loader. A RUNPATH counts
//! for the file that has it alone, an RPATH for all that it loads.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use hermetic_out::Tree;
use hermetic_out::package::normalize;
use hermetic_out_formats::elf::{Elf, expand_origin};

use crate::facts::{FactSet, FileFacts};

/// Libraries that come with the loader itself: whoever loads anything has them already.
const OF_LIBC: &[&str] = &[
    "ld-linux",
    "ld-musl",
    "ld64.so",
    "ld.so.1",
    "libBrokenLocale.so",
    "libanl.so",
    "libc.musl-",
    "libc.so",
    "libdl.so",
    "libm.so",
    "libmvec.so",
    "libnss_",
    "libpthread.so",
    "libresolv.so",
    "librt.so",
    "libthread_db.so",
    "libutil.so",
    "linux-vdso",
    "libc_malloc_debug.so",
];

/// Which libraries the ELF files of known store paths load.
#[derive(Debug)]
pub struct Libraries<'a> {
    known: &'a FactSet,
    tree: &'a Tree,
    /// By library: the names that it does not find by itself, but gets from every program that is known
    /// to load it.
    lent: OnceLock<HashMap<PathBuf, BTreeSet<Vec<u8>>>>,
    /// By name of a store path: what its programs need, whether or not they find it.
    of_programs: OnceLock<HashMap<Vec<u8>, BTreeSet<Vec<u8>>>>,
}

/// Where ELF files find the libraries that they need by themselves, in order: what many programs load is looked
/// for once.
type FoundByItself = HashMap<PathBuf, Vec<Option<PathBuf>>>;

impl<'a> Libraries<'a> {
    pub(crate) fn new(known: &'a FactSet, tree: &'a Tree) -> Self {
        Self {
            known,
            tree,
            lent: OnceLock::new(),
            of_programs: OnceLock::new(),
        }
    }

    /// The directories in which an ELF file at `path` looks for libraries by itself, in order.
    #[must_use]
    pub fn directories(&self, path: &Path, elf: &Elf) -> Vec<PathBuf> {
        let mut directories = search_path(path, elf);
        directories.extend(default_directory(elf));
        directories
    }

    /// Where the library `name` is found in `directories`.
    #[must_use]
    pub fn find(&self, directories: &[PathBuf], name: &[u8]) -> Option<PathBuf> {
        find_in(self.tree, directories, name)
    }

    /// The libraries that an ELF file at `path` needs and nothing gives it.
    #[must_use]
    pub fn missing<'e>(&self, path: &Path, elf: &'e Elf) -> Vec<&'e [u8]> {
        let unresolved = self.unresolved(path, elf);
        if unresolved.is_empty() || is_program(elf) {
            return unresolved;
        }
        let mut unresolved = unresolved;
        let lent = self.lent.get_or_init(|| self.lend());
        if let Some(names) = lent.get(path) {
            unresolved.retain(|name| !names.contains(*name));
        }
        if let Some(names) = self.loaded_by_host(path) {
            unresolved.retain(|name| !names.contains(*name));
        }
        unresolved
    }

    /// If a library at `path` is a plugin, what the programs of its store path need themselves: it is
    /// loaded when they open the plugin, or they do not start, which is reported of them.
    fn loaded_by_host(&self, path: &Path) -> Option<&BTreeSet<Vec<u8>>> {
        let (facts, file) = self.known.file(path)?;
        if !is_place_of_plugins(&file.sub_path) {
            return None;
        }
        let all = self.of_programs.get_or_init(|| {
            let paths = self.known.paths().iter();
            let needed = paths.map(|facts| {
                let elves = facts.files.iter().filter_map(FileFacts::elf);
                let programs = elves.filter(|elf| is_program(elf));
                let names = programs.flat_map(|elf| &elf.needed).cloned();
                (facts.name.clone(), names.collect())
            });
            needed.collect()
        });
        all.get(facts.name.as_slice())
    }

    /// The libraries that an ELF file needs and does not find by itself.
    fn unresolved<'e>(&self, path: &Path, elf: &'e Elf) -> Vec<&'e [u8]> {
        if elf.needed.is_empty() {
            return Vec::new();
        }
        let directories = self.directories(path, elf);
        let needed = elf.needed.iter().map(Vec::as_slice);
        needed
            // What looks for libraries is there itself.
            .filter(|name| !is_loader(name))
            .filter(|name| !comes_with_libc(name) || is_program(elf))
            .filter(|name| find_in(self.tree, &directories, name).is_none())
            // A loader that is not in the store has its own report.
            .filter(|name| !comes_with_libc(name) || self.has_loader(elf))
            .collect()
    }

    /// Whether an ELF file looks for libraries beside a loader in the store.
    fn has_loader(&self, elf: &Elf) -> bool {
        let store = &self.known.store().directory;
        default_directory(elf).is_some_and(|directory| directory.starts_with(store))
    }

    /// Follows every known program, and notes what libraries get from what is loaded with them.
    fn lend(&self) -> HashMap<PathBuf, BTreeSet<Vec<u8>>> {
        let mut lent: HashMap<PathBuf, BTreeSet<Vec<u8>>> = HashMap::new();
        let mut seen: BTreeSet<PathBuf> = BTreeSet::new();
        let mut found = FoundByItself::new();
        let store = self.known.store();
        for facts in self.known.paths() {
            let store_path = store.path_of_name(&facts.name);
            for file in &facts.files {
                let Some(elf) = file.elf().filter(|elf| is_program(elf)) else {
                    continue;
                };
                let loaded = self.load(&file.path_in(&store_path), elf, &mut found);
                for (library, names) in loaded {
                    if seen.insert(library.clone()) {
                        lent.insert(library, names);
                    } else if let Some(known) = lent.get_mut(&library) {
                        known.retain(|name| names.contains(name));
                    }
                }
            }
        }
        lent
    }

    /// What a program loads: every library, with the names that it gets but does not find by itself.
    fn load(
        &self,
        path: &Path,
        elf: &Elf,
        found_by_itself: &mut FoundByItself,
    ) -> BTreeMap<PathBuf, BTreeSet<Vec<u8>>> {
        let mut lent: BTreeMap<PathBuf, BTreeSet<Vec<u8>>> = BTreeMap::new();
        let mut names: BTreeSet<Vec<u8>> = BTreeSet::new();
        let mut inherited = Vec::new();
        if elf.runpath.is_empty() {
            inherited = search_path(path, elf);
        }
        inherited.extend(default_directory(elf));
        // ld.so(8) loads level by level.
        let mut level = vec![(path.to_owned(), elf)];
        let mut waiting: Vec<(PathBuf, Vec<u8>)> = Vec::new();
        while !level.is_empty() {
            let mut next = Vec::new();
            for (path, elf) in level {
                let own = found_by_itself.entry(path.clone()).or_insert_with(|| {
                    let directories = self.directories(&path, elf);
                    let needed = elf.needed.iter();
                    needed.map(|name| self.find(&directories, name)).collect()
                });
                for (name, by_itself) in elf.needed.iter().zip(own) {
                    let by_itself = by_itself.clone();
                    let is_lent = by_itself.is_none();
                    let found = by_itself.or_else(|| {
                        // A file with a RUNPATH does not look into the RPATH of others.
                        let inherits = elf.runpath.is_empty();
                        inherits.then(|| find_in(self.tree, &inherited, name))?
                    });
                    if is_lent {
                        waiting.push((path.clone(), name.clone()));
                    }
                    if found.is_some() && !names.insert(name.clone()) {
                        continue;
                    }
                    let Some(found) = found else { continue };
                    if let Some((place, elf)) = self.elf_at(&found)
                        && !lent.contains_key(&place)
                    {
                        lent.insert(place.clone(), BTreeSet::new());
                        names.extend(elf.soname.clone());
                        next.push((place, elf));
                    }
                }
            }
            level = next;
        }
        for (library, name) in waiting {
            if names.contains(&name) {
                lent.entry(library).or_default().insert(name);
            }
        }
        lent
    }

    /// The known ELF file that a path leads to.
    fn elf_at(&self, path: &Path) -> Option<(PathBuf, &'a Elf)> {
        let mut path = path.to_owned();
        for _ in 0..40 {
            let (facts, file) = self.known.file(&path)?;
            if let Some(elf) = file.elf() {
                let store_path = self.known.store().path_of_name(&facts.name);
                return Some((file.path_in(&store_path), elf));
            }
            let target = self.tree.link_at(&path)?;
            let target = Path::new(OsStr::from_bytes(&target));
            let joined = path.parent()?.join(target);
            let normal = normalize(joined.as_os_str().as_bytes())?;
            path = PathBuf::from(OsStr::from_bytes(&normal));
        }
        None
    }
}

/// Whether programs open what is at `sub_path` by its path, as plugins are: it lies in a directory of its
/// own below that of the libraries, of which Debian has one for each architecture.
fn is_place_of_plugins(sub_path: &[u8]) -> bool {
    let mut parts = sub_path.split(|byte| *byte == b'/');
    let is_below_lib = matches!(
        parts.next(),
        Some(b"lib" | b"lib32" | b"lib64" | b"libexec")
    );
    let rest: Vec<&[u8]> = parts.collect();
    let directories = match rest.as_slice() {
        [first, rest @ ..] if memchr::memmem::find(first, b"-linux-gnu").is_some() => rest,
        rest => rest,
    };
    is_below_lib && directories.len() > 1
}

/// Whether a process begins with this file.
#[must_use]
pub fn is_program(elf: &Elf) -> bool {
    elf.interpreter.is_some()
}

/// Whether a library is the loader itself, which every process has.
fn is_loader(name: &[u8]) -> bool {
    let names = [&b"ld-linux"[..], b"ld64.so", b"ld-musl", b"ld.so.1"];
    names.iter().any(|known| name.starts_with(known))
}

/// Whether a library comes with the loader.
#[must_use]
pub fn comes_with_libc(name: &[u8]) -> bool {
    OF_LIBC
        .iter()
        .any(|known| name.starts_with(known.as_bytes()))
}

/// The absolute directories of a search path.
fn search_path(path: &Path, elf: &Elf) -> Vec<PathBuf> {
    let origin = path.parent().unwrap_or(Path::new("/"));
    let entries = elf.search_path().iter();
    let expanded = entries.map(|entry| expand_origin(entry, origin.as_os_str().as_bytes()));
    let normal = expanded.filter_map(|entry| normalize(&entry));
    normal
        .map(|entry| PathBuf::from(OsStr::from_bytes(&entry)))
        .collect()
}

/// Where the loader looks by itself: beside itself, as nixpkgs builds the C libraries.
fn default_directory(elf: &Elf) -> Option<PathBuf> {
    let interpreter = elf.interpreter.as_deref()?;
    let directory = Path::new(OsStr::from_bytes(interpreter)).parent()?;
    (!elf.no_default_directories).then(|| directory.to_owned())
}

fn find_in(tree: &Tree, directories: &[PathBuf], name: &[u8]) -> Option<PathBuf> {
    if name.contains(&b'/') {
        let path = PathBuf::from(OsStr::from_bytes(name));
        return tree.look_up(&path).is_some().then_some(path);
    }
    let name = OsStr::from_bytes(name);
    let mut paths = directories.iter().map(|directory| directory.join(name));
    paths.find(|path| tree.look_up(path).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_plugins_lie() {
        for (sub_path, expected) in [
            ("lib/libx.so.1", false),
            ("lib/x86_64-linux-gnu/libx.so.1", false),
            ("lib/pulse-17.0/modules/librtp.so", true),
            ("lib/x86_64-linux-gnu/samba/vfs/snapper.so", true),
            ("share/x/y.so", false),
            ("bin/x", false),
        ] {
            assert_eq!(
                is_place_of_plugins(sub_path.as_bytes()),
                expected,
                "{sub_path}"
            );
        }
    }
}
