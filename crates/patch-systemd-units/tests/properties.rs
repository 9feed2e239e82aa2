//! What holds for every package: random units in a small store. `PROPTEST_CASES` says how many are
//! tried; they are the same in every run.

#![allow(clippy::expect_used, reason = "a test that cannot do its work panics")]

mod support;

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fmt::Write;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

use hermetic_out::{Change, Plan};
use hermetic_out_formats::{FileKind, scan};
use patch_systemd_units::{Options, plan};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use support::Store;
use tool_tests::properties::{
    assert_done_once, assert_every_part_is_completed, carry_out, try_all,
};
use tool_tests::snapshot::{Snapshot, assert_same};

fn plan_of(store: &Store) -> Plan {
    let outcome = plan(&store.package(), &Options::default());
    outcome.expect("the package can be read").plan
}

/// Lines of units: with and without something to do.
const LINES: &[&[u8]] = &[
    b"[Unit]",
    b"[Service]",
    b"[Service]",
    b"# a comment on /usr/bin/own",
    b"",
    b"  ",
    b"ConditionPathExists=|!/usr/share/x/data",
    b"Documentation=file:/usr/share/x/data man:x(8)",
    b"ExecStart=/usr/bin/own --data /usr/share/x/data",
    b"ExecStart=-/usr/sbin/own ; touch \\; /usr/share/x/data",
    b"ExecStart=@\"/usr/bin/own with blank\" name",
    b"ExecStart=/usr/bin/mover",
    b"ExecStartPre=+/usr/bin/mover --data=/usr/share/x/data \\",
    b"ExecStop=/bin/sh -c 'exec touch \"$$x\"; /usr/bin/own'",
    b"ExecStop=/bin/sh -c '/usr/bin/mover $X; unknown'",
    b"ExecReload=/usr/bin/env touch %i $X",
    b"ExecReload=/usr/bin/unknown",
    b"ExecReload='/usr/bin/own",
    b"ExecStart=-/sbin/agetty -o '-p -- \\\\u' --noclear %I $TERM",
    b"Environment=PATH=/usr/bin:/bin X=/usr/share/x/data",
    b"ExecSearchPath=/usr/bin:/usr/local/bin:/opt/z",
    b"ExecStart=touch x",
    b"User=nobody",
    b"RootDirectory=/srv",
    b"key without a value",
    b"Description=\xff\xfe \xc3\xa4",
];

const LINE_ENDS: &[&[u8]] = &[b"\n", b"\n", b"\n", b"\r\n", b" \\\n", b""];

const NAMES: &[&str] = &[
    "lib/systemd/system/a.service",
    "lib/systemd/system/a.service.d/10-x.conf",
    "lib/systemd/system/b@.service",
    "lib/systemd/user/a.service",
    "share/systemd/user/c.socket",
    "etc/systemd/system/a.service.d/20-y.conf",
    "lib/systemd/system/README",
];

const LINKS: &[(&str, &str)] = &[
    ("a.service", "lib/systemd/system/alias.service"),
    (
        "../a.service",
        "lib/systemd/system/x.target.wants/a.service",
    ),
    (
        "../b@.service",
        "lib/systemd/system/x.target.wants/b@1.service",
    ),
    ("/dev/null", "lib/systemd/system/masked.service"),
];

/// A file's path in the output, and its content.
type File = (&'static str, Vec<u8>);

fn unit() -> impl Strategy<Value = Vec<u8>> {
    let line = (select(LINES), select(LINE_ENDS)).prop_map(|(line, end)| [line, end].concat());
    vec(line, 0..10).prop_map(|lines| {
        let mut unit = b"[Service]\n".to_vec();
        unit.extend(lines.concat());
        unit
    })
}

fn files() -> impl Strategy<Value = Vec<File>> {
    vec((select(NAMES), unit()), 1..5)
}

fn write(store: &Store, files: &[File], links: bool) {
    for (name, content) in files {
        store.write(name, content);
    }
    for (target, name) in LINKS.iter().filter(|_| links) {
        store.link(target, name);
    }
}

#[test]
fn a_second_run_has_nothing_to_do() {
    let store = Store::new();
    try_all(100, 150, &(files(), any::<bool>()), |(files, links)| {
        store.reset();
        write(&store, &files, links);
        assert_done_once(&store, &|| plan_of(&store))
    });
}

#[test]
fn what_the_plan_does_not_name_stays() {
    let store = Store::new();
    try_all(100, 150, &files(), |files| {
        store.reset();
        write(&store, &files, true);
        let before = store.snapshot();
        let plan = plan_of(&store);
        assert_same(&store.snapshot(), &before, "planning writes nothing");
        let mut named = BTreeSet::new();
        for change in &plan.changes {
            match change {
                Change::Edit(edits) => {
                    assert_ne!(edits.before, edits.after, "an edit changes something");
                    assert!(named.insert(edits.path.clone()), "{}", edits.path.display());
                }
                Change::Move { from, to } => {
                    named.extend([from.clone(), to.clone()]);
                }
                change => panic!("{change:?}"),
            }
        }
        carry_out(&plan, &store);
        let others = |snapshot: &Snapshot| -> Snapshot {
            let entries = snapshot.iter();
            entries
                .filter(|(path, entry)| !named.contains(*path) && entry.mtime.is_some())
                .map(|(path, entry)| (path.clone(), entry.clone()))
                .collect()
        };
        assert_same(
            &others(&store.snapshot()),
            &others(&before),
            "not in the plan",
        );
        plan.changes.len()
    });
}

#[test]
fn bytes_between_references_stay() {
    let store = Store::new();
    try_all(200, 50, &unit(), |content| {
        store.reset();
        store.write(store.unit("a.service"), &content);
        let plan = plan_of(&store);
        for edits in plan.edits() {
            // What stands between the references is found again, in order.
            let mut rest = edits.after.as_slice();
            let mut at = 0;
            let references = scan(FileKind::Unit, &content).references;
            // Of a search path, a part may be replaced, even if the whole does not stand in one piece.
            let spans = references
                .iter()
                .filter_map(|reference| reference.text.covering_span());
            for span in spans {
                let between = &content[at.min(span.start)..span.start];
                let found = memchr::memmem::find(rest, between);
                let found = found.unwrap_or_else(|| panic!("lost: {}", between.escape_ascii()));
                assert!(at > 0 || found == 0, "the beginning changed");
                rest = &rest[found + between.len()..];
                at = at.max(span.end);
            }
            assert!(rest.ends_with(&content[at..]), "the end changed");
            let lines = |text: &[u8]| memchr::memchr_iter(b'\n', text).count();
            assert_eq!(lines(&edits.after), lines(&content));
        }
        plan.files_changed()
    });
}

#[test]
fn every_part_of_a_plan_leads_to_the_same_end() {
    let store = Store::new();
    try_all(60, 150, &(files(), any::<bool>()), |(files, links)| {
        store.reset();
        let lay_out = || write(&store, &files, links);
        assert_every_part_is_completed(&store, &lay_out, &|| plan_of(&store))
    });
    try_all(40, 50, &naming_units(), |units| {
        store.reset();
        assert_every_part_is_completed(&store, &|| write_naming(&store, &units), &|| {
            plan_of(&store)
        })
    });
}

#[test]
fn any_bytes_are_read_and_nothing_is_done_twice() {
    let names = select(
        &[
            "lib/systemd/system/a.service",
            "share/dbus-1/services/a.service",
            "share/polkit-1/actions/a.policy",
            "lib/udev/rules.d/a.rules",
            "lib/tmpfiles.d/a.conf",
            "lib/sysusers.d/a.conf",
            "lib/binfmt.d/a.conf",
            "lib/modprobe.d/a.conf",
            "lib/environment.d/a.conf",
        ][..],
    );
    let pieces = prop_oneof![
        3 => vec(any::<u8>(), 0..12),
        2 => select(LINES).prop_map(<[u8]>::to_vec),
        1 => Just(b"\nRUN+=\"/usr/bin/own\"\n".to_vec()),
        1 => Just(b"\nL /run/x - - - - /usr/share/x/data\n".to_vec()),
        1 => Just(b"\ninstall x /usr/bin/own\n".to_vec()),
    ];
    let content = vec(pieces, 0..6).prop_map(|pieces| pieces.concat());
    let store = Store::new();
    try_all(200, 10, &(names, content), |(name, content)| {
        store.reset();
        store.write(name, &content);
        assert_done_once(&store, &|| plan_of(&store))
    });
}

/// Units that may name each other, by paths in the hierarchy and in the store.
const UNITS: &[&str] = &[
    "lib/systemd/system/a.service",
    "lib/systemd/system/b.service",
    "lib/systemd/system/c.service",
    "lib/systemd/system/c.service.d/10-x.conf",
    "etc/systemd/system/d.service",
    "share/systemd/user/e.service",
    "example/systemd/system/f.service",
];

/// Links to them, which may be named, too.
const LINKS_TO_UNITS: &[(&str, &str)] = &[
    (
        "../b.service",
        "lib/systemd/system/x.target.wants/b.service",
    ),
    ("c.service", "lib/systemd/system/alias.service"),
    ("d.service", "etc/systemd/system/alias-of-d.service"),
];

/// A unit of [`UNITS`] that runs the program that makes it move, or not, and what it names.
type Naming = (usize, bool, Vec<(usize, bool)>);

fn naming_units() -> impl Strategy<Value = Vec<Naming>> {
    let known = UNITS.len() + LINKS_TO_UNITS.len();
    let names = vec((0..known, any::<bool>()), 0..3);
    let unit = (0..UNITS.len(), prop::bool::weighted(0.25), names);
    vec(unit, 1..9)
}

/// Writes the units, and the links to those that are there.
fn write_naming(store: &Store, units: &[Naming]) {
    let links = LINKS_TO_UNITS.iter().map(|(_, name)| *name);
    let known: Vec<&str> = UNITS.iter().copied().chain(links).collect();
    for (unit, runs_mover, names) in units {
        let mut content = String::from("[Unit]\n");
        for (name, in_store) in names {
            let base = if *in_store {
                store.out()
            } else {
                "/usr".into()
            };
            let path = base.join(known[*name]);
            writeln!(content, "SourcePath={}", path.display()).expect("a string grows");
        }
        if *runs_mover {
            content += "[Service]\nExecStart=/usr/bin/mover\n";
        }
        store.write(store.out().join(UNITS[*unit]), content.as_bytes());
    }
    for (target, name) in LINKS_TO_UNITS {
        let link = store.out().join(name);
        let names_unit =
            |(unit, _, _): &Naming| UNITS[*unit].ends_with(target.trim_start_matches(".."));
        if units.iter().any(names_unit) {
            store.link(target, &link);
        }
    }
}

#[test]
fn what_names_a_file_that_moves_follows_it() {
    let store = Store::new();
    try_all(200, 25, &naming_units(), |units| {
        store.reset();
        write_naming(&store, &units);
        let before = store.snapshot();
        let plan = plan_of(&store);
        carry_out(&plan, &store);
        let after = store.snapshot();
        for output in [store.out(), store.bin()] {
            for name in UNITS {
                let Ok(content) = fs::read(output.join(name)) else {
                    continue;
                };
                for reference in scan(FileKind::Unit, &content).references {
                    let value = PathBuf::from(OsStr::from_bytes(reference.text.bytes()));
                    // What is named by a store path and never was there is no business of the tool.
                    let is_lost = value.starts_with(store.directory())
                        && !after.contains_key(&value)
                        && (before.contains_key(&value) || value.starts_with(store.bin()));
                    assert!(
                        !is_lost,
                        "{}: {}",
                        output.join(name).display(),
                        value.display()
                    );
                }
            }
        }
        for path in after.keys().filter(|path| path.is_symlink()) {
            assert!(path.exists(), "{} dangles", path.display());
        }
        assert!(plan_of(&store).is_empty(), "a second run has nothing to do");
        // Of those that only follow, as they name one that moves.
        let follows = |change: &&Change| match change {
            Change::Move { to, .. } => {
                let content = fs::read_to_string(to);
                !to.is_symlink() && !content.is_ok_and(|content| content.contains("mover"))
            }
            _ => false,
        };
        plan.changes.iter().filter(follows).count()
    });
}
