//! The `.pc` files that a build reads: those that say where *others* are to install get a copy, ahead
//! on the search path, that says the package's own output. Every implementation of pkg-config reads
//! files; environment overrides work with only some.

mod install_variables;
mod shadow;

use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

use hermetic_out::{Change, Edit, FileEdits, Outcome, Output, Package, Store, Tree};
use hermetic_out_formats::Span;

pub use install_variables::InstallVariables;

use crate::error::{Error, check_can_be_written};
use crate::pc_files::{PcFile, of_search_path};

/// What a build reads, and where it is to install.
#[derive(Clone, Debug)]
pub struct Build {
    /// The directories in which pkg-config looks, in order.
    pub search_path: Vec<PathBuf>,
    /// The output that takes what is installed.
    pub prefix: PathBuf,
    /// The directory for the copies.
    pub into: PathBuf,
    /// Which variables say where others are to install.
    pub variables: InstallVariables,
    /// Where all of these lie.
    pub store: Store,
}

impl Build {
    /// The directory for the copies, as something that a plan can be applied to.
    #[must_use]
    pub fn package(&self) -> Package {
        let into = Output::new("into", self.into.clone());
        Package::new(self.store.clone(), vec![into])
    }
}

/// Looks at the `.pc` files of a build's search path and says which copies to make. Reads the disk,
/// writes nothing.
///
/// Fails if a file or directory cannot be read, or if the output or a file's directory has a name that
/// cannot be written into a `.pc` file.
pub fn plan(build: &Build) -> Result<Outcome, Error> {
    check_can_be_written(&build.prefix)?;
    let tree = Tree::new(build.store.clone());
    let mut outcome = Outcome::default();
    // A second run finds the copies on the search path.
    let others = build.search_path.iter().filter(|path| **path != build.into);
    let others: Vec<PathBuf> = others.cloned().collect();
    let old = of_search_path(&tree, std::slice::from_ref(&build.into))?;
    for file in of_search_path(&tree, &others)? {
        shadow_file(&file, build, &old, &mut outcome)?;
    }
    outcome
        .plan
        .changes
        .sort_by(|one, other| one.file().cmp(other.file()));
    Ok(outcome)
}

fn shadow_file(
    file: &PcFile,
    build: &Build,
    old: &[PcFile],
    outcome: &mut Outcome,
) -> Result<(), Error> {
    let module = file.path.file_stem().unwrap_or_default().as_bytes();
    let variables = build.variables.of_module(module);
    let Some(name) = file.path.file_name().filter(|_| !variables.is_empty()) else {
        return Ok(());
    };
    let Some(content) = file.readable(&mut outcome.findings) else {
        return Ok(());
    };
    let shadow = shadow::shadow(&file.path, content, &variables, build);
    outcome.findings.extend(shadow.findings);
    if shadow.redirected == 0 {
        return Ok(());
    }
    check_can_be_written(file.path.parent().unwrap_or(&file.path))?;
    outcome.replaced += shadow.redirected;
    let copy = FileEdits::new(file.path.clone(), content.to_vec(), &shadow.edits)?.after;
    let path = build.into.join(name);
    let known = old.iter().find(|known| known.path == path);
    match known.map(|known| &known.content) {
        Some(Ok(before)) if copy == **before => {}
        Some(Ok(before)) => {
            let all = [Edit {
                span: Span::new(0, before.len()),
                text: copy.into(),
            }];
            let edits = FileEdits::new(path, before.to_vec(), &all)?;
            outcome.plan.changes.push(Change::Edit(edits));
        }
        _ => outcome.plan.changes.push(Change::Create {
            path,
            content: copy,
            mode: 0o644,
        }),
    }
    Ok(())
}
