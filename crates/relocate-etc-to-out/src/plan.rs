//! What is to be done to a package.
//!
//! The order of a plan is what makes a killed run harmless: what is there twice becomes one while both are
//! the same; files are edited where they are; then they move; then come symlinks, the tmpfiles lines, and
//! what is removed. From every tree in between the next run finds the same end.

use std::collections::BTreeSet;
use std::path::PathBuf;

use hermetic_out::resolve::Resolver;
use hermetic_out::{Change, Edit, FileEdits, Outcome, Package, PlanError, Severity, Tree};

use crate::layout::Layout;
use crate::options::Options;
use crate::policy::Treatment;
use crate::rewrite::Rewriter;
use crate::{Error, link_file, prune, read};

/// Looks at a package's outputs and says what to do. Reads the disk, writes nothing.
pub fn plan(package: &Package, options: &Options) -> Result<Outcome, Error> {
    let policy = &options.policy;
    for (option, path) in [
        ("--link-base", &policy.link_base),
        ("--os-release", &policy.os_release),
    ] {
        if let Some(path) = path.as_ref().filter(|path| !path.is_absolute()) {
            return Err(Error::NotAbsolute {
                option,
                path: path.clone(),
            });
        }
    }
    let tree = Tree::new(package.store.clone());
    let resolver = Resolver::new(package, &tree, &options.choices)?;
    let name = link_file::package_name(package);
    let treatment = Treatment::new(policy, &name, &resolver)?;
    let mut pruned = prune::find(package, &tree, policy)?;
    let layout = Layout::read(package, &tree, &treatment)?;
    let files = if layout.shipped.is_empty() && layout.is_settled() {
        read::tmpfiles(package, &tree, &pruned)?
    } else {
        read::all(package, &tree, &layout, &pruned)?
    };
    let mut rewriter = Rewriter::new(package, &tree, &layout, &treatment, options);
    let mut outcome = Outcome::default();
    let changes = &mut outcome.plan.changes;
    changes.extend(layout.changes_before_edits());
    let edits = rewriter.texts(&files.texts)?;
    for (file, edits) in files.texts.into_iter().zip(edits) {
        add_edits(changes, file.path, file.content.into_bytes(), &edits)?;
    }
    let relinked = rewriter.links(&files.links)?;
    rewriter.binaries(&files.binaries)?;
    changes.extend(layout.changes_after_edits());
    changes.extend(relinked);
    outcome.findings.extend(layout.findings.iter().cloned());
    outcome.findings.extend(files.findings);
    let links = rewriter.finish(&mut outcome);
    for written in link_file::write(package, &tree, &layout, policy, &links)? {
        match written {
            Ok(change) => outcome.plan.changes.push(change),
            Err(finding) => outcome.findings.push(finding),
        }
    }
    outcome
        .findings
        .extend(std::mem::take(&mut pruned.findings));
    let mut emptied = layout.emptied_directories(&pruned.paths, &BTreeSet::new())?;
    // All outputs are looked through for symlinks only if something is to go.
    if !(emptied.is_empty() && pruned.paths.is_empty()) {
        let led_to = prune::led_to(package, &tree, &layout)?;
        pruned.keep(&led_to);
        emptied = layout.emptied_directories(&pruned.paths, &led_to)?;
    }
    let gone = pruned.in_order.into_iter().chain(emptied);
    let changes = &mut outcome.plan.changes;
    changes.extend(gone.map(|path| Change::Remove { path }));
    if outcome
        .findings
        .iter()
        .any(|finding| finding.severity == Severity::Error)
    {
        // Nothing is done; what would be left to do is not known before the error is mended.
        outcome.plan.changes.clear();
        outcome.new_references.clear();
        outcome.replaced = 0;
    }
    Ok(outcome)
}

/// Adds the edits of a file, if they change it.
fn add_edits(
    changes: &mut Vec<Change>,
    path: PathBuf,
    content: Vec<u8>,
    edits: &[Edit],
) -> Result<(), PlanError> {
    if edits.is_empty() {
        return Ok(());
    }
    let edits = FileEdits::new(path, content, edits)?;
    if edits.before != edits.after {
        changes.push(Change::Edit(edits));
    }
    Ok(())
}
