//! The `.pc` files that a package ships: every directory of an own output is written through a
//! variable that names the output, and what still says `/usr` becomes the output that has it.

mod faults;
mod places;
mod rewrite;
mod roots;
mod words;

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

use hermetic_out::resolve::Choices;
use hermetic_out::{Change, FileEdits, Outcome, Package, Resolver, Tree};
use memchr::memmem;

use crate::error::{Error, check_can_be_written};
use crate::pc_files::{PcFile, of_output};
use places::Places;

/// Looks at a package's `.pc` files and says what to do. Reads the disk, writes nothing.
///
/// Fails if a file or directory cannot be read, a pattern is no glob, or the path of an output cannot
/// be written into a `.pc` file.
pub fn plan(package: &Package, choices: &Choices) -> Result<Outcome, Error> {
    let tree = Tree::new(package.store.clone());
    let resolver = Resolver::new(package, &tree, choices)?;
    let places = Places::new(package, &resolver, choices);
    let mut outcome = Outcome::default();
    for (index, output) in package.outputs.iter().enumerate() {
        let mut new_references = Vec::new();
        let files = of_output(&tree, output)?;
        if !files.is_empty() {
            let mut all = package.outputs.iter();
            all.try_for_each(|output| check_can_be_written(&output.path))?;
        }
        for file in files {
            rewrite_file(&file, index, &places, &mut outcome, &mut new_references)?;
        }
        if !new_references.is_empty() {
            // Own outputs in their order, whatever their hashes.
            let own = |path: &PathBuf| package.outputs.iter().position(|one| one.path == *path);
            let rank = |path: &PathBuf| (own(path).unwrap_or(usize::MAX), path.clone());
            new_references.sort_by_key(rank);
            new_references.dedup();
            let name = output.name.clone();
            outcome.new_references.push((name, new_references));
        }
    }
    Ok(outcome)
}

fn rewrite_file(
    file: &PcFile,
    output: usize,
    places: &Places<'_>,
    outcome: &mut Outcome,
    new_references: &mut Vec<PathBuf>,
) -> Result<(), Error> {
    let Some(content) = file.readable(&mut outcome.findings) else {
        return Ok(());
    };
    let rewritten = rewrite::rewrite(&file.path, content, output, places);
    outcome.findings.extend(rewritten.findings);
    outcome.replaced += rewritten.replaced;
    outcome.kept += rewritten.kept;
    outcome.unresolved += rewritten.unresolved;
    if rewritten.edits.is_empty() {
        return Ok(());
    }
    let edits = FileEdits::new(file.path.clone(), content.to_vec(), &rewritten.edits)?;
    for store_path in store_paths(&edits.after, places.package()) {
        let path = store_path.as_os_str().as_bytes();
        let is_own = file.path.starts_with(&store_path);
        if !is_own && memmem::find(content, path).is_none() {
            new_references.push(store_path);
        }
    }
    outcome.plan.changes.push(Change::Edit(edits));
    Ok(())
}

/// The store paths that a text names.
fn store_paths(text: &[u8], package: &Package) -> Vec<PathBuf> {
    let store_dir = package.store.directory.as_os_str().as_bytes();
    let of_name = |byte: &u8| byte.is_ascii_alphanumeric() || b"+-._?=".contains(byte);
    let mut found: Vec<PathBuf> = memmem::find_iter(text, store_dir)
        .filter_map(|start| {
            let rest = text.get(start + store_dir.len()..)?.strip_prefix(b"/")?;
            let length = rest.iter().take_while(|byte| of_name(byte)).count();
            let name = rest.get(..length).filter(|name| !name.is_empty())?;
            Some(package.store.directory.join(OsStr::from_bytes(name)))
        })
        .collect();
    found.sort();
    found.dedup();
    found
}
