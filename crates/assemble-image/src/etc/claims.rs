//! Who claims a path in /etc: packages whose files are there, and tmpfiles.d lines that make a link.

use std::collections::BTreeMap;

use bstr::ByteSlice;
use hermetic_out::{Finding, Place, Store};

use super::config_files::{ConfigFile, config_files};
use super::lines::{Line, lines};
use super::tmpfiles::{OS_RELEASE, path, source};
use crate::closure::in_image;
use crate::error::Error;
use crate::findings;
use crate::root_tree::{RootTree, is_in, target_in_image};

/// The link lines of tmpfiles.d that disagree: with each other, or with the package whose file is at
/// that path already. systemd-tmpfiles would leave the later ones out, and one package would read the
/// configuration of another.
///
/// Only a link to the store is held against what is there: it says which file the package itself reads.
/// Others, such as systemd's to /usr/share/factory, apply only if no package has the file.
pub(crate) fn conflicting_claims(tree: &RootTree, store: &Store) -> Result<Vec<Finding>, Error> {
    let mut found = Vec::new();
    let mut claims: BTreeMap<Vec<u8>, (Vec<u8>, Vec<u8>)> = BTreeMap::new();
    for file in config_files(tree, "tmpfiles.d")? {
        for line in lines(&file.content, 6) {
            let claimed = path(&line);
            // /etc/os-release is the image's, whatever packages say.
            if line.word(0).first() != Some(&b'L')
                || !is_in(claimed, b"etc")
                || claimed == OS_RELEASE
            {
                continue;
            }
            let target = target_in_image(claimed, &source(&line));
            if let Some((other, by)) = claims.get(claimed) {
                if *other != target {
                    let message = format!(
                        "/{} links the path to /{}, and this line to /{}",
                        by.as_bstr(),
                        other.as_bstr(),
                        target.as_bstr()
                    );
                    found.push(conflict(&file, &line, claimed, message));
                }
                continue;
            }
            if is_in(&target, in_image(&store.directory))
                && let (Ok(there), Ok(own)) = (tree.resolve(claimed), tree.resolve(&target))
                && there.path != own.path
            {
                let message = format!(
                    "/{} is at the path, and this line would link it to /{}",
                    there.path.as_bstr(),
                    target.as_bstr()
                );
                found.push(conflict(&file, &line, claimed, message));
            }
            claims.insert(claimed.to_vec(), (target, file.path.clone()));
        }
    }
    Ok(found)
}

fn conflict(file: &ConfigFile, line: &Line, path: &[u8], message: String) -> Finding {
    let help = findings::DUPLICATE_ETC_PATH.remedy;
    let mut finding = findings::about(&findings::DUPLICATE_ETC_PATH, &file.path, message, help);
    finding.place = Some(Place::new(&file.content, line.span));
    // The path that --extra can decide about.
    finding.subject = path.to_vec();
    finding
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::root_tree::Entry;

    fn said(lines: &[(&str, &str)]) -> Vec<String> {
        let mut tree = RootTree::default();
        let file = |text: &str| Entry::bytes(text, 0o444);
        for package in ["a", "b"] {
            tree.insert(format!("nix/store/{package}/etc/x"), file(package));
        }
        tree.insert("etc/x", Entry::link("../nix/store/a/etc/x"));
        for (name, text) in lines {
            tree.insert(format!("usr/lib/tmpfiles.d/{name}.conf"), file(text));
        }
        let found = conflicting_claims(&tree, &Store::default()).unwrap();
        let said = found.into_iter().map(|finding| {
            assert_eq!(finding.kind.id, "duplicate-etc-path");
            format!("{}: {}", finding.subject.as_bstr(), finding.message)
        });
        said.collect()
    }

    #[test]
    fn two_lines_that_agree_are_none() {
        let lines = [
            (
                "a",
                "L /etc/x - - - - /nix/store/a/etc/x\nL+ /etc/y - - - - ../run/y\nd /etc/z",
            ),
            (
                "b",
                "L /etc/x - - - - /nix/store/a/etc/x\nL /etc/y - - - - /run/y\nd /etc/z",
            ),
        ];
        assert_eq!(said(&lines), [""; 0]);
    }

    #[test]
    fn two_lines_that_do_not_agree_are_one() {
        let lines = [
            ("a", "L /etc/y - - - - /nix/store/a/etc/x"),
            ("b", "L /etc/y - - - - /nix/store/b/etc/x"),
        ];
        let expected = "etc/y: /usr/lib/tmpfiles.d/a.conf links the path to /nix/store/a/etc/x, and this \
                        line to /nix/store/b/etc/x";
        assert_eq!(said(&lines), [expected]);
    }

    #[test]
    fn a_line_for_what_another_package_has_is_one() {
        let lines = [("b", "L /etc/x - - - - /nix/store/b/etc/x")];
        let expected = "etc/x: /nix/store/a/etc/x is at the path, and this line would link it to \
                        /nix/store/b/etc/x";
        assert_eq!(said(&lines), [expected]);
        // A default yields to what is there.
        assert_eq!(
            said(&[("b", "L /etc/x\nL? /etc/x - - - - ../run/x")]).len(),
            1
        );
        assert_eq!(said(&[("b", "L /etc/x")]), [""; 0]);
    }

    #[test]
    fn os_release_is_the_images() {
        let lines = [
            ("a", "L /etc/os-release - - - - /nix/store/a/etc/x"),
            ("b", "L /etc/os-release - - - - ../usr/lib/os-release"),
        ];
        assert_eq!(said(&lines), [""; 0]);
    }
}
