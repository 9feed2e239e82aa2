//! Links that lead nowhere.

use std::collections::BTreeMap;

use bstr::ByteSlice;
use hermetic_out::{Finding, Severity};
use hermetic_out_formats::unit::place::requiring_unit;

use crate::closure::in_image;
use crate::farm::{is_unit_directory, made_at_run_time};
use crate::findings;
use crate::options::Options;
use crate::root_tree::{Entry, Node, RootTree, Unresolved, is_in, join, name_of, parent_of};

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
        if is_in(path, store) && parent_of(path) != Some(store) {
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

/// Only a directory has something below it: one finding for the topmost of what is there. And where
/// systemctl puts links to units, it follows none, and only says so.
pub(super) fn no_directories(tree: &RootTree) -> Vec<Finding> {
    let mut found = Vec::new();
    let is_directory = |entry: &Entry| entry.node == Node::Directory;
    for (path, entry) in tree.iter() {
        let Some(above) = parent_of(path) else {
            continue;
        };
        let parent = tree.get(above).filter(|parent| !is_directory(parent));
        let message = match (parent.map(|parent| &parent.node), &entry.node) {
            (Some(Node::Link(target)), _) => {
                let (above, target) = (above.as_bstr(), target.as_bstr());
                format!("/{above} is a link to {target}, and cannot hold this")
            }
            (Some(_), _) => format!("/{} is a file, and cannot hold this", above.as_bstr()),
            (None, Node::Link(target))
                if requiring_unit(name_of(path)).is_some()
                    && is_unit_directory(above)
                    && !tree.resolve(path).is_ok_and(|to| is_directory(to.entry)) =>
            {
                let target = target.as_bstr();
                format!("the link leads to {target}, which is no directory of the image")
            }
            (None, _) => continue,
        };
        let kind = &findings::ENTRY_BELOW_LINK;
        found.push(findings::about(kind, path, message, kind.remedy));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::super::{file, summary};
    use super::*;
    use crate::test_support::options;

    #[test]
    fn what_is_below_a_link_is_found_once() {
        let mut tree = RootTree::default();
        tree.insert("etc/d", Entry::link("/home/x"));
        tree.insert("etc/d/deep/.bashrc", file(""));
        tree.insert("etc/d/deep/.profile", file(""));
        tree.insert("etc/file", file(""));
        tree.insert("etc/file/x", file(""));
        tree.insert("etc/d-other/x", file(""));
        let found = no_directories(&tree);
        assert_eq!(
            summary(&found),
            [
                (
                    "entry-below-link",
                    "/etc/d is a link to /home/x, and cannot hold this"
                ),
                (
                    "entry-below-link",
                    "/etc/file is a file, and cannot hold this"
                ),
            ]
        );
        assert_eq!(found[0].subject, b"etc/d/deep");
    }

    #[test]
    fn units_are_linked_to_in_directories() {
        let mut tree = RootTree::default();
        let wants = "etc/systemd/system/x.target.wants";
        tree.insert(wants, Entry::link("/home/x"));
        let found = no_directories(&tree);
        let expected = "the link leads to /home/x, which is no directory of the image";
        assert_eq!(summary(&found), [("entry-below-link", expected)]);
        tree.insert("home/x", Entry::directory(0o755));
        assert!(no_directories(&tree).is_empty());
    }

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
            ("nix/store/h-y", "h-z"),
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
                    "the link leads to h-z, which is not in the image"
                ),
                (
                    "dangling-symlink",
                    "links of the store path lead nowhere: a and 1 more"
                ),
            ]
        );
    }
}
