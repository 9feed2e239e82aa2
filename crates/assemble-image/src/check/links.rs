//! Links that lead nowhere.

use std::collections::BTreeMap;

use bstr::ByteSlice;
use hermetic_out::{Finding, Severity};

use crate::closure::in_image;
use crate::farm::made_at_run_time;
use crate::findings;
use crate::options::Options;
use crate::root_tree::{Node, RootTree, Unresolved, is_in, join};

/// Every link of /usr and /etc must lead to something; for store paths the dangling ones are
/// counted.
pub(super) fn check(tree: &RootTree, options: &Options) -> Vec<Finding> {
    let mut found = Vec::new();
    let mut in_store: BTreeMap<Vec<u8>, Vec<&[u8]>> = BTreeMap::new();
    let store = in_image(&options.store.directory);
    for (path, entry) in tree.iter() {
        let Node::Link(target) = &entry.node else {
            continue;
        };
        let Err(why) = tree.resolve(path) else {
            continue;
        };
        if is_in(path, store) {
            let below = &path[store.len() + 1..];
            let name = below.split(|byte| *byte == b'/').next().unwrap_or_default();
            let top = join(store, name);
            if !made_at_run_time(path, target, &top) {
                in_store.entry(top).or_default().push(path);
            }
            continue;
        }
        if made_at_run_time(path, target, b"") {
            continue;
        }
        let message = match why {
            Unresolved::Missing => format!(
                "the link leads to {}, which is not in the image",
                target.as_bstr()
            ),
            Unresolved::Loop => {
                format!("the link leads to {} and back to itself", target.as_bstr())
            }
        };
        let help = "add the package that has the target, or remove the link";
        let finding = findings::about(&findings::DANGLING_SYMLINK, path, message, help);
        found.push(finding.with_severity(Severity::Error));
    }
    for (top, links) in in_store {
        let first = links[0][top.len() + 1..].as_bstr();
        let others = match links.len() {
            1 => String::new(),
            count => format!(" and {} more", count - 1),
        };
        let message = format!("links of the store path lead nowhere: {first}{others}");
        let finding = findings::about(&findings::DANGLING_SYMLINK, &top, message, "");
        found.push(finding.with_severity(Severity::Note));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::super::{file, summary};
    use super::*;
    use crate::root_tree::Entry;
    use crate::test_support::options;

    #[test]
    fn links_into_the_running_system_are_not_looked_at() {
        let mut tree = RootTree::default();
        tree.insert("usr/bin/good", file(""));
        for (path, target) in [
            ("etc/good", "/usr/bin/good"),
            ("etc/mtab", "../proc/self/mounts"),
            ("etc/resolv.conf", "/run/x"),
            ("etc/mask.service", "/dev/null"),
            ("etc/bad", "/usr/bin/bad"),
            ("etc/loop", "loop"),
            ("nix/store/h-x/a", "gone"),
            ("nix/store/h-x/b", "/etc/gone"),
            ("nix/store/h-x/c", "../../var/x"),
        ] {
            tree.insert(path, Entry::link(target));
        }
        let found = check(&tree, &options());
        assert_eq!(
            summary(&found),
            [
                (
                    "dangling-symlink",
                    "the link leads to /usr/bin/bad, which is not in the image"
                ),
                (
                    "dangling-symlink",
                    "the link leads to loop and back to itself"
                ),
                (
                    "dangling-symlink",
                    "links of the store path lead nowhere: a and 1 more"
                ),
            ]
        );
    }
}
