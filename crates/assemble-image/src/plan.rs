//! The plan: the image's tree, complete and checked, before anything of the image is written.

use std::path::Path;
use std::thread::{self, ScopedJoinHandle};

use hermetic_out::{Finding, Severity};

use crate::check;
use crate::closure::add_closure;
use crate::error::Error;
use crate::etc::{conflicting_claims, make_etc};
use crate::farm::add_farm;
use crate::findings;
use crate::image_seed::ImageSeed;
use crate::lint;
use crate::options::{Layout, Options};
use crate::progress::Progress;
use crate::root_tree::{Entry, RootTree};
use crate::setuid::add_wrappers;
use crate::skeleton::{add_directories, add_extra, add_files, add_os_release_link};
use crate::users::Numbers;

/// What is to be in the image.
#[derive(Debug)]
pub struct Plan {
    /// Everything in the root file system.
    pub tree: RootTree,
    /// Users and groups.
    pub numbers: Numbers,
    /// What was found, errors among it or not.
    pub findings: Vec<Finding>,
    /// What the lint found beside errors, if it was asked.
    pub lint: Option<lint::Numbers>,
    /// What UUIDs and salt are derived from.
    pub identity: ImageSeed,
}

impl Plan {
    /// Whether something was found that makes the image not worth writing.
    #[must_use]
    pub fn has_errors(&self) -> bool {
        self.findings
            .iter()
            .any(|finding| finding.severity == Severity::Error)
    }
}

/// Makes the plan. `work` is an empty directory for the staging root.
pub fn plan(options: &Options, work: &Path, progress: &dyn Progress) -> Result<Plan, Error> {
    // The lint looks at store paths alone, so it need not wait for the tree.
    let (planned, linted) = thread::scope(|scope| {
        let lint = options.lint.as_ref().map(|policy| {
            scope.spawn(move || lint::lint(&options.store, &options.closure, policy))
        });
        let planned = planned(options, work, progress);
        (planned, lint.map(ScopedJoinHandle::join))
    });
    let mut plan = planned?;
    match linted {
        Some(Ok(linted)) => {
            let linted = linted?;
            let errors = linted.errors.into_iter();
            plan.findings
                .extend(errors.filter(|finding| !lint::is_provided(&plan.tree, finding)));
            plan.lint = Some(linted.numbers);
        }
        Some(Err(panic)) => std::panic::resume_unwind(panic),
        None => {}
    }
    // The same order whatever the checks' order: by severity, then by path.
    plan.findings.sort_by(|one, other| {
        (other.severity, &one.file, one.kind.id, &one.message).cmp(&(
            one.severity,
            &other.file,
            other.kind.id,
            &other.message,
        ))
    });
    Ok(plan)
}

fn planned(options: &Options, work: &Path, progress: &dyn Progress) -> Result<Plan, Error> {
    progress.step("reading the closure");
    let mut tree = RootTree::default();
    add_directories(&mut tree, &options.store.directory);
    add_closure(&mut tree, &options.store, &options.closure)?;
    progress.step("linking packages into /usr and /etc");
    let mut farm = add_farm(&mut tree, &options.store, &options.packages)?;
    let mut extra = RootTree::default();
    for top in &options.extra {
        add_extra(&mut tree, top)?;
        add_extra(&mut extra, top)?;
    }
    // What an extra tree decides, packages may disagree about.
    let mut findings = std::mem::take(&mut farm.findings);
    findings.extend(conflicting_claims(&tree, &options.store)?);
    findings.retain(|finding| {
        let is_conflict = [
            &findings::DUPLICATE_ETC_PATH,
            &findings::DUPLICATE_VENDOR_FILE,
        ]
        .contains(&finding.kind);
        !(is_conflict && extra.get(&finding.subject).is_some())
    });
    add_files(&mut tree, options)?;
    progress.step("making /etc");
    let etc = make_etc(&mut tree, options, work)?;
    add_os_release_link(&mut tree);
    farm.prune(&mut tree);
    findings.extend(farm.findings);
    let incomplete = etc
        .findings
        .iter()
        .any(|finding| finding.severity == Severity::Error);
    findings.extend(etc.findings);
    if !incomplete {
        add_wrappers(&mut tree, &options.setuid, &etc.numbers)?;
        if options.layout == Layout::Initrd {
            // The kernel starts /init of its initrd.
            tree.insert("init", Entry::link("usr/lib/systemd/systemd"));
        }
        progress.step("checking");
        findings.extend(check::all(&tree, options)?);
    }
    let identity = ImageSeed::of(&tree);
    Ok(Plan {
        tree,
        numbers: etc.numbers,
        findings,
        lint: None,
        identity,
    })
}
