//! Which files of a package can name its configuration, and what is read of them.

use std::fs::{self, File};
use std::io::{self, Read};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use hermetic_out::apply::TEMPORARY_NAME;
use hermetic_out::walk::known_files;
use hermetic_out::{Finding, Package, Severity, Tree};
use hermetic_out_formats::kind::kind_of;
use hermetic_out_formats::script::{Language, language};
use hermetic_out_formats::tables::{below, vendor_directories};
use hermetic_out_formats::{FileKind, MAX_FILE_SIZE};
use memchr::memmem;
use walkdir::{DirEntry, WalkDir};

use crate::layout::{Layout, is_read};
use crate::link_file;
use crate::prune::Pruned;
use crate::{Error, findings};

/// How a text file is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    /// By its own scanner.
    Known(FileKind),
    /// A script, or a piece of one that another script reads.
    Script(Language),
    /// Configuration of any syntax.
    Configuration,
}

/// A text file that names something below /etc, or that is of tmpfiles.d.
#[derive(Debug)]
pub(crate) struct TextFile {
    /// The output that it will be in, by its position.
    pub(crate) output: usize,
    /// Where it is now, by its store path.
    pub(crate) path: PathBuf,
    pub(crate) content: Vec<u8>,
    pub(crate) format: Format,
}

/// A symlink.
#[derive(Debug)]
pub(crate) struct Symlink {
    pub(crate) output: usize,
    pub(crate) path: PathBuf,
    pub(crate) target: PathBuf,
}

/// What a package has that can name its configuration, sorted by output and path.
#[derive(Debug, Default)]
pub(crate) struct Files {
    pub(crate) texts: Vec<TextFile>,
    /// ELF files, by their store paths.
    pub(crate) binaries: Vec<PathBuf>,
    pub(crate) links: Vec<Symlink>,
    pub(crate) findings: Vec<Finding>,
}

/// Directories that hold nothing that is run or read by a program, relative to an output.
const WITHOUT_REFERENCES: &[&str] = &[
    "include",
    "nix-support",
    "share/devhelp",
    "share/doc",
    "share/gtk-doc",
    "share/help",
    "share/icons",
    "share/info",
    "share/licenses",
    "share/locale",
    "share/man",
];

/// Names of directories of documentation, wherever they lie below `lib` or `share`.
const DOCUMENTATION: &[&[u8]] = &[b"doc", b"docs", b"man"];

/// Directories below etc whose files are pieces of shell scripts: those that init scripts read
/// (Debian's and others' conventions), and those that login shells read.
const SHELL_DIRECTORIES: &[&str] = &[
    "bash_completion.d",
    "conf.d",
    "default",
    "init.d",
    "profile.d",
    "rc.d",
    "sysconfig",
];

/// What the names of configuration files outside etc end with.
const CONFIGURATION_ENDINGS: &[&[u8]] = &[b".cfg", b".cnf", b".conf", b".config", b".ini", b".pc"];

/// Only the files of tmpfiles.d: of a package that ships no configuration.
pub(crate) fn tmpfiles(package: &Package, tree: &Tree, pruned: &Pruned) -> Result<Files, Error> {
    let mut files = Files::default();
    for (output, known) in package.outputs.iter().enumerate() {
        for file in known_files(tree, known, |kind| kind == FileKind::Tmpfiles)? {
            if !pruned.holds(&file.path) {
                let format = Format::Known(file.kind);
                files.add_text(tree, output, file.path, format)?;
            }
        }
    }
    Ok(files)
}

/// All files that can name something below /etc.
pub(crate) fn all(
    package: &Package,
    tree: &Tree,
    layout: &Layout,
    pruned: &Pruned,
) -> Result<Files, Error> {
    let mut files = Files::default();
    for (index, output) in package.outputs.iter().enumerate() {
        if !is_read(output) {
            continue;
        }
        let top = tree.real_path(&output.path);
        let walk = WalkDir::new(&top).min_depth(1).sort_by_file_name();
        let entries = walk.into_iter().filter_entry(|entry| {
            let inside = entry.path().strip_prefix(&top).unwrap_or(entry.path());
            !entry.file_type().is_dir() || can_hold(inside, entry)
        });
        for entry in entries {
            let entry = entry.map_err(|failed| Error::Read {
                path: failed.path().unwrap_or(&top).to_owned(),
                source: failed.into(),
            })?;
            let inside = entry.path().strip_prefix(&top).unwrap_or(entry.path());
            let path = output.path.join(inside);
            if pruned.holds(&path) || layout.is_double(&path) {
                continue;
            }
            if entry.path_is_symlink() {
                let target = fs::read_link(entry.path());
                let error = |source| Error::Read {
                    path: path.clone(),
                    source,
                };
                files.links.push(Symlink {
                    output: index,
                    target: target.map_err(error)?,
                    path,
                });
            } else if entry.file_type().is_file() && entry.file_name() != TEMPORARY_NAME {
                files.add(package, tree, layout, path)?;
            }
        }
    }
    Ok(files)
}

fn can_hold(inside: &Path, entry: &DirEntry) -> bool {
    let bytes = inside.as_os_str().as_bytes();
    let is_documentation = !bytes.starts_with(b"etc/")
        && entry.depth() > 1
        && DOCUMENTATION.contains(&entry.file_name().as_bytes());
    !is_documentation
        && !WITHOUT_REFERENCES
            .iter()
            .any(|known| known.as_bytes() == bytes)
}

impl Files {
    fn add(
        &mut self,
        package: &Package,
        tree: &Tree,
        layout: &Layout,
        path: PathBuf,
    ) -> Result<(), Error> {
        // What kind of file it is, the place says where it will be.
        let place = layout.final_place(&path);
        let Some(output) = package
            .outputs
            .iter()
            .position(|output| place.starts_with(&output.path))
        else {
            return Ok(());
        };
        let inside = place.strip_prefix(&package.outputs[output].path);
        let sub_path = inside.unwrap_or(&place).as_os_str().as_bytes();
        if link_file::is_link_file(sub_path, package, output) {
            return Ok(());
        }
        let by_path = by_path(sub_path);
        if let Some(format @ Format::Known(_)) = by_path {
            return self.add_text(tree, output, path, format);
        }
        let mut head = [0; 256];
        let length = read_head(tree, &path, &mut head)?;
        let head = &head[..length];
        if head.starts_with(b"\x7fELF") {
            self.binaries.push(path);
            return Ok(());
        }
        let format = language(head).map(Format::Script).or(by_path);
        match format {
            Some(format) => self.add_text(tree, output, path, format),
            None => Ok(()),
        }
    }

    /// Adds a text file, if it names anything below /etc.
    fn add_text(
        &mut self,
        tree: &Tree,
        output: usize,
        path: PathBuf,
        format: Format,
    ) -> Result<(), Error> {
        let error = |source| Error::Read {
            path: path.clone(),
            source,
        };
        let real = tree.real_path(&path);
        let size = fs::symlink_metadata(&real).map_err(error)?.len();
        if !usize::try_from(size).is_ok_and(|size| size <= MAX_FILE_SIZE) {
            let finding = findings::about(
                &findings::UNREAD_FILE,
                &path,
                b"",
                format!("the file has {size} bytes and was left unchanged"),
                "find out why the file is so large",
            );
            self.findings.push(finding.with_severity(Severity::Warning));
            return Ok(());
        }
        let content = fs::read(&real).map_err(error)?;
        let names_etc = memmem::find(&content, b"/etc").is_some();
        let is_text = format != Format::Configuration || !content.contains(&0);
        if is_text && (names_etc || format == Format::Known(FileKind::Tmpfiles)) {
            self.texts.push(TextFile {
                output,
                path,
                content,
                format,
            });
        }
        Ok(())
    }
}

/// How the file at a path of an output is read, if the path says so.
fn by_path(sub_path: &[u8]) -> Option<Format> {
    if let Some(kind) = kind_of(sub_path).filter(|kind| kind.names_paths()) {
        return Some(Format::Known(kind));
    }
    if is_for_people(sub_path) {
        return None;
    }
    if let Some(inside) = below(sub_path, b"etc") {
        let is_piece = SHELL_DIRECTORIES
            .iter()
            .any(|directory| below(inside, directory.as_bytes()).is_some());
        let of_other_shell = [&b".csh"[..], b".fish"];
        return Some(
            if of_other_shell.iter().any(|ending| inside.ends_with(ending)) {
                Format::Script(Language::Other)
            } else if is_piece || inside.ends_with(b".sh") {
                Format::Script(Language::Shell)
            } else {
                Format::Configuration
            },
        );
    }
    let in_vendor_directory =
        vendor_directories().any(|known| below(sub_path, known.vendor.as_bytes()).is_some());
    let is_configuration = CONFIGURATION_ENDINGS
        .iter()
        .any(|ending| sub_path.ends_with(ending));
    (in_vendor_directory || is_configuration).then_some(Format::Configuration)
}

/// Whether a file's name says that it is documentation, wherever it lies.
fn is_for_people(sub_path: &[u8]) -> bool {
    let name = sub_path.rsplit(|byte| *byte == b'/').next();
    let name = name.unwrap_or_default();
    let endings = [&b".md"[..], b".rst"];
    name.starts_with(b"README") || endings.iter().any(|ending| name.ends_with(ending))
}

fn read_head(tree: &Tree, path: &Path, head: &mut [u8]) -> Result<usize, Error> {
    let mut read = || -> io::Result<usize> {
        let mut file = File::open(tree.real_path(path))?;
        let mut length = 0;
        while length < head.len() {
            match file.read(&mut head[length..])? {
                0 => break,
                more => length += more,
            }
        }
        Ok(length)
    };
    read().map_err(|source| Error::Read {
        path: path.to_owned(),
        source,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_path_says() {
        for (path, format) in [
            (
                "lib/systemd/system/x.service",
                Some(Format::Known(FileKind::Unit)),
            ),
            ("etc/default/x", Some(Format::Script(Language::Shell))),
            ("etc/profile.d/x.csh", Some(Format::Script(Language::Other))),
            ("etc/x/hook.sh", Some(Format::Script(Language::Shell))),
            ("etc/x.conf", Some(Format::Configuration)),
            ("etc/x.d/README", None),
            ("etc/x.d/x.md", None),
            ("etc/defaults", Some(Format::Configuration)),
            ("lib/pam.d/x", Some(Format::Configuration)),
            ("lib/pkgconfig/x.pc", Some(Format::Configuration)),
            ("share/x/x.ini", Some(Format::Configuration)),
            ("bin/x", None),
            ("share/x/data", None),
        ] {
            assert_eq!(by_path(path.as_bytes()), format, "{path}");
        }
    }
}
