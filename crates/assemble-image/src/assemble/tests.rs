use super::*;
use crate::test_support::options;

#[test]
fn the_first_difference_of_two_files() {
    let directory = tempfile::tempdir().unwrap();
    let file = |name: &str, content: &[u8]| {
        let path = directory.path().join(name);
        fs::write(&path, content).unwrap();
        path
    };
    let large = vec![7; 3 << 20];
    let mut changed = large.clone();
    changed[(2 << 20) + 5] = 8;
    let one = file("one", &large);
    assert_eq!(first_difference(&one, &file("same", &large)).unwrap(), None);
    assert_eq!(
        first_difference(&one, &file("changed", &changed)).unwrap(),
        Some((2 << 20) + 5)
    );
    assert_eq!(
        first_difference(&one, &file("short", &large[..9])).unwrap(),
        Some(9)
    );
    assert_eq!(
        first_difference(&file("short", &large[..9]), &one).unwrap(),
        Some(9)
    );
}

#[test]
fn two_outputs_are_compared_by_name() {
    let (one, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    fs::write(one.path().join("image.raw"), "abc").unwrap();
    fs::write(other.path().join("image.raw"), "abd").unwrap();
    let error = compare(one.path(), other.path()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "building a second time: image.raw differs from the first build at byte 2"
    );
}

#[test]
fn what_cannot_work_is_told_first() {
    let mut wrong = options();
    wrong.packages = vec!["/nix/store/h-x".into()];
    let message = |options: &Options| check_options(options).unwrap_err().to_string();
    assert_eq!(
        message(&wrong),
        "reading --package /nix/store/h-x: it is not in the closure; add it, with what it needs, to \
         --closure"
    );
    wrong.packages.clear();
    assert_eq!(
        message(&wrong),
        "--closure is missing: it lists the store paths that the image holds"
    );
    wrong.closure = vec!["/nix/store/h-x".into()];
    assert_eq!(
        message(&wrong),
        "--kernel is missing: the layout has a unified kernel image; give the kernel's image"
    );
    wrong.cmdline = vec!["a\nb".into()];
    assert_eq!(
        message(&wrong),
        "reading --cmdline a\nb: a kernel command line has no line ends"
    );
}

#[test]
fn only_the_tools_of_the_layout_are_needed() {
    let names = |layout| {
        let mut options = options();
        options.layout = layout;
        needed_tools(&options)
            .iter()
            .map(|tool| tool.name)
            .collect::<Vec<_>>()
    };
    assert!(!names(Layout::Bare).contains(&"ukify"));
    assert!(!names(Layout::Initrd).contains(&"mkfs.erofs"));
    assert!(names(Layout::Ddi).contains(&"systemd-dissect"));
}
