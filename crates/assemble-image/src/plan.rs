//! The plan: the image's tree, complete and checked, before anything of the image is written.

use std::path::Path;
use std::thread;

use hermetic_out::Finding;

use crate::accounts::hide_hashes;
use crate::closure::add_closure;
use crate::command::join;
use crate::error::Error;
use crate::etc::{self, Etc, conflicting_claims, make_etc};
use crate::farm::{Farm, add_farm};
use crate::findings::{self, has_error};
use crate::options::{Options, Part};
use crate::progress::Progress;
use crate::root_tree::{Entry, RootTree};
use crate::setuid::add_wrappers;
use crate::skeleton::{add_directories, add_extra, add_files, add_os_release_link};
use crate::users::Numbers;
use crate::{check, lint};

/// What is to be in the image.
#[derive(Debug)]
pub(crate) struct Plan {
    /// Everything in the root file system.
    pub(crate) tree: RootTree,
    /// Users and groups.
    pub(crate) numbers: Numbers,
    /// The numbers of `--users-pin`.
    pub(crate) pin: Numbers,
    /// What was found, errors among it or not.
    pub(crate) findings: Vec<Finding>,
    /// What the lint found beside errors, if it was asked.
    pub(crate) lint: Option<lint::Numbers>,
    /// The steps that made /etc.
    pub(crate) etc_steps: Vec<etc::Step>,
}

/// Makes the plan. `work` is an empty directory for the staging root.
pub(crate) fn plan(options: &Options, work: &Path, progress: &dyn Progress) -> Result<Plan, Error> {
    // The lint looks at store paths alone, so it need not wait for the tree.
    let (planned, linted) = thread::scope(|scope| {
        let lint = options.lint.as_ref().map(|policy| {
            scope.spawn(move || lint::lint(&options.store, &options.closure, policy))
        });
        let planned = planned(options, work, progress);
        (planned, lint.map(join).transpose())
    });
    let mut plan = planned?;
    if let Some(linted) = linted? {
        let errors = linted.errors.into_iter();
        let before = plan.findings.len();
        plan.findings
            .extend(errors.filter(|finding| !lint::is_provided(&plan.tree, finding)));
        plan.lint = Some(lint::Numbers {
            errors: plan.findings.len() - before,
            ..linted.numbers
        });
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
    let (mut tree, mut extra) = (RootTree::default(), RootTree::default());
    let has_farm = options.wants(Part::Farm);
    if has_farm {
        add_directories(&mut tree, &options.store.directory);
    }
    add_closure(&mut tree, &options.store, &options.closure)?;
    let mut farm = Farm::default();
    if has_farm {
        progress.step("linking packages into /usr and /etc");
        farm = add_farm(&mut tree, &options.store, &options.packages)?;
    }
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
    if has_farm {
        add_files(&mut tree, options)?;
    }
    let shipped = check::shipped(&tree, options)?;
    let mut incomplete = has_error(&shipped);
    findings.extend(shipped);
    let mut etc = Etc::default();
    if options.wants(Part::Etc) && !incomplete {
        progress.step("making /etc");
        etc = make_etc(&mut tree, options, work)?;
        add_os_release_link(&mut tree);
        hide_hashes(&mut tree, options);
    }
    farm.prune(&mut tree);
    findings.extend(farm.findings);
    incomplete |= has_error(&etc.findings);
    findings.extend(etc.findings);
    if !incomplete {
        add_wrappers(&mut tree, &options.setuid, &etc.numbers)?;
        if options.is_root_in_memory() {
            tree.insert("init", Entry::link("usr/lib/systemd/systemd"));
        }
        progress.step("checking");
        findings.extend(check::all(&tree, options)?);
    }
    Ok(Plan {
        tree,
        numbers: etc.numbers,
        pin: etc.pin,
        findings,
        lint: None,
        etc_steps: etc.steps,
    })
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::progress::Quiet;
    use crate::test_support::options;
    use hermetic_out::Store;

    #[test]
    fn a_layout_that_wants_no_parts_has_the_closure_alone() {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir_all(root.path().join("nix/store/h-a/bin")).unwrap();
        let mut options = options();
        options.parts = &[];
        options.store = Store::new("/nix/store", Some(root.path().into()));
        options.closure = vec!["/nix/store/h-a".into()];
        options.packages = options.closure.clone();
        let plan = plan(&options, root.path(), &Quiet).unwrap();
        let paths: Vec<_> = plan.tree.iter().map(|(path, _)| path).collect();
        let expected: [&[u8]; 5] = [
            b"",
            b"nix",
            b"nix/store",
            b"nix/store/h-a",
            b"nix/store/h-a/bin",
        ];
        assert_eq!(paths, expected);
        assert!(plan.findings.is_empty() && plan.etc_steps.is_empty());
    }
}
