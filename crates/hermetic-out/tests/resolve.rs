//! The rules of the resolver, one table row each, on a small store.
#![allow(clippy::expect_used, reason = "a test fails by panicking")]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use hermetic_out::package::{Output, Package};
use hermetic_out::resolve::{
    Choices, Decision, Kept, Provider, ReferenceContext, Resolver, UnresolvedReason,
};
use hermetic_out::tree::{Moves, Tree, TreeView};
use hermetic_out_formats::{Lookup, MappedText, Meaning, Reference, Role, Span};

const OUT: &str = "/nix/store/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa-own";
const BIN: &str = "/nix/store/bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb-own-bin";
const DOC: &str = "/nix/store/cccccccccccccccccccccccccccccccc-own-doc";
const DEP: &str = "/nix/store/dddddddddddddddddddddddddddddddd-dep";
const LATE: &str = "/nix/store/eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee-late";

/// Files of the store that can be run, and others.
const PROGRAMS: &[(&str, &str)] = &[
    (OUT, "bin/own"),
    (OUT, "bin/both"),
    (OUT, "libexec/own/helper"),
    (OUT, "etc/init.d/own"),
    (OUT, "lib/udev/own-id"),
    (BIN, "bin/in-bin"),
    (DOC, "bin/example"),
    (DEP, "bin/tool"),
    (DEP, "bin/both"),
    (DEP, "bin/mount"),
    (DEP, "libexec/dep/shutdown"),
    (DEP, "lib/udev/dep-id"),
    (LATE, "bin/tool"),
    (LATE, "bin/shutdown"),
];
const FILES: &[(&str, &str)] = &[
    (OUT, "bin/not-executable"),
    (DEP, "bin/data"),
    (OUT, "share/own/data"),
    (OUT, "etc/own.conf"),
    (OUT, "share/applications/own.desktop"),
    (DEP, "share/dep/data"),
];

struct Store {
    _top: tempfile::TempDir,
    package: Package,
}

fn store() -> Store {
    let top = tempfile::tempdir().expect("a temporary directory");
    for (files, mode) in [(PROGRAMS, 0o755), (FILES, 0o644)] {
        for (output, sub_path) in files {
            let path = top.path().join(&output[1..]).join(sub_path);
            fs::create_dir_all(path.parent().expect("a parent")).expect("a directory");
            fs::write(&path, "").expect("a file");
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).expect("its mode");
        }
    }
    let outputs = vec![
        Output::new("out", OUT),
        Output::new("bin", BIN),
        Output::new("doc", DOC),
    ];
    let root = hermetic_out::Store::new("/nix/store", Some(top.path().to_owned()));
    let package = Package::new(root, outputs).with_search_path(vec![
        "/usr/bin".into(),
        PathBuf::from(DEP).join("bin"),
        PathBuf::from(LATE).join("bin"),
    ]);
    Store { _top: top, package }
}

fn reference(role: Role, value: &str) -> Reference {
    let text = MappedText::of_file(value.as_bytes(), Span::new(0, value.len()));
    Reference {
        lookup: Lookup::SearchPath,
        inside_root: true,
        ..Reference::new(role, "ExecStart", text)
    }
}

/// What becomes of `value`, in words that a table can hold.
fn ask(store: &Store, reference: &Reference, place: &ReferenceContext) -> String {
    let tree = Tree::new(store.package.store.clone());
    let mut choices = Choices::new()
        .keep("/opt/kept/**")
        .keep("kept")
        .replace("/bin/login", format!("{DEP}/bin/tool"))
        .replace("/bin/gone", format!("{DEP}/bin/gone"))
        .replace("/bin/outside", "/run/outside");
    for from in ["/bin/sh", "own", "kept", "/bin/not-executable", "/run/sh"] {
        choices = choices.fallback(from, format!("{LATE}/bin/shutdown"));
    }
    let resolver = Resolver::new(&store.package, &tree, &choices).expect("good patterns");
    match resolver.resolve(reference, place) {
        Decision::Keep(kept) => format!("keep: {kept:?}"),
        Decision::Replace { path, .. } => String::from_utf8_lossy(&path).into_owned(),
        Decision::Unresolved(UnresolvedReason::NotExecutable(_)) => "not executable".to_owned(),
        Decision::Unresolved(UnresolvedReason::BadReplacement(_)) => "bad replacement".to_owned(),
        Decision::Unresolved(missing) => format!("missing: {missing:?}"),
    }
}

fn check(role: Role, place: &ReferenceContext, table: &[(&str, String)]) {
    let store = store();
    for (value, expected) in table {
        assert_eq!(
            ask(&store, &reference(role, value), place),
            *expected,
            "{role:?} {value}"
        );
    }
}

fn in_out() -> ReferenceContext {
    ReferenceContext::new("out")
}

fn kept(reason: &Kept) -> String {
    format!("keep: {reason:?}")
}

#[test]
fn programs() {
    check(
        Role::Program,
        &in_out(),
        &[
            // What the user names comes first.
            ("/bin/login", format!("{DEP}/bin/tool")),
            ("/bin/gone", "bad replacement".into()),
            ("/bin/outside", "/run/outside".into()),
            ("/opt/kept/x/y", kept(&Kept::ByPattern)),
            ("kept", kept(&Kept::ByPattern)),
            // A fallback only where nothing else says what it should be.
            ("/bin/sh", format!("{LATE}/bin/shutdown")),
            ("own", format!("{OUT}/bin/own")),
            ("/run/sh", kept(&Kept::MachineState)),
            ("/bin/not-executable", "not executable".into()),
            // The store, the running system, the machine.
            (&format!("{OUT}/bin/own"), kept(&Kept::InStore)),
            (&format!("{OUT}/bin/gone"), "missing: NotInStore".into()),
            ("/run/wrappers/bin/sudo", kept(&Kept::SystemProfile)),
            ("/var/lib/x/run", kept(&Kept::MachineState)),
            // Own outputs before any dependency, wherever sbin went.
            ("/usr/bin/own", format!("{OUT}/bin/own")),
            ("/usr/sbin/own", format!("{OUT}/bin/own")),
            ("/usr/local/bin/own", format!("{OUT}/bin/own")),
            ("/bin/both", format!("{OUT}/bin/both")),
            ("both", format!("{OUT}/bin/both")),
            ("/usr/bin/in-bin", format!("{BIN}/bin/in-bin")),
            (
                "/usr/libexec/own/helper",
                format!("{OUT}/libexec/own/helper"),
            ),
            ("/etc/init.d/own", format!("{OUT}/etc/init.d/own")),
            // Dependencies: by name in bin directories, in order; by sub-path elsewhere.
            ("/usr/bin/tool", format!("{DEP}/bin/tool")),
            ("tool", format!("{DEP}/bin/tool")),
            (
                "/usr/libexec/dep/shutdown",
                format!("{DEP}/libexec/dep/shutdown"),
            ),
            ("/usr/libexec/incus/shutdown", "missing: NotFound".into()),
            ("/etc/init.d/tool", "missing: NotFound".into()),
            ("/usr/bin/nowhere", "missing: NotFound".into()),
            ("/usr/bin/not-executable", "not executable".into()),
            ("/usr/bin/example", "missing: OnlyInOutput(\"doc\")".into()),
            ("dir/own", "missing: NotAPath".into()),
            ("", "missing: NotAPath".into()),
            // Odd spellings of the same path.
            ("/usr//bin/./own", format!("{OUT}/bin/own")),
            ("/usr/lib/../bin/own", format!("{OUT}/bin/own")),
        ],
    );
}

#[test]
fn arguments() {
    check(
        Role::Argument,
        &in_out(),
        &[
            ("/usr/share/own/data", format!("{OUT}/share/own/data")),
            ("/usr/share/own", format!("{OUT}/share/own")),
            ("/usr/share/dep/data", format!("{DEP}/share/dep/data")),
            // A directory of a dependency may hold other packages' files.
            ("/usr/share/dep", "missing: NotFound".into()),
            ("/usr/share/applications", kept(&Kept::SharedDirectory)),
            ("/usr/bin", kept(&Kept::SharedDirectory)),
            ("/usr/bin/tool", format!("{DEP}/bin/tool")),
            ("/etc/own.conf", kept(&Kept::Configuration)),
            ("/etc/init.d/own", format!("{OUT}/etc/init.d/own")),
            ("/etc/fstab", kept(&Kept::Configuration)),
            ("/proc/self", kept(&Kept::MachineState)),
            ("/afs", kept(&Kept::Foreign)),
        ],
    );
}

#[test]
fn search_path_entries_are_own_directories_even_shared_ones() {
    check(
        Role::SearchPathEntry,
        &in_out(),
        &[
            ("/usr/share", format!("{OUT}/share")),
            ("/usr/lib32", kept(&Kept::Foreign)),
        ],
    );
}

#[test]
fn a_file_in_doc_may_name_doc() {
    let in_doc = ReferenceContext::new("doc");
    let table = [("/usr/bin/example", format!("{DOC}/bin/example"))];
    check(Role::Program, &in_doc, &table);
}

#[test]
fn setuid_programs_come_from_the_wrappers_where_nobody_is_root() {
    let mut unprivileged = in_out();
    unprivileged.unprivileged = true;
    let wrapper = "/run/wrappers/bin/mount".to_owned();
    check(
        Role::Program,
        &unprivileged,
        &[("/usr/bin/mount", wrapper.clone()), ("mount", wrapper)],
    );
    check(
        Role::Program,
        &in_out(),
        &[("/usr/bin/mount", format!("{DEP}/bin/mount"))],
    );
    let store = store();
    let privileged = Reference {
        privileged: true,
        ..reference(Role::Program, "/usr/bin/mount")
    };
    assert_eq!(
        ask(&store, &privileged, &unprivileged),
        format!("{DEP}/bin/mount")
    );
}

#[test]
fn inside_another_root_nothing_is_known() {
    let mut other_root = in_out();
    other_root.other_root = true;
    check(
        Role::Program,
        &other_root,
        &[("/usr/bin/own", kept(&Kept::OtherRoot))],
    );
    let store = store();
    let read_outside = Reference {
        inside_root: false,
        ..reference(Role::File, "/usr/share/own/data")
    };
    assert_eq!(
        ask(&store, &read_outside, &other_root),
        format!("{OUT}/share/own/data")
    );
}

#[test]
fn what_is_launched_by_name_is_known_if_nothing_sets_path() {
    let store = store();
    let mut sets_path = in_out();
    sets_path.sets_path = true;
    let own = || format!("{OUT}/bin/own");
    let other = || kept(&Kept::OtherSearchPath(own().into_bytes()));
    for (lookup, name, place, expected) in [
        (Lookup::SearchPath, "own", &in_out(), own()),
        (Lookup::SearchPath, "own", &sets_path, other()),
        (Lookup::UnknownSearchPath, "own", &in_out(), other()),
        (
            Lookup::UnknownSearchPath,
            "nowhere",
            &in_out(),
            "missing: NotFound".to_owned(),
        ),
    ] {
        let launched = Reference {
            lookup,
            ..reference(Role::PrefixedProgram, name)
        };
        assert_eq!(ask(&store, &launched, place), expected, "{name}");
    }
}

#[test]
fn conditions_that_a_file_is_not_there_stay() {
    let store = store();
    for (path, expected) in [
        (
            "/usr/bin/own",
            kept(&Kept::Negated(Provider::Own("out".into()))),
        ),
        ("/usr/bin/nowhere", "missing: NotFound".to_owned()),
    ] {
        let condition = Reference {
            meaning: Meaning::NoFile,
            ..reference(Role::Condition, path)
        };
        assert_eq!(ask(&store, &condition, &in_out()), expected, "{path}");
    }
}

#[test]
fn the_units_own_search_path_comes_first() {
    let store = store();
    let mut place = in_out();
    place.search_path = vec![b"/usr/libexec/own".to_vec()];
    let helper = reference(Role::Program, "helper");
    assert_eq!(
        ask(&store, &helper, &place),
        format!("{OUT}/libexec/own/helper")
    );
    assert_eq!(ask(&store, &helper, &in_out()), "missing: NotFound");
}

#[test]
fn udev_helpers_and_relative_links() {
    let store = store();
    for (lookup, value, expected) in [
        (
            Lookup::UdevHelpers,
            "own-id",
            format!("{OUT}/lib/udev/own-id"),
        ),
        (
            Lookup::UdevHelpers,
            "dep-id",
            format!("{DEP}/lib/udev/dep-id"),
        ),
        (Lookup::UdevHelpers, "tool", "missing: NotFound".into()),
        (
            Lookup::Directory(b"/var/log".to_vec()),
            "../../usr/share/own/data",
            format!("{OUT}/share/own/data"),
        ),
        (
            Lookup::Directory(b"/var".to_vec()),
            "../run",
            kept(&Kept::Foreign),
        ),
    ] {
        let asked = Reference {
            lookup,
            ..reference(Role::Program, value)
        };
        assert_eq!(ask(&store, &asked, &in_out()), expected, "{value}");
    }
}

#[test]
fn what_a_specifier_completes_is_kept() {
    let store = store();
    let file = b"/usr/bin/x-%i";
    let outer = MappedText::of_file(file, Span::new(0, file.len()));
    let mut text = MappedText::new();
    text.push(&outer, 0..11, None);
    text.push_opaque(&outer, 11..13, None);
    let asked = Reference {
        text,
        ..reference(Role::Program, "")
    };
    assert_eq!(ask(&store, &asked, &in_out()), kept(&Kept::Variable));
}

#[test]
fn a_bad_pattern_is_said() {
    let package = Package::default();
    let tree = Tree::new(package.store.clone());
    let nested = format!("{}a{}", "{".repeat(300), "}".repeat(300));
    for (pattern, reason) in [
        ("a{b", "unclosed alternate group; missing '}'"),
        (&*nested, "alternatives are nested more than 50 deep"),
    ] {
        let choices = Choices::new().keep(pattern);
        let error = Resolver::new(&package, &tree, &choices).expect_err("it is no glob");
        let text = error.to_string();
        for part in [pattern, reason, "--help"] {
            assert!(text.contains(part), "{text}");
        }
    }
}

#[test]
fn what_moves_is_found_at_its_new_place() {
    let store = store();
    let tree = Tree::new(store.package.store.clone());
    let (from, to) = (
        Path::new(OUT).join("bin/own"),
        Path::new(BIN).join("bin/own"),
    );
    let mut moves = Moves::default();
    moves.add(from.clone(), to.clone());
    let choices = Choices::new();
    let view = TreeView::new(&tree, &moves);
    let resolver = Resolver::new(&store.package, view, &choices).expect("no pattern");
    for value in ["/usr/bin/own", &from.display().to_string()] {
        let decision = resolver.resolve(&reference(Role::Program, value), &in_out());
        let Decision::Replace { path, .. } = decision else {
            panic!("{value}: {decision:?}");
        };
        assert_eq!(path, to.as_os_str().as_encoded_bytes(), "{value}");
    }
}

#[test]
fn who_provides_a_replacement() {
    let store = store();
    let tree = Tree::new(store.package.store.clone());
    let choices = Choices::new().replace("/bin/login", format!("{DEP}/bin/tool"));
    let resolver = Resolver::new(&store.package, &tree, &choices).expect("no pattern");
    for (role, value, expected) in [
        (Role::Program, "/bin/login", Provider::UserChoice),
        (Role::Program, "/bin/own", Provider::Own("out".into())),
        (Role::Program, "/bin/tool", Provider::Dependency(DEP.into())),
        // It is found on the search path, too, but nobody may run it.
        (
            Role::File,
            "/usr/bin/data",
            Provider::Dependency(DEP.into()),
        ),
    ] {
        let decision = resolver.resolve(&reference(role, value), &in_out());
        let Decision::Replace { provider, .. } = decision else {
            panic!("{value}: {decision:?}");
        };
        assert_eq!(provider, expected, "{value}");
    }
}
