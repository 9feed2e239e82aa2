//! The minimal initrd: systemd, udev, the veritysetup generator and the modules that the root file
//! system needs, taken from the same packages as the image.
//!
//! What goes in is decided file by file: from a list of units, rules and programs, links and ELF
//! libraries are followed through the image's own tree, so that the initrd has the same store paths
//! and nothing that is not used.

mod elf;
mod modules;

use std::fs::File;
use std::io::BufWriter;
use std::path::{Path, PathBuf};

use bstr::ByteSlice;
use hermetic_out_formats::elf::is_elf;
use hermetic_out_formats::unit::place::requiring_unit;
use hermetic_out_formats::{FileKind, Lookup, Role, scan};

use crate::archive::cpio;
use crate::error::{Error, io_error};
use crate::options::Options;
use crate::progress::Unit;
use crate::root_fs::Compression;
use crate::root_tree::{Entry, Node, RootTree, join, name_of, parent_of};
use crate::steps::{Job, Step};

const UNITS: &str = include_str!("../../data/initrd-units.txt");
const PROGRAMS: &str = include_str!("../../data/initrd-programs.txt");
const RULES: &str = include_str!("../../data/initrd-rules.txt");

/// Libraries that systemd and libkmod open themselves, by feature, and that are needed here.
const FEATURES: &[&str] = &["blkid", "cryptsetup", "kmod", "mount", "xz", "zlib", "zstd"];
/// Programs that systemd starts from a place fixed when it was compiled.
const COMPILED_IN: &[&str] = &["mount", "umount", "modprobe"];
/// Where glibc looks last, in the image.
const LIBRARY_DIRECTORIES: &[&str] = &[
    "usr/lib",
    "usr/lib64",
    "usr/lib/x86_64-linux-gnu",
    "usr/lib/aarch64-linux-gnu",
];
pub(crate) const ACTION: &str = "making the initrd";
/// How hard the archive is compressed.
const ZSTD_LEVEL: i32 = 9;

fn entries(table: &'static str) -> impl Iterator<Item = &'static str> {
    table
        .lines()
        .filter(|line| !line.starts_with('#') && !line.is_empty())
}

/// The tree of the minimal initrd, from that of the image. `work` is a directory for the modules.
pub(crate) fn tree(image: &RootTree, options: &Options, work: &Path) -> Result<RootTree, Error> {
    let mut collector = Collector::new(image, options);
    collector.skeleton()?;
    for program in entries(PROGRAMS) {
        match program.strip_prefix('?') {
            Some(program) => collector.add_if_there(program.as_bytes())?,
            None => collector.add(program.as_bytes())?,
        }
    }
    for rules in entries(RULES) {
        collector.rules(rules.as_bytes())?;
    }
    let units: Vec<&str> = entries(UNITS).collect();
    for unit in &units {
        collector.unit(unit.as_bytes())?;
    }
    collector.requirements(&units);
    let mut tree = collector.tree;
    if let Some(directory) = &options.modules {
        modules::add(&mut tree, directory, options, work)?;
    }
    Ok(tree)
}

/// The file of the initrd that opens the root file system: the given one, or the minimal one.
pub(crate) fn path(job: &Job<'_>) -> PathBuf {
    let given = job.options.initrd.clone();
    given.unwrap_or_else(|| job.work.join("initrd.cpio"))
}

/// The step that makes the minimal initrd, if one is made.
pub(crate) fn minimal(job: &Job<'_>) -> Option<Step> {
    let commands = |job: &Job<'_>| {
        let modules = job.options.modules.iter();
        modules
            .map(|directory| modules::index_command(directory, job.work))
            .collect()
    };
    let step = Step::new(ACTION, commands).with(|job, _| {
        let tree = tree(job.tree, job.options, job.work)?;
        write(job, &tree, &path(job))
    });
    job.options.makes_initrd().then_some(step)
}

/// Some programs of the image with all that they need, as a tree.
pub(crate) fn programs(
    image: &RootTree,
    options: &Options,
    paths: &[&str],
) -> Result<RootTree, Error> {
    let mut collector = Collector::new(image, options);
    for path in paths {
        collector.add(path.as_bytes())?;
    }
    Ok(collector.tree)
}

/// Writes a tree as a cpio archive, compressed unless that is not wanted.
pub(crate) fn write(job: &Job<'_>, tree: &RootTree, path: &Path) -> Result<(), Error> {
    job.progress.total(tree.content_bytes(), Unit::Bytes);
    let on_written = |bytes| job.progress.advance(bytes);
    let file = File::create_new(path).map_err(io_error("writing", path))?;
    let mut file = BufWriter::with_capacity(1 << 20, file);
    if job.options.compression == Compression::None {
        return cpio::write(tree, &mut file, &on_written);
    }
    let writing = || io_error("writing", path);
    let mut encoder = zstd::Encoder::new(file, ZSTD_LEVEL).map_err(writing())?;
    cpio::write(tree, &mut encoder, &on_written)?;
    let file = encoder.finish().map_err(writing())?;
    file.into_inner()
        .map_err(|error| writing()(error.into_error()))?;
    Ok(())
}

/// Collects files of the image, and what they need.
struct Collector<'a> {
    image: &'a RootTree,
    options: &'a Options,
    tree: RootTree,
}

impl<'a> Collector<'a> {
    fn new(image: &'a RootTree, options: &'a Options) -> Self {
        Self {
            image,
            options,
            tree: RootTree::default(),
        }
    }

    fn skeleton(&mut self) -> Result<(), Error> {
        // Without /usr/bin and /usr/sbin, ProtectSystem= has nothing to protect, and fails.
        for directory in [
            "", "dev", "etc", "proc", "run", "sys", "sysroot", "tmp", "usr/bin", "var",
        ] {
            self.tree.insert(directory, Entry::directory(0o755));
        }
        for (link, target) in [
            ("bin", "usr/bin"),
            ("lib", "usr/lib"),
            ("sbin", "usr/bin"),
            ("usr/sbin", "bin"),
            ("init", "usr/lib/systemd/systemd"),
            ("etc/os-release", "initrd-release"),
            ("etc/systemd/system/default.target", "initrd.target"),
        ] {
            self.tree.insert(link, Entry::link(target));
        }
        for (from, to) in [
            // It tells systemd that this is an initrd: os-release(5).
            ("usr/lib/os-release", "etc/initrd-release"),
            // The owners that udev's rules name.
            ("etc/passwd", "etc/passwd"),
            ("etc/group", "etc/group"),
        ] {
            if let Some(content) = self.image.file(from.as_bytes()) {
                self.tree.insert(to, Entry::file(content.clone(), 0o644));
            }
        }
        if !self.tree.exists(b"etc/initrd-release") {
            return Err(missing("/usr/lib/os-release", "give it with --extra"));
        }
        Ok(())
    }

    /// Adds what a path leads to, the links on the way, and what it needs.
    fn add(&mut self, path: &[u8]) -> Result<(), Error> {
        self.add_loaded_with(path, &[])
    }

    /// The same for a library that a process loads when it has the libraries `loaded` already.
    fn add_loaded_with(&mut self, path: &[u8], loaded: &[Vec<u8>]) -> Result<(), Error> {
        let Ok(found) = self.image.resolve(path) else {
            let path = path.strip_prefix(b"/").unwrap_or(path);
            return Err(missing(
                &format!("/{}", path.as_bstr()),
                "add the package that has it to --package, or give --initrd",
            ));
        };
        for link in &found.links {
            if let Some(entry) = self.image.get(link) {
                self.tree.insert(link.clone(), entry.clone());
            }
        }
        if self.tree.get(&found.path).is_some() {
            return Ok(());
        }
        self.tree.insert(found.path.clone(), found.entry.clone());
        let Some(bytes) = self.image.read(&found.path)? else {
            return Ok(());
        };
        if is_elf(&bytes) {
            self.needs_of(&found.path, &bytes, loaded)?;
        } else if let Some(interpreter) = bytes.strip_prefix(b"#!") {
            let line = interpreter.lines().next().unwrap_or_default();
            if let Some(interpreter) = line.fields().next() {
                self.add_if_there(interpreter)?;
            }
        }
        Ok(())
    }

    fn add_if_there(&mut self, path: &[u8]) -> Result<(), Error> {
        if self.image.exists(path) {
            self.add(path)?;
        }
        Ok(())
    }

    fn needs_of(&mut self, path: &[u8], bytes: &[u8], loaded: &[Vec<u8>]) -> Result<(), Error> {
        let origin = parent_of(path).unwrap_or(b"");
        let Some(needs) = elf::needs(bytes, origin) else {
            return Err(Error::Unexpected {
                action: ACTION,
                reason: format!("/{} is a broken ELF file", path.as_bstr()),
            });
        };
        if let Some(loader) = &needs.loader {
            self.add(loader)?;
        }
        // ld.so(8) loads level by level, and takes what has been loaded by that name: a library without
        // a search path can rely on the program's.
        let mut loaded = loaded.to_vec();
        let mut libraries = Vec::new();
        for library in &needs.libraries {
            if loaded
                .iter()
                .any(|path| name_of(path) == library.as_slice())
            {
                continue;
            }
            let found = self.find_library(library, &needs.search_path);
            if found.is_empty() {
                let what = format!("{}, a library of /{}", library.as_bstr(), path.as_bstr());
                return Err(missing(&what, "add the package that has it to --closure"));
            }
            libraries.extend_from_slice(&found);
            loaded.extend(found);
        }
        for library in libraries {
            self.add_loaded_with(&library, &loaded)?;
        }
        for (feature, library) in &needs.optional {
            if FEATURES.contains(&feature.as_str()) {
                for found in self.find_library(library, &needs.search_path) {
                    self.add_loaded_with(&found, &loaded)?;
                }
            }
        }
        for program in elf::compiled_in(bytes, &self.options.store.directory, COMPILED_IN) {
            self.add_if_there(&program)?;
        }
        Ok(())
    }

    /// The directories of the loaders that were added.
    fn loader_directory(&self) -> Vec<Vec<u8>> {
        let is_loader = |path: &[u8]| name_of(path).starts_with(b"ld-linux");
        let loaders = self.tree.iter().filter(|(path, _)| is_loader(path));
        loaders
            .filter_map(|(path, _)| parent_of(path).map(<[u8]>::to_vec))
            .collect()
    }

    /// Where a library is found: on the search path of what needs it, else in all directories that one
    /// loader or another looks into by itself; the place counts, even if it is a link.
    fn find_library(&self, name: &[u8], search_path: &[Vec<u8>]) -> Vec<Vec<u8>> {
        if name.contains(&b'/') {
            let there = self.image.exists(name).then(|| name.to_vec());
            return there.into_iter().collect();
        }
        let exists = |path: &Vec<u8>| self.image.exists(path);
        let mut own = search_path.iter().map(|directory| join(directory, name));
        if let Some(found) = own.find(exists) {
            return vec![found];
        }
        // glibc's own libraries are beside its loader; distributions have one directory for all.
        let usual = LIBRARY_DIRECTORIES
            .iter()
            .map(|path| path.as_bytes().to_vec());
        let directories = self.loader_directory().into_iter().chain(usual);
        directories
            .map(|path| join(&path, name))
            .filter(exists)
            .collect()
    }

    /// Adds a unit and its drop-ins to /etc/systemd/system, where every systemd looks, whatever its
    /// own prefix; and the programs that it starts.
    fn unit(&mut self, name: &[u8]) -> Result<(), Error> {
        let source = join(b"usr/lib/systemd/system", name);
        let mut files = vec![source.clone()];
        let drop_ins = [&source[..], b".d"].concat();
        files.extend(self.image.below(&drop_ins).map(|(path, _)| path.to_vec()));
        for file in files {
            let Some(entry) = self.image.get(&file) else {
                continue;
            };
            let place = file.replace(b"usr/lib/systemd", b"etc/systemd");
            self.tree.insert(place, entry.clone());
            if matches!(entry.node, Node::File(_)) {
                let bytes = self.image.read(&file)?.unwrap_or_default();
                self.programs(FileKind::Unit, &bytes)?;
            }
        }
        Ok(())
    }

    /// Adds the links of `.wants` and `.requires` directories among these units.
    fn requirements(&mut self, units: &[&str]) {
        let is_chosen = |name: &[u8]| units.iter().any(|unit| unit.as_bytes() == name);
        let links: Vec<(Vec<u8>, Vec<u8>)> = self
            .image
            .below(b"usr/lib/systemd/system")
            .filter_map(|(path, _)| {
                let directory = parent_of(path)?;
                let owner = requiring_unit(name_of(directory))?;
                let chosen = is_chosen(owner) && is_chosen(name_of(path));
                let place = path.replace(b"usr/lib/systemd", b"etc/systemd");
                chosen.then(|| (place, [b"../", name_of(path)].concat()))
            })
            .collect();
        for (place, target) in links {
            self.tree.insert(place, Entry::link(target));
        }
    }

    fn rules(&mut self, name: &[u8]) -> Result<(), Error> {
        let source = join(b"usr/lib/udev/rules.d", name);
        let (Some(content), Some(bytes)) = (self.image.file(&source), self.image.read(&source)?)
        else {
            return Ok(());
        };
        let place = join(b"etc/udev/rules.d", name);
        self.tree.insert(place, Entry::file(content.clone(), 0o444));
        self.programs(FileKind::UdevRules, &bytes)
    }

    /// Adds the programs that a unit or rules start, as far as there are any: some are for devices
    /// and features that no initrd has.
    fn programs(&mut self, kind: FileKind, bytes: &[u8]) -> Result<(), Error> {
        for reference in scan(kind, bytes).references {
            let name = reference.text.bytes();
            if reference.role != Role::Program || !reference.text.is_literal() {
                continue;
            }
            let path = match reference.lookup {
                _ if name.starts_with(b"/") => name.to_vec(),
                Lookup::UdevHelpers => join(b"usr/lib/udev", name),
                _ => join(b"usr/bin", name),
            };
            self.add_if_there(&path)?;
        }
        Ok(())
    }
}

fn missing(what: &str, help: &str) -> Error {
    Error::NotInPackages {
        action: ACTION,
        what: what.to_owned(),
        help: help.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tables_are_sorted_and_hold_each_entry_once() {
        for table in [UNITS, PROGRAMS, RULES, modules::USUAL] {
            let entries: Vec<&str> = entries(table).collect();
            assert!(
                entries.is_sorted_by(|one, other| one < other),
                "{entries:?}"
            );
        }
    }
}
