use super::*;

const A: &str = "nix/store/h-a";
const B: &str = "nix/store/h-b";

fn tree(entries: &[(&str, &str)]) -> RootTree {
    let mut tree = RootTree::default();
    for (path, what) in entries {
        let entry = match what.strip_prefix("-> ") {
            Some(target) => Entry::link(target),
            None => Entry::bytes(*what, 0o444),
        };
        tree.insert(*path, entry);
    }
    tree
}

fn farm(tree: &mut RootTree, packages: &[&str]) -> Farm {
    let store = Store::default();
    let packages: Vec<PathBuf> = packages
        .iter()
        .map(|path| format!("/{path}").into())
        .collect();
    let mut farm = add_farm(tree, &store, &packages).unwrap();
    farm.prune(tree);
    farm
}

fn target<'a>(tree: &'a RootTree, path: &str) -> Option<&'a str> {
    match &tree.get(path.as_bytes())?.node {
        Node::Link(target) => Some(std::str::from_utf8(target).unwrap()),
        _ => None,
    }
}

fn kinds(farm: &Farm) -> Vec<(&str, &str)> {
    let path = |finding: &Finding| finding.file.to_str().unwrap().to_owned();
    farm.findings
        .iter()
        .map(|finding| {
            (
                finding.kind.id,
                Box::leak(path(finding).into_boxed_str()) as &str,
            )
        })
        .collect()
}

#[test]
fn one_relative_link_for_each_file() {
    let mut tree = tree(&[
        ("nix/store/h-a/bin/a", "a"),
        ("nix/store/h-a/bin/alias", "-> a"),
        ("nix/store/h-a/sbin", "-> bin"),
        ("nix/store/h-a/lib/udev/rules.d/50-a.rules", "rules"),
        ("nix/store/h-a/etc/a.conf", "conf"),
        ("nix/store/h-a/share/doc/a", "text"),
        ("nix/store/h-a/include/a.h", "text"),
    ]);
    let farm = farm(&mut tree, &[A]);
    assert_eq!(
        target(&tree, "usr/bin/a"),
        Some("../../nix/store/h-a/bin/a")
    );
    assert_eq!(
        target(&tree, "usr/bin/alias"),
        Some("../../nix/store/h-a/bin/alias")
    );
    assert_eq!(
        target(&tree, "usr/lib/udev/rules.d/50-a.rules"),
        Some("../../../../nix/store/h-a/lib/udev/rules.d/50-a.rules")
    );
    assert_eq!(
        target(&tree, "etc/a.conf"),
        Some("../nix/store/h-a/etc/a.conf")
    );
    assert!(tree.get(b"usr/share/doc").is_none() && tree.get(b"usr/include").is_none());
    assert!(farm.findings.is_empty(), "{:?}", farm.findings);
}

#[test]
fn units_are_copies_and_their_links_stay_as_text() {
    let units = "nix/store/h-a/lib/systemd/system";
    let mut tree = tree(&[
        (&format!("{units}/a.service"), "unit"),
        (&format!("{units}/alias.service"), "-> a.service"),
        (
            &format!("{units}/absolute.service"),
            &format!("-> /{units}/a.service"),
        ),
        (&format!("{units}/masked.service"), "-> /dev/null"),
        (
            &format!("{units}/b.target.wants/a.service"),
            "-> ../a.service",
        ),
        (
            &format!("{units}/c.target.wants/a.service"),
            &format!("-> /{units}/a.service"),
        ),
        (&format!("{units}/a.service.d/x.conf"), "drop-in"),
        ("nix/store/h-a/share/systemd/user/u.service", "user unit"),
        (
            "nix/store/h-a/lib/systemd/user",
            "-> ../../share/systemd/user",
        ),
    ]);
    let farm = farm(&mut tree, &[A]);
    let unit = |name: &str| format!("usr/lib/systemd/system/{name}");
    for copy in [
        unit("a.service"),
        unit("a.service.d/x.conf"),
        "usr/lib/systemd/user/u.service".into(),
    ] {
        let entry = tree.get(copy.as_bytes()).unwrap();
        assert!(matches!(entry.node, Node::File(_)), "{copy}");
    }
    for (name, expected) in [
        ("alias.service", "a.service"),
        ("absolute.service", "a.service"),
        ("masked.service", "/dev/null"),
        ("b.target.wants/a.service", "../a.service"),
        ("c.target.wants/a.service", "../a.service"),
    ] {
        assert_eq!(target(&tree, &unit(name)), Some(expected), "{name}");
    }
    assert!(farm.findings.is_empty(), "{:?}", farm.findings);
}

#[test]
fn packages_that_claim_the_same_path() {
    let mut tree = tree(&[
        ("nix/store/h-a/bin/login", "a"),
        ("nix/store/h-b/bin/login", "b"),
        ("nix/store/h-a/lib/same", "same"),
        ("nix/store/h-b/lib/same", "same"),
        ("nix/store/h-a/lib/different", "one"),
        ("nix/store/h-b/lib/different", "two"),
        ("nix/store/h-a/lib/kind", "file"),
        ("nix/store/h-b/lib/kind/of", "directory"),
        ("nix/store/h-a/etc/conf", "same"),
        ("nix/store/h-b/etc/conf", "same"),
    ]);
    let farm = farm(&mut tree, &[B, A]);
    assert_eq!(
        target(&tree, "usr/bin/login"),
        Some("../../nix/store/h-b/bin/login")
    );
    let expected = [
        ("shadowed-program", "/usr/bin/login"),
        ("duplicate-vendor-file", "/usr/lib/different"),
        ("duplicate-vendor-file", "/usr/lib/kind"),
        ("duplicate-etc-path", "/etc/conf"),
    ];
    assert_eq!(kinds(&farm), expected);
    let messages: Vec<&str> = farm
        .findings
        .iter()
        .map(|finding| &*finding.message)
        .collect();
    assert_eq!(
        messages[0],
        "the program of /nix/store/h-b hides the one of /nix/store/h-a"
    );
    assert_eq!(
        messages[1],
        "/nix/store/h-b and /nix/store/h-a have different files at this path"
    );
    assert_eq!(
        messages[2],
        "/nix/store/h-b and /nix/store/h-a have different files at this path"
    );
}

#[test]
fn links_that_lead_nowhere_are_left_out() {
    let mut tree = tree(&[
        ("nix/store/h-a/bin/awk", "-> /etc/alternatives/awk"),
        ("nix/store/h-a/bin/self", "-> self"),
        ("nix/store/h-a/etc/mtab", "-> ../proc/self/mounts"),
        ("nix/store/h-a/etc/resolv.conf", "-> /run/resolv.conf"),
        ("nix/store/h-a/share/loop/down", "-> ."),
    ]);
    let farm = farm(&mut tree, &[A]);
    assert_eq!(target(&tree, "usr/bin/awk"), None);
    assert_eq!(target(&tree, "etc/mtab"), Some("../proc/self/mounts"));
    assert_eq!(target(&tree, "etc/resolv.conf"), Some("/run/resolv.conf"));
    assert_eq!(
        target(&tree, "usr/share/loop/down"),
        Some("../../../nix/store/h-a/share/loop/down")
    );
    let expected = [
        ("dangling-symlink", "/nix/store/h-a/bin/awk"),
        ("dangling-symlink", "/nix/store/h-a/bin/self"),
    ];
    assert_eq!(kinds(&farm), expected);
}

#[test]
fn a_link_may_lead_to_what_another_package_has() {
    let mut tree = tree(&[
        ("nix/store/h-a/bin/halt", "-> ../bin/systemctl"),
        ("nix/store/h-a/bin/ip", "-> ../sbin/ip"),
        ("nix/store/h-b/bin/systemctl", "systemctl"),
        ("nix/store/h-b/bin/ip", "ip"),
    ]);
    let farm = farm(&mut tree, &[A, B]);
    assert_eq!(target(&tree, "usr/bin/halt"), Some("../bin/systemctl"));
    assert!(tree.exists(b"usr/bin/halt"));
    assert_eq!(
        target(&tree, "usr/bin/ip"),
        Some("../../nix/store/h-b/bin/ip")
    );
    assert_eq!(kinds(&farm), []);
}

#[test]
fn only_the_packages_contribute() {
    let mut tree = tree(&[("nix/store/h-a/bin/a", "a"), ("nix/store/h-b/bin/b", "b")]);
    farm(&mut tree, &[A]);
    assert!(tree.exists(b"usr/bin/a") && !tree.exists(b"usr/bin/b"));
}
