//! Which files of a package can name its configuration, and what is read of them.

use std::fs;
use std::io::{self, Read};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use hermetic_out::apply::TEMPORARY_NAME;
use hermetic_out::regular_file::Loaded;
use hermetic_out::walk::known_files;
use hermetic_out::{Finding, Package, Severity, SourceText, Tree};
use hermetic_out_formats::etc_mentions::{Format, is_documentation_directory};
use hermetic_out_formats::{FileKind, MAX_FILE_SIZE};
use walkdir::WalkDir;

use crate::layout::{Layout, is_read};
use crate::link_file;
use crate::prune::Pruned;
use crate::{Error, findings};

/// A text file that names something below /etc, or that is of tmpfiles.d.
#[derive(Debug)]
pub(crate) struct TextFile {
    /// The output that it will be in, by its position.
    pub(crate) output: usize,
    /// Where it is now, by its store path.
    pub(crate) path: PathBuf,
    pub(crate) content: SourceText,
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
            !entry.file_type().is_dir()
                || !is_documentation_directory(inside.as_os_str().as_bytes())
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
        // What the path says for certain needs no look into the file.
        if let Some(format @ Format::Known(_)) = Format::of(sub_path, b"") {
            return self.add_text(tree, output, path, format);
        }
        let mut head = [0; 256];
        let length = read_head(tree, &path, &mut head)?;
        let head = &head[..length];
        if head.starts_with(b"\x7fELF") {
            self.binaries.push(path);
            return Ok(());
        }
        match Format::of(sub_path, head) {
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
        let content = match tree.load(&path, MAX_FILE_SIZE).map_err(error)? {
            Loaded::Content(content) => content,
            Loaded::TooLarge(size) => {
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
        };
        if format.may_name_etc(&content) || format == Format::Known(FileKind::Tmpfiles) {
            self.texts.push(TextFile {
                output,
                path,
                content: SourceText::new(content),
                format,
            });
        }
        Ok(())
    }
}

fn read_head(tree: &Tree, path: &Path, head: &mut [u8]) -> Result<usize, Error> {
    let mut read = || -> io::Result<usize> {
        let mut file = tree.open_file(path)?;
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
