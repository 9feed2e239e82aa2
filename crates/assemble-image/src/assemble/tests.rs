use super::*;
use crate::test_support::{layout, options};

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
        "--closure is missing: give the store paths that the image holds, or a file that lists at least one"
    );
    wrong.closure = vec!["/nix/store/h-x".into()];
    assert_eq!(
        message(&wrong),
        "--kernel is missing: the layout has a unified kernel image; give the kernel's image"
    );
    wrong.tmpfs = vec!["/var".into(), "/a b".into()];
    assert_eq!(
        message(&wrong),
        "reading --tmpfs /a b: it is no absolute path without blanks, . and .."
    );
    wrong.cmdline = vec!["a\nb".into()];
    assert_eq!(
        message(&wrong),
        "reading --cmdline a\nb: a kernel command line has no line ends"
    );
}

#[test]
fn only_the_tools_of_the_layout_are_needed() {
    let names = |name| {
        let mut options = options();
        options.parts = layout(name).parts;
        let tools = needed_tools(&options, layout(name), architecture::own());
        tools.iter().map(|tool| tool.name).collect::<Vec<_>>()
    };
    assert!(!names("bare").contains(&"ukify"));
    assert!(!names("initrd").contains(&"mkfs.erofs"));
    assert!(names("ddi").contains(&"systemd-dissect"));
}
