//! Who reads the package's configuration, and what an administrator does to change it.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use hermetic_out::Package;
use hermetic_out::configuration::{ConfigurationFile, ConfigurationReader, Override, ReadFrom};
use hermetic_out_formats::tables::{below, vendor_directories};

use crate::layout::Shipped;

/// The readers that are known, by the path relative to /etc.
#[derive(Debug, Default)]
pub(crate) struct Readers {
    by_path: BTreeMap<Vec<u8>, BTreeMap<PathBuf, ReadFrom>>,
    /// Directories of /etc that the package reads, relative to it.
    directories: BTreeSet<Vec<u8>>,
    /// What single files of the package take in from /etc, by their paths: directories, and files that may be
    /// missing.
    taken_in: BTreeMap<PathBuf, BTreeSet<Override>>,
}

impl Readers {
    /// A file of the package reads configuration.
    pub(crate) fn add(&mut self, sub_path: &[u8], file: PathBuf, reads: ReadFrom) {
        let readers = self.by_path.entry(sub_path.to_vec()).or_default();
        let known = readers.entry(file).or_insert(reads);
        *known = match (*known, reads) {
            (ReadFrom::Both, _) | (_, ReadFrom::Both) => ReadFrom::Both,
            (ReadFrom::Etc, ReadFrom::Etc) => ReadFrom::Etc,
            // What is read from the output somewhere is not overridden everywhere.
            _ => ReadFrom::Output,
        };
    }

    /// A file of the package names a directory of /etc. Only one whose name is that of a directory of drop-ins
    /// overrides anything.
    pub(crate) fn add_directory(&mut self, sub_path: &[u8], file: &Path) {
        if !sub_path.ends_with(b".d") {
            return;
        }
        self.directories.insert(sub_path.to_vec());
        let taken_in = self.taken_in.entry(file.to_owned()).or_default();
        taken_in.insert(Override::Directory(in_etc(sub_path)));
    }

    /// A file of the package takes in a file of /etc if it is there.
    pub(crate) fn add_include(&mut self, sub_path: &[u8], file: &Path) {
        let taken_in = self.taken_in.entry(file.to_owned()).or_default();
        taken_in.insert(Override::Include(in_etc(sub_path)));
    }

    /// What is known of all files that the package ships. `links` are those that are linked; of the others, what is
    /// read from /etc is the machine's.
    pub(crate) fn of_all(
        &self,
        package: &Package,
        shipped: &BTreeMap<Vec<u8>, Shipped>,
        links: &BTreeSet<Vec<u8>>,
    ) -> Vec<ConfigurationFile> {
        let of_file = |(sub_path, known): (&Vec<u8>, &Shipped)| {
            let readers = self.by_path.get(sub_path).into_iter().flatten();
            let readers = readers.map(|(file, reads)| ConfigurationReader {
                file: file.clone(),
                reads: *reads,
                overridden: match reads {
                    ReadFrom::Both => Some(Override::Layer(in_etc(sub_path))),
                    ReadFrom::Etc if links.contains(sub_path) => {
                        Some(Override::Replace(in_etc(sub_path)))
                    }
                    ReadFrom::Etc if known.in_vendor_directory => {
                        Some(Override::SameName(in_etc(sub_path)))
                    }
                    ReadFrom::Etc => Some(Override::Machine(in_etc(sub_path))),
                    ReadFrom::Output => of_reader(package, shipped, links, file),
                },
            });
            let mut overrides = BTreeSet::new();
            if known.in_vendor_directory && has_counterpart(sub_path) {
                overrides.insert(Override::SameName(in_etc(sub_path)));
            }
            overrides.extend(
                self.taken_in
                    .get(&known.path)
                    .into_iter()
                    .flatten()
                    .cloned(),
            );
            overrides.extend(self.beside(sub_path));
            ConfigurationFile {
                path: in_etc(sub_path),
                file: known.path.clone(),
                readers: readers.collect(),
                overrides: overrides.into_iter().collect(),
            }
        };
        shipped.iter().map(of_file).collect()
    }

    /// Directories that the package reads and whose names say that they are for what overrides a file: `x.conf.d` or
    /// `x.d` beside `x.conf`, and `x/conf.d` beside `x/x.conf`.
    fn beside<'a>(&'a self, sub_path: &'a [u8]) -> impl Iterator<Item = Override> + 'a {
        let slash = sub_path.iter().rposition(|byte| *byte == b'/');
        let (directory, name) = sub_path.split_at(slash.map_or(0, |slash| slash + 1));
        let dot = name.iter().rposition(|byte| *byte == b'.');
        let stem = &name[..dot.unwrap_or(name.len())];
        let mut names = vec![
            [name, b".d"].concat(),
            [stem, b".d"].concat(),
            [stem, b".conf.d"].concat(),
        ];
        if directory
            .strip_suffix(b"/")
            .is_some_and(|directory| directory.ends_with(stem))
        {
            names.push(b"conf.d".to_vec());
        }
        let paths = names
            .into_iter()
            .map(move |name| [directory, &name].concat());
        let read = paths.filter(|path| self.directories.contains(path));
        read.map(|path| Override::Directory(in_etc(&path)))
    }
}

fn in_etc(sub_path: &[u8]) -> PathBuf {
    Path::new("/etc").join(OsStr::from_bytes(sub_path))
}

fn has_counterpart(sub_path: &[u8]) -> bool {
    let mut known = vendor_directories().filter(|known| known.reads_etc);
    known.any(|known| below(sub_path, known.etc.as_bytes()).is_some())
}

/// How that is overridden which a file of the package reads from the output: with the file itself.
fn of_reader(
    package: &Package,
    shipped: &BTreeMap<Vec<u8>, Shipped>,
    links: &BTreeSet<Vec<u8>>,
    file: &Path,
) -> Option<Override> {
    let output = package.output_of(file)?;
    let inside = file.strip_prefix(&output.path).ok()?.as_os_str().as_bytes();
    for (directory, manager) in [
        ("lib/systemd/system", "system"),
        ("lib/systemd/user", "user"),
        ("share/systemd/user", "user"),
    ] {
        if let Some(unit) = below(inside, directory.as_bytes()).filter(|unit| !unit.is_empty()) {
            let name = unit.split(|byte| *byte == b'/').next().unwrap_or_default();
            let name = name.strip_suffix(b".d").unwrap_or(name);
            let place = Path::new("/etc/systemd").join(manager);
            return Some(Override::UnitDropIn(
                place.join(OsStr::from_bytes(&[name, b".d"].concat())),
            ));
        }
    }
    let same_name = vendor_directories()
        .filter(|known| known.reads_etc)
        .find_map(|known| {
            let rest = below(inside, known.vendor.as_bytes())?;
            Some(in_etc(known.etc.as_bytes()).join(OsStr::from_bytes(rest)))
        });
    if let Some(path) = same_name {
        return Some(Override::SameName(path));
    }
    let linked = links.iter().find(|link| {
        let shipped = shipped.get(*link);
        shipped.is_some_and(|shipped| shipped.path == file)
    });
    linked.map(|link| Override::Replace(in_etc(link)))
}

#[cfg(test)]
mod tests {
    use hermetic_out::{Output, Store};

    use super::*;

    #[test]
    fn how_each_is_overridden() {
        const OUT: &str = "/nix/store/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa-x";
        let package = Package::new(Store::default(), vec![Output::new("out", OUT)]);
        let place = |sub_path: &str| Path::new(OUT).join(sub_path);
        let shipped: BTreeMap<Vec<u8>, Shipped> = ["x/a.conf", "x/b.conf", "sysctl.d/x.conf"]
            .into_iter()
            .map(|sub_path| {
                let in_vendor_directory = sub_path.starts_with("sysctl.d");
                let directory = if in_vendor_directory { "lib" } else { "etc" };
                let path = place(&format!("{directory}/{sub_path}"));
                let shipped = Shipped {
                    path,
                    output: 0,
                    in_vendor_directory,
                };
                (sub_path.into(), shipped)
            })
            .collect();
        let mut readers = Readers::default();
        let mut add = |sub_path: &str, file: &str, reads| {
            readers.add(sub_path.as_bytes(), place(file), reads);
        };
        add("x/a.conf", "lib/systemd/system/x.service", ReadFrom::Output);
        add(
            "x/a.conf",
            "lib/systemd/user/x@.service.d/a.conf",
            ReadFrom::Output,
        );
        add("x/a.conf", "lib/udev/rules.d/60-x.rules", ReadFrom::Output);
        add("x/a.conf", "bin/x", ReadFrom::Output);
        add("x/a.conf", "bin/y", ReadFrom::Both);
        add("x/b.conf", "bin/x", ReadFrom::Etc);
        readers.add_directory(b"x/b.conf.d", &place("bin/x"));
        let links = BTreeSet::from([b"x/b.conf".to_vec()]);
        let all = readers.of_all(&package, &shipped, &links);
        let found: Vec<_> = all
            .iter()
            .map(|file| {
                let overrides = file.all_overrides().into_iter();
                let parts = overrides.map(|found| {
                    let (name, path) = found.parts();
                    format!("{name} {}", path.display())
                });
                (
                    file.path.to_str().unwrap(),
                    file.fixed_for().is_some(),
                    parts.collect::<Vec<_>>(),
                )
            })
            .collect();
        let texts = |texts: &[&str]| -> Vec<String> {
            texts.iter().map(|text| (*text).to_owned()).collect()
        };
        assert_eq!(
            found,
            [
                (
                    "/etc/sysctl.d/x.conf",
                    false,
                    texts(&["same_name /etc/sysctl.d/x.conf"])
                ),
                (
                    "/etc/x/a.conf",
                    true,
                    texts(&[
                        "layer /etc/x/a.conf",
                        "unit_drop_in /etc/systemd/system/x.service.d",
                        "unit_drop_in /etc/systemd/user/x@.service.d",
                        "same_name /etc/udev/rules.d/60-x.rules",
                    ])
                ),
                (
                    "/etc/x/b.conf",
                    false,
                    texts(&["replace /etc/x/b.conf", "directory /etc/x/b.conf.d"])
                ),
            ]
        );
    }
}
