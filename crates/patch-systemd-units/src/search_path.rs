//! `PATH` and `ExecSearchPath=`: the hierarchy's bin directories become those that the unit needs.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use hermetic_out::resolve::{ReferenceContext, without_prefix};
use hermetic_out::tree::Node;
use hermetic_out::{Decision, Package, Resolver};
use hermetic_out_formats::unit::context::UnitContext;
use hermetic_out_formats::{FileKind, Lookup, MappedText, Reference, Role, Span};

use crate::findings;
use crate::unit::{Unit, store_paths};

/// Whether a directory is one of the hierarchy's for programs.
fn is_bin_directory(path: &[u8]) -> bool {
    let path = path.strip_suffix(b"/").unwrap_or(path);
    path.starts_with(b"/") && matches!(without_prefix(path), b"bin" | b"sbin")
}

/// Patches a search path of programs, for the names that the unit looks up on it.
pub(crate) fn patch(
    unit: &mut Unit,
    reference: &Reference,
    settings: &UnitContext,
    package: &Package,
    resolver: &Resolver,
) {
    // A user's session decides about its PATH itself, and another root has its own programs.
    let is_unit = unit.file.kind == FileKind::Unit;
    let is_services = matches!(unit.file.kind, FileKind::Crontab | FileKind::ManagerConf);
    if !is_unit && !is_services || settings.other_root {
        unit.kept += 1;
        return;
    }
    let text = &reference.text;
    let output = package.outputs[unit.output].name.as_str();
    let mut start = 0;
    let mut bins = Vec::new();
    let mut present: Vec<PathBuf> = Vec::new();
    for item in text.bytes().split(|byte| *byte == b':') {
        let range = start..start + item.len();
        start = range.end + 1;
        let part = text.slice(range.clone());
        if !part.is_literal() || item.is_empty() {
            continue;
        }
        if is_bin_directory(item) {
            // What all services or commands look up there is not known.
            if is_unit && !resolver.is_kept(item) {
                bins.push(range);
            }
            continue;
        }
        present.push(PathBuf::from(OsStr::from_bytes(item)));
        // `/usr/libexec/x` and the like: the package's own.
        let directory = Reference {
            role: Role::SearchPathEntry,
            lookup: Lookup::Nowhere,
            text: part,
            ..reference.clone()
        };
        let decision = resolver.resolve(&directory, &ReferenceContext::default());
        if let Decision::Replace { path, .. } = decision {
            let store_paths = store_paths(&path, package);
            unit.replaced += usize::from(unit.replace(&directory.text, &path, store_paths));
        }
    }
    let Some((first, rest)) = bins.split_first() else {
        unit.kept += 1;
        return;
    };
    let mut directories = own_directories(package, resolver);
    let lookups = settings.names.len() * (directories.len() + present.len());
    let Some(left) = unit.lookups_left.checked_sub(lookups) else {
        report(
            unit,
            text,
            "the unit has too many programs and directories of search paths",
        );
        return;
    };
    unit.lookups_left = left;
    for name in &settings.names {
        let provided = |directory: &PathBuf| {
            let program = directory.join(OsStr::from_bytes(name));
            resolver.tree().look_up(&program) == Some(Node::Program)
        };
        if directories.iter().chain(&present).any(provided) {
            continue;
        }
        let directory = resolver.search_directory_of(name, output);
        directories.extend(directory.map(Path::to_owned));
    }
    directories.retain(|directory| !present.contains(directory));
    if directories.is_empty() {
        report(unit, text, "no directory is known for the search path");
        return;
    }
    let joined: Vec<&[u8]> = directories
        .iter()
        .map(|path| path.as_os_str().as_bytes())
        .collect();
    let store_paths = directories
        .iter()
        .filter_map(|path| package.store.store_path_of(path))
        .collect();
    if unit.replace(&text.slice(first.clone()), &joined.join(&b':'), store_paths) {
        unit.replaced += 1;
        for range in rest {
            // With the colon in front of it.
            unit.replace(&text.slice(range.start - 1..range.end), b"", Vec::new());
        }
    }
}

/// Keeps a search path, and says why.
fn report(unit: &mut Unit, text: &MappedText, message: &str) {
    unit.kept += 1;
    let kind = &findings::MISSING_SEARCH_PATH;
    let extent = text.covering_span().unwrap_or(Span::new(0, 0));
    unit.report(kind, extent, text.bytes(), message, kind.remedy);
}

/// The bin directories of the package's own outputs.
fn own_directories(package: &Package, resolver: &Resolver) -> Vec<PathBuf> {
    let mut directories = Vec::new();
    for output in package.outputs.iter().filter(|output| output.is_runtime()) {
        for name in ["bin", "sbin"] {
            let directory = output.path.join(name);
            let real = resolver.tree().real_path(&directory);
            // sbin is a link to bin in nixpkgs.
            if real
                .symlink_metadata()
                .is_ok_and(|metadata| metadata.is_dir())
            {
                directories.push(directory);
            }
        }
    }
    directories
}
