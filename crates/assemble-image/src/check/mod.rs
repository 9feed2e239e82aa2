//! What is checked before anything is written: would this image boot, and could one log in?
//!
//! One file for each concern; each takes the tree and gives findings. What the packages' files name
//! beyond that is the matter of a lint over the closure, which has its place in [`all`].

mod authentication;
mod links;
mod presets;
mod units;

use hermetic_out::Finding;

use crate::accounts;
use crate::error::Error;
use crate::options::{Options, Part};
use crate::root_tree::RootTree;

/// Checks what packages and extra trees bring, before tools make /etc of it.
pub(crate) fn shipped(tree: &RootTree, options: &Options) -> Result<Vec<Finding>, Error> {
    let mut found = links::no_directories(tree);
    if options.wants(Part::Users) {
        found.extend(accounts::check(tree, options)?);
    }
    Ok(found)
}

/// Runs all checks, in a fixed order.
pub(crate) fn all(tree: &RootTree, options: &Options) -> Result<Vec<Finding>, Error> {
    let mut found = shipped(tree, options)?;
    found.extend(links::check(tree, options));
    // What follows is about a system that boots.
    if !options.wants(Part::Etc) {
        return Ok(found);
    }
    found.extend(presets::check(tree, options)?);
    found.extend(authentication::pam(tree)?);
    found.extend(authentication::name_services(tree)?);
    found.extend(units::check(tree)?);
    found.extend(units::writable_var(tree, options)?);
    Ok(found)
}

#[cfg(test)]
pub(crate) fn file(text: &str) -> crate::root_tree::Entry {
    crate::root_tree::Entry::bytes(text, 0o644)
}

#[cfg(test)]
pub(crate) fn summary(found: &[Finding]) -> Vec<(&str, &str)> {
    found
        .iter()
        .map(|finding| (finding.kind.id, &*finding.message))
        .collect()
}
