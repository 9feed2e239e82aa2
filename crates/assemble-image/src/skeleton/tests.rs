use std::os::unix::fs::symlink;

use super::*;
use crate::test_support::{layout, options};

#[test]
fn an_extra_tree_goes_before_packages() {
    let extra = tempfile::tempdir().unwrap();
    let at = |path: &str| extra.path().join(path);
    fs::create_dir_all(at("etc/pam.d")).unwrap();
    fs::create_dir_all(at("lib/x")).unwrap();
    fs::write(at("etc/pam.d/login"), "auth").unwrap();
    fs::write(at("lib/x/file"), "x").unwrap();
    fs::write(at("etc/sudoers"), "root").unwrap();
    fs::set_permissions(at("etc/sudoers"), fs::Permissions::from_mode(0o440)).unwrap();
    symlink("sudoers", at("etc/link")).unwrap();
    let mut tree = RootTree::default();
    add_directories(&mut tree, Path::new("/nix/store"));
    tree.insert(
        "etc/pam.d/login",
        Entry::link("../../nix/store/h-x/etc/pam.d/login"),
    );
    tree.insert(
        "etc/pam.d/su",
        Entry::link("../../nix/store/h-x/etc/pam.d/su"),
    );
    add_extra(&mut tree, extra.path()).unwrap();
    assert_eq!(
        tree.file(b"etc/pam.d/login").unwrap().read().unwrap(),
        b"auth"
    );
    assert!(tree.get(b"etc/pam.d/su").is_some());
    assert_eq!(tree.get(b"etc/sudoers").unwrap().mode, 0o440);
    assert_eq!(
        tree.get(b"etc/link").unwrap().node,
        Node::Link(b"sudoers".to_vec())
    );
    assert!(
        tree.get(b"usr/lib/x/file").is_some(),
        "lib is a link to usr/lib"
    );
    assert!(matches!(tree.get(b"lib").unwrap().node, Node::Link(_)));
}

#[test]
fn an_extra_tree_that_is_none_is_told() {
    let mut tree = RootTree::default();
    let error = add_extra(&mut tree, Path::new("/dev/null")).unwrap_err();
    assert_eq!(
        error.to_string(),
        "reading --extra /dev/null: it is not a directory; give the tree that is to be put into the \
         root"
    );
    let error = add_extra(&mut tree, Path::new("/missing")).unwrap_err();
    assert_eq!(error.to_string(), "reading --extra /missing");
}

#[test]
fn everybody_can_pass_to_the_store() {
    let mut tree = RootTree::default();
    add_directories(&mut tree, Path::new("/nix/store"));
    assert_eq!(tree.get(b"root").unwrap().mode, 0o700);
    assert_eq!(tree.get(b"nix").unwrap().mode, 0o755);
    let mut tree = RootTree::default();
    add_directories(&mut tree, Path::new("/root/x/store"));
    for directory in ["root", "root/x", "root/x/store"] {
        assert_eq!(tree.get(directory.as_bytes()).unwrap().mode, 0o755);
    }
}

#[test]
fn files_are_added_only_where_nothing_is() {
    let mut tree = RootTree::default();
    add_directories(&mut tree, Path::new("/nix/store"));
    let own = Entry::bytes(b"ID=own\n", 0o644);
    tree.insert("usr/lib/os-release", own.clone());
    tree.insert("usr/lib/systemd/system/tmp.mount", own.clone());
    tree.insert("usr/lib/systemd/system/ldconfig.service", own.clone());
    let mut options = options();
    options.tmpfs = vec!["/var".into(), "/tmp".into(), "/root".into()];
    add_files(&mut tree, &options).unwrap();
    assert_eq!(tree.get(b"usr/lib/os-release"), Some(&own));
    let read = |path: &str| {
        let content = tree.file(path.as_bytes()).unwrap().read().unwrap();
        String::from_utf8(content).unwrap()
    };
    assert_eq!(read("etc/machine-id"), "");
    assert_eq!(
        read("etc/fstab"),
        "tmpfs /var tmpfs mode=0755,nosuid,nodev 0 0\ntmpfs /root tmpfs mode=0700,nosuid,nodev 0 0\n"
    );
    let mask = tree.get(b"etc/systemd/system/ldconfig.service").unwrap();
    assert_eq!(mask.node, Node::Link(b"/dev/null".to_vec()));
}

#[test]
fn a_given_os_release_goes_before_all_others() {
    let file = |text: &str| Entry::bytes(text, 0o644);
    let directory = tempfile::tempdir().unwrap();
    let given = directory.path().join("os-release");
    fs::write(&given, "ID=given\n").unwrap();
    let mut tree = RootTree::default();
    tree.insert("usr/lib/os-release", file("ID=package\n"));
    tree.insert("etc/os-release", file("ID=other\n"));
    let mut options = options();
    options.os_release = Some(given.clone());
    add_files(&mut tree, &options).unwrap();
    add_os_release_link(&mut tree);
    let content = tree.file(b"etc/os-release").unwrap().read().unwrap();
    assert_eq!(content, b"ID=given\n");
    assert!(matches!(
        tree.get(b"etc/os-release").unwrap().node,
        Node::Link(_)
    ));

    fs::remove_file(&given).unwrap();
    let error = add_files(&mut tree, &options).unwrap_err().to_string();
    assert!(error.starts_with("reading --os-release"), "{error}");
}

#[test]
fn what_is_an_initrd_needs_no_tmpfs() {
    let mut tree = RootTree::default();
    let mut options = options();
    options.parts = layout("initrd").parts;
    options.tmpfs = vec!["/var".into()];
    add_files(&mut tree, &options).unwrap();
    assert!(tree.get(b"etc/fstab").is_none());
}
