//! What is checked before anything is written: would this image boot, and could one log in?
//!
//! One file for each concern; each takes the tree and gives findings. What the packages' files name
//! beyond that is the matter of a lint over the closure, which has its place in [`all`].

mod authentication;
mod links;
mod presets;
mod units;

use hermetic_out::Finding;

use crate::error::{Error, io_error};
use crate::options::Options;
use crate::root_tree::{Content, RootTree, as_path};

/// Runs all checks, in a fixed order.
pub fn all(tree: &RootTree, options: &Options) -> Result<Vec<Finding>, Error> {
    let mut found = Vec::new();
    found.extend(links::check(tree, options));
    found.extend(presets::check(tree, options)?);
    found.extend(authentication::pam(tree)?);
    found.extend(authentication::name_services(tree)?);
    found.extend(units::check(tree)?);
    found.extend(units::writable_var(tree, options)?);
    Ok(found)
}

fn read(path: &[u8], content: &Content) -> Result<Vec<u8>, Error> {
    content.read().map_err(io_error(
        "reading the content of the image's",
        as_path(path),
    ))
}

#[cfg(test)]
pub(crate) fn file(text: &str) -> crate::root_tree::Entry {
    crate::root_tree::Entry::file(Content::Bytes(text.into()), 0o644)
}

#[cfg(test)]
pub(crate) fn summary(found: &[Finding]) -> Vec<(&str, &str)> {
    found
        .iter()
        .map(|finding| (finding.kind.id, &*finding.message))
        .collect()
}
