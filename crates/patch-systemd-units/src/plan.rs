//! What is to be done to a package.

use std::path::PathBuf;

use hermetic_out::{Outcome, Package, Resolver, Tree, TreeView};

use crate::outputs::Placement;
use crate::{Error, Options, decide, outcome, unit};

/// Looks at a package's outputs and says what to do. Reads the disk, writes nothing.
///
/// Fails if a file or directory cannot be read, a pattern is no glob, or the options name an output or a
/// store path that there cannot be.
pub fn plan(package: &Package, options: &Options) -> Result<Outcome, Error> {
    let is_known = |name: &&String| package.outputs.iter().any(|output| output.name == **name);
    if let Some(name) = options.unit_output.as_ref().filter(|name| !is_known(name)) {
        return Err(Error::UnknownOutput { name: name.clone() });
    }
    let is_in_store = |path: &&PathBuf| package.store.store_path_of(path).is_some();
    let forbidden = &options.forbidden_references;
    if let Some(path) = forbidden.iter().find(|path| !is_in_store(path)) {
        return Err(Error::NotInStore {
            path: path.clone(),
            store_dir: package.store.directory.clone(),
        });
    }
    let tree = Tree::new(package.store.clone());
    let mut units = unit::read(package, &tree, options)?;
    let mut placement = Placement::new(&units, package, &tree, options);
    // What names a file that moves has to name its new place, and may have to follow it. It ends because
    // a file moves once.
    loop {
        let view = TreeView::new(&tree, placement.moves());
        let resolver = Resolver::new(package, view, &options.choices)?;
        decide::decide_all(&mut units, package, &resolver);
        if !placement.break_cycles(&mut units)? {
            return outcome::outcome(units, placement, package, options);
        }
    }
}
