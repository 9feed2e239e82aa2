//! What holds for `.pc` files of any bytes. `PROPTEST_CASES` says how many are tried; they are the same
//! in every run.

#![allow(clippy::expect_used, reason = "a test that cannot do its work panics")]

use std::fs;
use std::path::{Path, PathBuf};

use hermetic_out::apply::{LockedOutputs, apply};
use hermetic_out::resolve::Choices;
use hermetic_out::{Change, Output, Package, Plan};
use hermetic_out_formats::pkg_config::{StatementKind, scan};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use rewrite_pkgconfig_prefix::consumer::{Build, InstallVariables};
use rewrite_pkgconfig_prefix::{consumer, provider};
use tool_tests::properties;

const OUT: &str = "/nix/store/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa-x-1.0";
const DEV: &str = "/nix/store/bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb-x-1.0-dev";

/// Lines of `.pc` files, with and without something to do.
const LINES: &[&str] = &[
    "prefix=/usr",
    "prefix=/nix/store/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa-x-1.0",
    "prefix=${pcfiledir}/../..",
    "prefix=",
    "prefix=${root_prefix}",
    "root_prefix=/usr",
    "exec_prefix=${prefix}",
    "exec_prefix=/nix/store/bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb-x-1.0-dev",
    "devprefix=/nix/store/bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb-x-1.0-dev/",
    "libdir=${exec_prefix}/lib",
    "libdir=/usr//lib/x",
    "includedir=${prefix}/include",
    "includedir=/nix/store/bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb-x-1.0-dev/include",
    "path=${libdir}:/usr/lib:/lib/none:${includedir}/../lib",
    "udevdir=/usr/lib/udev",
    "udev_dir=${prefix}/lib/udev # where",
    "rules=${udevdir}/rules.d",
    "make=$(prefix)/lib",
    "late=${later}/x",
    "Name: x",
    "Cflags: -I${includedir} -I\\${prefix}/include -DX=/usr/share/x",
    "Libs: -L/usr/lib \\",
    "Libs.private: -L${libdir} -lx",
    "URL: file:///usr/share/x",
    "nonsense",
    "# /usr/lib",
    "",
];

const LINE_ENDS: &[&[u8]] = &[b"\n", b"\n", b"\n", b"\r\n", b""];

struct Store(tempfile::TempDir);

impl Store {
    fn new() -> Self {
        let store = Self(tempfile::tempdir().expect("a directory"));
        for directory in [
            format!("{OUT}/lib/x"),
            format!("{OUT}/share/x"),
            format!("{DEV}/include"),
            format!("{DEV}/lib/pkgconfig"),
            "/into".to_owned(),
        ] {
            fs::create_dir_all(store.real(Path::new(&directory))).expect("a directory");
        }
        store
    }

    fn real(&self, path: &Path) -> PathBuf {
        self.0.path().join(path.strip_prefix("/").unwrap_or(path))
    }

    fn file(&self) -> PathBuf {
        self.real(Path::new(DEV)).join("lib/pkgconfig/udev.pc")
    }

    fn package(&self) -> Package {
        Package::new(
            self.store(),
            vec![Output::new("out", OUT), Output::new("dev", DEV)],
        )
    }

    fn provide(&self) -> Plan {
        let outcome = provider::plan(&self.package(), &Choices::default());
        outcome.expect("the files can be read").plan
    }

    fn build(&self) -> Build {
        Build {
            search_path: vec![Path::new(DEV).join("lib/pkgconfig")],
            prefix: "/nix/store/cccccccccccccccccccccccccccccccc-y".into(),
            into: "/into".into(),
            variables: InstallVariables::default(),
            store: self.store(),
        }
    }

    fn store(&self) -> hermetic_out::Store {
        hermetic_out::Store::new("/nix/store", Some(self.0.path().to_owned()))
    }
}

fn carry_out(plan: &Plan, package: &Package) {
    apply(plan, &LockedOutputs::lock(package)).expect("the plan can be carried out");
}

/// Tries files, of which `test` changes `at_least` in a hundred.
fn try_all(cases: u32, at_least: usize, test: impl Fn(&Store, &[u8]) -> usize) {
    let line = prop_oneof![
        12 => select(LINES).prop_map(|line| line.as_bytes().to_vec()),
        1 => vec(any::<u8>(), 0..20),
    ];
    let end = select(LINE_ENDS);
    let lines = vec((line, end), 0..14).prop_map(|lines| {
        let lines = lines.into_iter();
        lines
            .flat_map(|(line, end)| [line, end.to_vec()].concat())
            .collect::<Vec<u8>>()
    });
    let store = Store::new();
    properties::try_all(cases, at_least, &lines, |file| {
        fs::write(store.file(), &file).expect("the file can be written");
        test(&store, &file)
    });
}

#[test]
fn a_second_run_has_nothing_to_do() {
    try_all(1000, 50, |store, _| {
        let first = store.provide();
        carry_out(&first, &store.package());
        let second = store.provide();
        assert!(second.is_empty(), "{second:#?}");
        first.files_changed()
    });
}

#[test]
fn without_an_edit_the_file_stays_and_an_edit_changes_it() {
    try_all(500, 50, |store, file| {
        let plan = store.provide();
        let read = || fs::read(store.file()).expect("the file is there");
        assert_eq!(read(), file, "planning writes nothing");
        carry_out(&plan, &store.package());
        assert_eq!(read() != file, !plan.is_empty());
        plan.files_changed()
    });
}

#[test]
fn no_statement_is_lost_but_variables_are_added() {
    try_all(500, 50, |store, file| {
        let plan = store.provide();
        carry_out(&plan, &store.package());
        let names = |file: &[u8]| {
            let statements = scan(file).statements.into_iter();
            let mut names: Vec<_> = statements
                .filter(|one| !one.defines(b"prefix"))
                .map(|one| (one.kind == StatementKind::Field, one.name))
                .collect();
            names.sort();
            names
        };
        let after = fs::read(store.file()).expect("the file is there");
        let mut added = names(&after);
        for name in names(file) {
            let place = added.iter().position(|one| *one == name);
            added.remove(place.unwrap_or_else(|| panic!("lost: {name:?}")));
        }
        for (is_field, name) in added {
            let is_root = [&b"outprefix"[..], b"devprefix"]
                .iter()
                .any(|root| name.starts_with(root));
            assert!(!is_field && is_root, "{name:?}");
        }
        plan.files_changed()
    });
}

#[test]
fn a_copy_keeps_all_statements_and_is_made_once() {
    try_all(500, 10, |store, file| {
        let build = store.build();
        let into = store.real(Path::new("/into")).join("udev.pc");
        // What the last file has left.
        let _ = fs::remove_file(&into);
        let plan = consumer::plan(&build).expect("the files can be read").plan;
        carry_out(&plan, &build.package());
        assert_eq!(fs::read(store.file()).expect("the file is there"), file);
        assert!(consumer::plan(&build).expect("as before").plan.is_empty());
        for change in &plan.changes {
            let Change::Create { content, .. } = change else {
                panic!("{change:?}");
            };
            let names = |file: &[u8]| -> Vec<Vec<u8>> {
                scan(file)
                    .statements
                    .into_iter()
                    .map(|one| one.name)
                    .collect()
            };
            assert_eq!(names(content), names(file));
        }
        plan.changes.len()
    });
}
