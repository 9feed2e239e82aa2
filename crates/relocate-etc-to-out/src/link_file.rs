//! The lines for systemd-tmpfiles that link a package's configuration into /etc.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

use bstr::ByteSlice;
use hermetic_out::store::name_without_hash;
use hermetic_out::{Change, Edit, FileEdits, Finding, Package, Tree, regular_file};
use hermetic_out_formats::{Encoding, Quote, Span};

use crate::layout::{Layout, home, is_own_directory};
use crate::policy::Policy;
use crate::{Error, findings};

/// What the file begins with: by it a run knows the file of an earlier one.
const HEADER: &str = "\
# Written by relocate-etc-to-out: what programs of this package read from /etc. A file that is there
# already stays.
";

/// The package's name without its version: up to the first dash that no letter follows, as
/// builtins.parseDrvName of Nix has it.
pub(crate) fn package_name(package: &Package) -> String {
    let Some(output) = package.outputs.get(home(package)) else {
        return String::new();
    };
    let name = name_without_hash(&output.path);
    let ends = name
        .windows(2)
        .position(|pair| pair[0] == b'-' && !pair[1].is_ascii_alphabetic());
    let name = &name[..ends.unwrap_or(name.len())];
    name.to_str_lossy().into_owned()
}

/// Where the lines for the files of an output are, relative to it. Outputs of one package have different
/// names for it: an image puts all of them into one directory.
fn sub_path(package: &Package, output: usize) -> String {
    let name = package_name(package);
    if output == home(package) {
        format!("lib/tmpfiles.d/{name}-etc.conf")
    } else {
        let output = &package.outputs[output].name;
        format!("lib/tmpfiles.d/{name}-{output}-etc.conf")
    }
}

/// Whether it is the file that this module writes.
pub(crate) fn is_link_file(path: &[u8], package: &Package, output: usize) -> bool {
    path == sub_path(package, output).as_bytes()
}

/// The lines for the files `links`, by their paths relative to /etc: for each output its file, written,
/// changed or removed; or that it is somebody else's.
pub(crate) fn write(
    package: &Package,
    tree: &Tree,
    layout: &Layout,
    policy: &Policy,
    links: &BTreeSet<Vec<u8>>,
) -> Result<Vec<Result<Change, Finding>>, Error> {
    let mut by_output: BTreeMap<usize, Vec<(&[u8], PathBuf)>> = BTreeMap::new();
    for link in links {
        if let Some(shipped) = layout.shipped.get(link) {
            let target = match &policy.link_base {
                Some(base) => base.join(std::ffi::OsStr::from_bytes(link)),
                None => shipped.path.clone(),
            };
            let of_output = by_output.entry(shipped.output).or_default();
            of_output.push((link, target));
        }
    }
    let mut written = Vec::new();
    for (index, output) in package.outputs.iter().enumerate() {
        let path = output.path.join(sub_path(package, index));
        let content = by_output.get(&index).map(|links| content(links));
        let before = read(tree, &output.path, &path)?;
        let is_ours = |before: &[u8]| before.starts_with(HEADER.as_bytes());
        written.push(match (before, content) {
            (Some(before), Some(_)) if !is_ours(&before) => Err(findings::about(
                &findings::TMPFILES_NAME_TAKEN,
                &path,
                path.as_os_str().as_bytes(),
                "the links from /etc are to be written here, but the package has this file",
                "rename the package's file in the build",
            )),
            (Some(before), Some(content)) if before == content => continue,
            (Some(before), Some(content)) => {
                let edit = Edit {
                    span: Span::new(0, before.len()),
                    text: content,
                };
                Ok(Change::Edit(FileEdits::new(path, before, &[edit])?))
            }
            (None, Some(content)) => Ok(Change::Create {
                path,
                content: content.into(),
                mode: 0o644,
            }),
            // What an earlier run, with other options, has left.
            (Some(before), None) if is_ours(&before) => Ok(Change::Remove { path }),
            _ => continue,
        });
    }
    Ok(written)
}

/// What the file holds now, if it is there. Nothing is read through a symlink: of one in its place
/// the target stands for the content.
fn read(tree: &Tree, output: &Path, path: &Path) -> Result<Option<Vec<u8>>, Error> {
    if !is_own_directory(tree, output, path.parent().unwrap_or(path)) {
        return Ok(None);
    }
    let real = tree.real_path(path);
    let content = match real.symlink_metadata() {
        Ok(found) if found.is_symlink() => {
            fs::read_link(&real).map(|target| target.into_os_string().into_vec())
        }
        Ok(_) => regular_file::read_unlinked(&real),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => Err(error),
    };
    content.map(Some).map_err(|source| Error::Read {
        path: path.to_owned(),
        source,
    })
}

fn content(links: &[(&[u8], PathBuf)]) -> Vec<u8> {
    let mut directories = BTreeSet::new();
    for (link, _) in links {
        for (slash, _) in link.iter().enumerate().filter(|(_, byte)| **byte == b'/') {
            directories.insert(&link[..slash]);
        }
    }
    let mut content = HEADER.as_bytes().to_vec();
    for directory in directories {
        content.extend([b"d /etc/", &field(directory)[..], b" 0755 root root -\n"].concat());
    }
    for (link, target) in links {
        let target = field(target.as_os_str().as_bytes());
        content.extend([b"L /etc/", &field(link)[..], b" - - - - ", &target, b"\n"].concat());
    }
    content
}

/// A path as it stands in a line: tmpfiles.d(5), specifiers and quotes.
fn field(path: &[u8]) -> Vec<u8> {
    let encoded = Encoding::Specifier
        .encode(path)
        .and_then(|path| Encoding::UnitWord(Quote::Bare).encode(&path));
    // Only a NUL byte has no notation, and no path holds one.
    encoded.unwrap_or_else(|_| path.to_vec())
}

#[cfg(test)]
mod tests {
    use hermetic_out::{Output, Store};

    use super::*;

    #[test]
    fn names_of_packages() {
        for (path, name) in [
            (
                "/nix/store/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa-chrony-4.6",
                "chrony",
            ),
            (
                "/nix/store/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa-gtk+-2.0-bin",
                "gtk+",
            ),
            (
                "/nix/store/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa-at-spi2-core-2",
                "at-spi2-core",
            ),
            ("/nix/store/x", "x"),
        ] {
            let package = Package::new(Store::default(), vec![Output::new("out", path)]);
            assert_eq!(package_name(&package), name, "{path}");
        }
    }

    #[test]
    fn lines() {
        let links: [(&[u8], PathBuf); 2] =
            [(b"a/b c/d%", "/s/a/b c/d%".into()), (b"e", "/s/e".into())];
        let expected = format!(
            "{HEADER}d /etc/a 0755 root root -\nd /etc/a/b\\sc 0755 root root -\n\
             L /etc/a/b\\sc/d%% - - - - /s/a/b\\sc/d%%\nL /etc/e - - - - /s/e\n"
        );
        assert_eq!(content(&links).to_str_lossy(), expected);
    }
}
