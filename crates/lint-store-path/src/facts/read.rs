//! Reading a store path: a walk that follows no link, and every file once.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::Path;

use hermetic_out::store::{Store, store_path_name};
use rayon::prelude::*;
use walkdir::WalkDir;

use super::file::Reader;
use super::{FileFacts, Name, Node, PathFacts};
use crate::error::Error;

/// Reads the facts of the store path `path`. What cannot be read in it is a fact, too; fails only if the
/// store path itself is not there.
pub fn read(store: &Store, reader: &Reader, path: &Path) -> Result<PathFacts, Error> {
    let real = store.real_path(path);
    store.check_exists(path)?;
    let entries = walk(&real);
    let own = path.file_name().unwrap_or_default().as_bytes();
    let known: Vec<(FileFacts, BTreeSet<Name>)> = entries
        .into_par_iter()
        .map_init(Vec::new, |buffer, (sub_path, found)| {
            let place = if sub_path.is_empty() {
                real.clone()
            } else {
                real.join(OsStr::from_bytes(&sub_path))
            };
            let mut references = BTreeSet::new();
            let facts = match found {
                Ok(()) => entry(reader, &place, own, sub_path, buffer, &mut references),
                Err(reason) => unreadable(sub_path, reason),
            };
            if let Node::Link { target } = &facts.node {
                link_references(store, path, &facts.sub_path, target, &mut references);
            }
            (facts, references)
        })
        .collect();
    let mut references = BTreeSet::new();
    let mut files = Vec::with_capacity(known.len());
    for (file, named) in known {
        references.extend(named);
        files.push(file);
    }
    references.retain(|name| name.as_slice() != own);
    files.sort_unstable_by(|one, other| one.sub_path.cmp(&other.sub_path));
    let references = references.into_iter().collect();
    Ok(PathFacts::new(own.to_vec(), files, references))
}

/// The paths below `real`, itself included; with the reason, for a directory that cannot be read.
fn walk(real: &Path) -> Vec<(Vec<u8>, Result<(), String>)> {
    let sub_path_of = |path: &Path| {
        let below = path.strip_prefix(real).unwrap_or(Path::new(""));
        below.as_os_str().as_bytes().to_vec()
    };
    let mut found: Vec<(Vec<u8>, Result<(), String>)> = Vec::new();
    // A store path that is a link is no door to what it points to.
    for entry in WalkDir::new(real)
        .follow_links(false)
        .follow_root_links(false)
    {
        match entry {
            Ok(entry) => found.push((sub_path_of(entry.path()), Ok(()))),
            Err(error) => {
                let sub_path = sub_path_of(error.path().unwrap_or(real));
                let reason = error
                    .io_error()
                    .map_or_else(|| error.to_string(), io::Error::to_string);
                // The directory itself was found before its content could not be read.
                found.retain(|(known, _)| *known != sub_path);
                found.push((sub_path, Err(reason)));
            }
        }
    }
    found
}

fn entry(
    reader: &Reader,
    place: &Path,
    own: &[u8],
    sub_path: Vec<u8>,
    buffer: &mut Vec<u8>,
    references: &mut BTreeSet<Name>,
) -> FileFacts {
    let metadata = match place.symlink_metadata() {
        Ok(metadata) => metadata,
        Err(error) => return unreadable(sub_path, error.to_string()),
    };
    let kind = metadata.file_type();
    let node = if kind.is_dir() {
        Node::Directory
    } else if kind.is_symlink() {
        match place.read_link() {
            Ok(target) => Node::Link {
                target: target.as_os_str().as_bytes().to_vec(),
            },
            Err(error) => Node::Unreadable {
                reason: error.to_string(),
            },
        }
    } else if kind.is_fifo() || kind.is_socket() || kind.is_block_device() || kind.is_char_device()
    {
        Node::Special
    } else {
        Node::File {
            size: metadata.size(),
            content: reader.read(place, (own, &sub_path), &metadata, buffer, references),
        }
    };
    FileFacts {
        sub_path,
        mode: u16::try_from(metadata.mode() & 0o7777).unwrap_or_default(),
        node,
    }
}

fn unreadable(sub_path: Vec<u8>, reason: String) -> FileFacts {
    FileFacts {
        sub_path,
        mode: 0,
        node: Node::Unreadable { reason },
    }
}

/// The store path that a link leads to.
fn link_references(
    store: &Store,
    path: &Path,
    sub_path: &[u8],
    target: &[u8],
    references: &mut BTreeSet<Name>,
) {
    let mut absolute = Vec::new();
    if !target.starts_with(b"/") {
        let link = path.join(OsStr::from_bytes(sub_path));
        absolute.extend_from_slice(link.parent().unwrap_or(path).as_os_str().as_bytes());
        absolute.push(b'/');
    }
    absolute.extend_from_slice(target);
    let Some(normal) = hermetic_out::package::normalize(&absolute) else {
        return;
    };
    let inside = Path::new(OsStr::from_bytes(&normal)).strip_prefix(&store.directory);
    if let Ok(inside) = inside
        && let Some(name) = store_path_name(inside.as_os_str().as_bytes())
    {
        references.insert(Name::from(name));
    }
}
