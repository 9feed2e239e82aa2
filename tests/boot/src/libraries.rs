//! Makes programs and libraries find each other in the store: each object gets, as its search
//! path, the store directories of the libraries that it needs or opens, and each program the
//! store's loader.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use tests_packages::{Error, Result, in_parallel, run};
use walkdir::WalkDir;

use crate::elf::{self, Object};
use tests_packages::tool_root::ToolRoot;

const LOADER: &str = "ld-linux-x86-64.so.2";
const LIBC: &str = "libc.so.6";
/// What libc opens without saying so in a note: modules of the name service switch, and the
/// unwinder when a thread is cancelled.
const OPENED_BY_LIBC: [&str; 4] = [
    "libgcc_s.so.1",
    "libnss_myhostname.so.2",
    "libnss_resolve.so.2",
    "libnss_systemd.so.2",
];

/// A dynamic object in the store.
struct File {
    path: PathBuf,
    object: Object,
}

/// Sets loader and search path of all objects in the store at `root`/`store`. An object that
/// needs a library which nobody has is an error.
pub fn link(tools: &ToolRoot, root: &Path, store: &Path) -> Result<()> {
    let files = objects(&root.join(store.strip_prefix("/").unwrap_or(store)))?;
    let libraries = Libraries::of(&files, root);
    let loader = libraries
        .by_name
        .get(LOADER)
        .ok_or_else(|| Error::new("link programs to the store's loader", "no package has it"))?;
    let loader = loader.join(LOADER);
    let results = in_parallel(&files, |file| {
        // The loader finds nothing by a search path of its own.
        if file.path.ends_with(LOADER) {
            return Ok(());
        }
        let search_path = libraries.search_path(file, root)?;
        let mut patchelf = tools.command("patchelf");
        if file.object.has_interpreter {
            patchelf.arg("--set-interpreter").arg(&loader);
        }
        patchelf.arg("--set-rpath").arg(search_path.join(":"));
        patchelf.arg(&file.path);
        let doing = format!("set the search path of {}", file.path.display());
        run(&mut patchelf, &doing)?;
        // patchelf 0.18 lays segments of programs at a fixed address over each other.
        let bytes = fs::read(&file.path)
            .map_err(|error| Error::new(format!("read {}", file.path.display()), error))?;
        if elf::read(&bytes).is_some_and(|object| !object.overlaps) {
            return Ok(());
        }
        Err(
            Error::new(doing, "patchelf has damaged it: its segments overlap")
                .help("take a package whose programs are position-independent"),
        )
    });
    results.into_iter().collect()
}

fn objects(store: &Path) -> Result<Vec<File>> {
    let mut paths = Vec::new();
    for entry in WalkDir::new(store).sort_by_file_name() {
        let entry = entry.map_err(|error| Error::new("look for ELF objects", error))?;
        if entry.file_type().is_file() {
            paths.push(entry.into_path());
        }
    }
    let read = in_parallel(&paths, |path| -> Result<Option<File>> {
        let bytes = fs::read(path)
            .map_err(|error| Error::new(format!("read {}", path.display()), error))?;
        Ok(elf::read(&bytes).map(|object| File {
            path: path.clone(),
            object,
        }))
    });
    read.into_iter().filter_map(Result::transpose).collect()
}

/// The store directory in which each library lies, by the name under which it is needed.
struct Libraries {
    by_name: BTreeMap<String, PathBuf>,
}

impl Libraries {
    fn of(files: &[File], root: &Path) -> Self {
        let mut by_name: BTreeMap<String, PathBuf> = BTreeMap::new();
        for file in files {
            let (Some(parent), Some(name)) = (file.path.parent(), file.path.file_name()) else {
                continue;
            };
            let Some(soname) = &file.object.soname else {
                continue;
            };
            let parent = in_image(parent, root);
            // Private libraries may be called like public ones, which lie less deep.
            for name in [soname.clone(), name.to_string_lossy().into_owned()] {
                let known = by_name.entry(name).or_insert_with(|| parent.clone());
                if parent.components().count() < known.components().count() {
                    known.clone_from(&parent);
                }
            }
        }
        Self { by_name }
    }

    /// Where an object is to look for what it needs, in the image.
    fn search_path(&self, file: &File, root: &Path) -> Result<Vec<String>> {
        let mut directories = BTreeSet::new();
        for name in file.object.needed.iter().filter(|name| *name != LOADER) {
            let Some(directory) = self.by_name.get(name) else {
                return Err(Error::new(
                    format!("find the library {name} for {}", file.path.display()),
                    "no package in the store has it",
                )
                .help("add the package that has it to packages.txt"));
            };
            directories.insert(directory);
        }
        // The first of each list that is there; what none is there of, the object does without.
        let opened = file.object.opened.iter();
        let opened =
            opened.filter_map(|names| names.iter().find_map(|name| self.by_name.get(name)));
        directories.extend(opened);
        if file.path.ends_with(LIBC) {
            directories.extend(
                OPENED_BY_LIBC
                    .iter()
                    .filter_map(|name| self.by_name.get(*name)),
            );
        }
        let mut path: Vec<String> = directories
            .into_iter()
            .map(|directory| directory.to_string_lossy().into_owned())
            .collect();
        // A package may open plugins of its own in directories that it names itself.
        path.extend(own_directories(file, root));
        Ok(path)
    }
}

/// The directories of an object's present search path, where they are its own package's.
fn own_directories(file: &File, root: &Path) -> Vec<String> {
    let inside = in_image(&file.path, root);
    // `/nix/store/PACKAGE`
    let package: PathBuf = inside.components().take(4).collect();
    file.object
        .search_path
        .iter()
        .filter_map(|directory| {
            let below = directory
                .strip_prefix("/usr/")
                .or(directory.strip_prefix('/'))?;
            let own = package.join(below);
            let there = root.join(own.strip_prefix("/").ok()?);
            there.is_dir().then(|| own.to_string_lossy().into_owned())
        })
        .collect()
}

/// A path below `root` as it will be in the image.
fn in_image(path: &Path, root: &Path) -> PathBuf {
    Path::new("/").join(path.strip_prefix(root).unwrap_or(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str, soname: Option<&str>, needed: &[&str]) -> File {
        File {
            path: path.into(),
            object: Object {
                soname: soname.map(str::to_owned),
                needed: needed.iter().map(ToString::to_string).collect(),
                ..Object::default()
            },
        }
    }

    #[test]
    fn an_object_finds_what_it_needs_and_opens() {
        let mut program = file("/r/nix/store/a/bin/a", None, &["libb.so.1", LOADER]);
        program.object.opened = vec![
            vec!["libgone.so.1".into(), "libc.so.2".into()],
            vec!["libnever.so.1".into()],
        ];
        let files = [
            program,
            file("/r/nix/store/b/lib/deep/libb.so.1", Some("libb.so.1"), &[]),
            file("/r/nix/store/b/lib/libb.so.1", Some("libb.so.1"), &[]),
            file("/r/nix/store/c/lib/libc.so.2", Some("libc.so.2"), &[]),
        ];
        let libraries = Libraries::of(&files, Path::new("/r"));
        assert_eq!(
            libraries
                .search_path(&files[0], Path::new("/r"))
                .expect("all is there"),
            ["/nix/store/b/lib", "/nix/store/c/lib"]
        );
    }

    #[test]
    fn a_library_that_nobody_has_is_named() {
        let files = [file("/r/nix/store/a/bin/a", None, &["libx.so.1"])];
        let error = Libraries::of(&files, Path::new("/r"))
            .search_path(&files[0], Path::new("/r"))
            .expect_err("there is no libx");
        assert!(error.to_string().contains("libx.so.1"), "{error}");
    }
}
