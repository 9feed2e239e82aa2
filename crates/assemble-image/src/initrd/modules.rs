//! Kernel modules: which files a set of them needs, from what depmod(8) wrote.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{OsStr, OsString};
use std::fs;
use std::io;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

use bstr::ByteSlice;
use hermetic_out::regular_file;

use walkdir::WalkDir;

use crate::closure::node;
use crate::command::Command;
use crate::error::{Error, io_error, walk_error};
use crate::options::Options;
use crate::root_tree::{Entry, RootTree, as_path, has_dots, join};
use crate::tools::DEPMOD;

/// What opens the hash tree; it must be there, as the module of the root file system must.
const VERITY: &str = "dm_verity";

/// The usual modules of an initrd.
pub(super) const USUAL: &str = include_str!("../../data/initrd-modules.txt");

/// What comes with the kernel, and depmod reads.
const FROM_THE_KERNEL: &[&str] = &[
    "modules.builtin",
    "modules.builtin.modinfo",
    "modules.order",
];

/// Where a selection of modules is indexed.
fn base(work: &Path) -> PathBuf {
    work.join("modules")
}

/// The command that indexes the selection of `lib/modules/VERSION`.
pub(super) fn index_command(directory: &Path, work: &Path) -> Command {
    let version = version_of(directory);
    Command::new(&DEPMOD).arg("-b").arg(base(work)).arg(version)
}

/// The kernel's version, which is the directory's name.
fn version_of(directory: &Path) -> OsString {
    let real = directory.canonicalize();
    let real = real.as_deref().unwrap_or(directory);
    real.file_name().unwrap_or_default().to_owned()
}

/// Adds modules, with indexes of their own: with those of all modules udev would look for every one
/// that a device could use.
pub(super) fn add(
    tree: &mut RootTree,
    directory: &Path,
    options: &Options,
    work: &Path,
) -> Result<(), Error> {
    let modules = Modules::read(directory)?;
    let mut usual: Vec<&str> = super::entries(USUAL).collect();
    let required = [options.root_fs.name, VERITY];
    usual.extend(required);
    usual.sort_unstable();
    let selection = modules.select(&usual, &required, &options.initrd_modules)?;
    let base = base(work);
    let top = join(b"lib/modules", &modules.version);
    for file in &selection.files {
        let (from, to) = (modules.path(file), base.join(as_path(&join(&top, file))));
        let parent = to.parent().unwrap_or(&base);
        fs::create_dir_all(parent).map_err(io_error("making the directory", parent))?;
        copy(&from, &to).map_err(io_error("copying the module", &from))?;
    }
    index_command(directory, work).run("indexing the modules of the initrd")?;
    let start = base.join(as_path(&top));
    for entry in WalkDir::new(&start).sort_by_file_name() {
        let entry = entry.map_err(walk_error("reading", &start))?;
        if entry.file_type().is_file() {
            let below = entry.path().strip_prefix(&base).unwrap_or(entry.path());
            let place = join(b"usr", below.as_os_str().as_bytes());
            tree.insert(place, node(entry.path(), entry.file_type(), Some(0o444))?);
        }
    }
    let mut list = selection.loaded.join(&b'\n');
    list.push(b'\n');
    let file = Entry::bytes(list, 0o444);
    tree.insert("etc/modules-load.d/initrd.conf", file);
    Ok(())
}

/// Copies the content of a regular file.
fn copy(from: &Path, to: &Path) -> io::Result<u64> {
    io::copy(&mut regular_file::open(from)?, &mut fs::File::create(to)?)
}

/// The modules of one kernel.
#[derive(Debug)]
pub(super) struct Modules {
    directory: PathBuf,
    /// The kernel's version.
    pub(super) version: Vec<u8>,
    /// By name: its file, and the files that it needs.
    files: BTreeMap<Vec<u8>, Vec<Vec<u8>>>,
    built_in: BTreeSet<Vec<u8>>,
}

/// What goes into the initrd.
#[derive(Debug, Default)]
pub(super) struct Selection {
    /// Files, relative to the modules' directory.
    pub(super) files: BTreeSet<Vec<u8>>,
    /// The names of the modules that are loaded.
    pub(super) loaded: Vec<Vec<u8>>,
}

impl Modules {
    /// Reads `lib/modules/VERSION`.
    pub(super) fn read(directory: &Path) -> Result<Self, Error> {
        let wrong = |reason: &str| Error::Option {
            option: "--modules",
            value: directory.display().to_string(),
            reason: reason.to_owned(),
        };
        if !directory.join("modules.dep").is_file() {
            return Err(wrong(
                "it has no modules.dep; give lib/modules/VERSION of the kernel, after `depmod -b ROOT \
                 VERSION`",
            ));
        }
        let version = version_of(directory).into_vec();
        let path = directory.join("modules.dep");
        let text = regular_file::read(&path).map_err(io_error("reading", &path))?;
        let mut files = BTreeMap::new();
        for line in text.lines() {
            let Some((file, needed)) = line.split_once_str(":") else {
                continue;
            };
            let mut all = vec![file.to_vec()];
            all.extend(needed.fields().map(<[u8]>::to_vec));
            // They are read below the directory, and copied to another.
            let is_outside = |file: &Vec<u8>| file.starts_with(b"/") || has_dots(file);
            if all.iter().any(is_outside) {
                return Err(wrong("modules.dep names a file that may not be below it"));
            }
            files.insert(name_of_module(file), all);
        }
        let path = directory.join("modules.builtin");
        let built_in = match regular_file::read(&path) {
            Ok(text) => text.lines().map(name_of_module).collect(),
            Err(_) => BTreeSet::new(),
        };
        Ok(Self {
            directory: directory.to_owned(),
            version,
            files,
            built_in,
        })
    }

    /// The files of the modules of these names, with all that they need. What this kernel does not
    /// have as a module is left out, unless it is required or was asked for.
    pub(super) fn select(
        &self,
        usual: &[&str],
        required: &[&str],
        asked: &[String],
    ) -> Result<Selection, Error> {
        let mut selection = Selection::default();
        let usual = usual.iter().map(|name| (*name, required.contains(name)));
        let asked = asked.iter().map(|name| (name.as_str(), true));
        for (name, required) in usual.chain(asked) {
            let name = name_of_module(name.as_bytes());
            if let Some(files) = self.files.get(&name) {
                selection.files.extend(files.iter().cloned());
                selection.loaded.push(name);
            } else if required && !self.built_in.contains(&name) {
                return Err(Error::NotInPackages {
                    action: "choosing modules for the initrd",
                    what: format!("the module {}", name.as_bstr()),
                    help: format!(
                        "{} has it neither as a file nor built in; correct the name, or build the \
                         kernel with it",
                        self.directory.display()
                    ),
                });
            }
        }
        let lists = FROM_THE_KERNEL
            .iter()
            .filter(|list| self.directory.join(list).is_file());
        selection
            .files
            .extend(lists.map(|list| list.as_bytes().to_vec()));
        Ok(selection)
    }

    /// Where a file is on the disk.
    pub(super) fn path(&self, file: &[u8]) -> PathBuf {
        self.directory.join(OsStr::from_bytes(file))
    }
}

/// The name of a module from its file: `kernel/drivers/md/dm-verity.ko.xz` is `dm_verity`.
fn name_of_module(file: &[u8]) -> Vec<u8> {
    let name = crate::root_tree::name_of(file);
    let name = name.find(b".ko").map_or(name, |end| &name[..end]);
    name.replace(b"-", b"_")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn modules() -> (tempfile::TempDir, PathBuf) {
        let top = tempfile::tempdir().unwrap();
        let directory = top.path().join("6.12.1");
        fs::create_dir(&directory).unwrap();
        let dep = "kernel/md/dm-verity.ko.xz: kernel/md/dm-bufio.ko.xz kernel/md/dm-mod.ko.xz\n\
                   kernel/md/dm-mod.ko.xz:\nkernel/other.ko:\n";
        fs::write(directory.join("modules.dep"), dep).unwrap();
        fs::write(
            directory.join("modules.builtin"),
            "kernel/fs/erofs/erofs.ko\n",
        )
        .unwrap();
        (top, directory)
    }

    #[test]
    fn modules_come_with_what_they_need() {
        let (_top, directory) = modules();
        let modules = Modules::read(&directory).unwrap();
        assert_eq!(modules.version, b"6.12.1");
        let selection = modules
            .select(
                &["dm_verity", "erofs", "nvme"],
                &["dm_verity", "erofs"],
                &[],
            )
            .unwrap();
        assert_eq!(selection.loaded, [b"dm_verity".to_vec()]);
        let files: Vec<&str> = selection
            .files
            .iter()
            .map(|file| file.to_str().unwrap())
            .collect();
        let expected = [
            "kernel/md/dm-bufio.ko.xz",
            "kernel/md/dm-mod.ko.xz",
            "kernel/md/dm-verity.ko.xz",
            "modules.builtin",
        ];
        assert_eq!(files, expected);
    }

    #[test]
    fn what_is_asked_for_must_be_there() {
        let (_top, directory) = modules();
        let modules = Modules::read(&directory).unwrap();
        let error = modules
            .select(&[], &[], &["nvme".into()])
            .unwrap_err()
            .to_string();
        assert!(
            error.starts_with("choosing modules for the initrd: the module nvme"),
            "{error}"
        );
        assert!(
            modules
                .select(&[], &[], &["dm-mod".into(), "erofs".into()])
                .is_ok()
        );
    }

    #[test]
    fn files_from_elsewhere_are_refused() {
        let (_top, directory) = modules();
        for line in ["kernel/../../x.ko:", "kernel/x.ko: /etc/shadow"] {
            fs::write(directory.join("modules.dep"), line).unwrap();
            let error = Modules::read(&directory).unwrap_err().to_string();
            let expected = "modules.dep names a file that may not be below it";
            assert!(error.ends_with(expected), "{error}");
        }
    }

    #[test]
    fn a_directory_without_indexes_is_told() {
        let (_top, directory) = modules();
        fs::remove_file(directory.join("modules.dep")).unwrap();
        let error = Modules::read(&directory).unwrap_err().to_string();
        assert!(
            error.contains("it has no modules.dep; give lib/modules/VERSION"),
            "{error}"
        );
    }
}
