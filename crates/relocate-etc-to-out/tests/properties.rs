//! What holds for every package: random scripts, units and configuration in a small store.
//! `PROPTEST_CASES` says how many are tried; they are the same in every run.

#![allow(clippy::expect_used, reason = "a test that cannot do its work panics")]

mod support;

use std::cell::RefCell;

use bstr::ByteSlice;
use hermetic_out::Plan;
use hermetic_out::apply::apply;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use relocate_etc_to_out::policy::{Mode, Policy};
use relocate_etc_to_out::{Options, plan};
use support::{Store, assert_same};

fn try_all<S: Strategy>(cases: u32, strategy: &S, test: impl Fn(&Store, S::Value)) {
    let config = Config {
        cases: std::env::var("PROPTEST_CASES").map_or(cases, |cases| {
            cases.parse().expect("PROPTEST_CASES is a number")
        }),
        failure_persistence: None,
        ..Config::default()
    };
    let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let store = RefCell::new(Store::new());
    let result = TestRunner::new_with_rng(config, rng).run(strategy, |value| {
        let store = store.borrow_mut();
        store.reset();
        for sub_path in ["etc/default/x", "etc/x.d/a", "usr/etc/y.conf"] {
            store.write(sub_path, b"A=1\n");
        }
        test(&store, value);
        Ok(())
    });
    if let Err(error) = result {
        panic!("{error}");
    }
}

fn plan_of(store: &Store, mode: Mode) -> Plan {
    let options = Options {
        policy: Policy {
            mode,
            ..Policy::default()
        },
        ..Options::default()
    };
    let outcome = plan(&store.package(), &options).expect("the package can be read");
    outcome.plan
}

fn do_plan(store: &Store, plan: &Plan) {
    apply(plan, &store.package()).expect("the plan can be done");
}

/// Pieces of files: with and without something to do.
const PIECES: &[&[u8]] = &[
    b"/etc/x.conf",
    b" /etc/x.conf ",
    b"cat /etc/x.conf\n",
    b"/etc/x.d",
    b"/etc/x.d/*",
    b"/etc/y.conf",
    b"/etc/default/x",
    b"\n. /etc/default/x\n",
    b"[ -f /etc/default/x ] && . /etc/default/x\n",
    b"EnvironmentFile=/etc/default/x\n",
    b"EnvironmentFile=-/etc/default/x\n",
    b"ExecStart=/bin/x --conf=/etc/x.conf\n",
    b"[Service]\n",
    b"# /etc/x.conf\n",
    b"<<E\n/etc/x.conf\nE\n",
    b"<<-'E'\n",
    b"\tE\n",
    b"> /etc/x.conf",
    b"< /etc/y.conf",
    b"$(",
    b")",
    b"`",
    b"${X:-",
    b"}",
    b"\"",
    b"'",
    b"\\",
    b"case a in ",
    b"esac\n",
    b";; ",
    b"((",
    b"$X",
    b"%i",
    b"/*",
    b"*/",
    b"<!--",
    b"-->",
    b"sed -i ",
    b"\n",
    b"\r\n",
    b" ",
    b"\xff",
    b"\0",
    b"=pod\n",
];

/// Where such a file can be, and how it begins.
const PLACES: &[(&str, &[u8])] = &[
    ("bin/sh", b"#!/bin/sh\n"),
    ("bin/python", b"#!/usr/bin/python3\n"),
    ("bin/perl", b"#!/usr/bin/perl\n"),
    ("etc/more.conf", b""),
    ("usr/etc/more.conf", b""),
    ("etc/default/more", b""),
    ("etc/sysctl.d/more.conf", b""),
    ("etc/systemd/system/more.service", b"[Service]\n"),
    (
        "lib/tmpfiles.d/more.conf",
        b"L /run/x - - - - /etc/x.conf\n",
    ),
    (
        "lib/udev/rules.d/more.rules",
        b"ACTION==\"add\", RUN+=\"/bin/x /etc/x.conf\"\n",
    ),
    ("lib/more.so", b"\x7fELF\0/etc/x.conf\0"),
];

fn content() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        8 => select(PIECES).prop_map(<[u8]>::to_vec),
        1 => vec(any::<u8>(), 0..8),
    ];
    vec(piece, 0..24).prop_map(|pieces| pieces.concat())
}

/// A place and how a file begins there, and what follows.
type File = ((&'static str, &'static [u8]), Vec<u8>);

fn files() -> impl Strategy<Value = Vec<File>> {
    vec((select(PLACES), content()), 1..4)
}

fn lay_out(store: &Store, files: &[File]) {
    for ((sub_path, head), content) in files {
        store.write(sub_path, &[head, &content[..]].concat());
    }
}

#[test]
fn a_second_run_changes_nothing() {
    try_all(150, &(files(), any::<bool>()), |store, (files, links)| {
        let mode = if links { Mode::Link } else { Mode::Rewrite };
        lay_out(store, &files);
        let plan = plan_of(store, mode);
        do_plan(store, &plan);
        let once = store.snapshot();
        let again = plan_of(store, mode);
        assert!(again.is_empty(), "{again:?}");
        do_plan(store, &again);
        assert_same(&store.snapshot(), &once, "a second run");
    });
}

/// Every prefix of a plan is a tree from which the same end is reached.
#[test]
fn a_run_that_stops_anywhere_is_completed() {
    try_all(60, &files(), |store, files| {
        lay_out(store, &files);
        let whole = plan_of(store, Mode::Rewrite);
        do_plan(store, &whole);
        let end = store.snapshot();
        let empty = |store: &Store| {
            store.reset();
            for sub_path in ["etc/default/x", "etc/x.d/a", "usr/etc/y.conf"] {
                store.write(sub_path, b"A=1\n");
            }
            lay_out(store, &files);
        };
        for length in 0..=whole.changes.len() {
            empty(store);
            let part = Plan::from(whole.changes[..length].to_vec());
            do_plan(store, &part);
            do_plan(store, &plan_of(store, Mode::Rewrite));
            assert_same(&store.snapshot(), &end, &format!("after {length} changes"));
        }
    });
}

/// Without the store path in front of what was replaced, every file is as it was.
#[test]
fn bytes_outside_the_edits_stay() {
    try_all(150, &files(), |store, files| {
        lay_out(store, &files);
        let prefix = store.out("");
        let prefix = prefix.to_str().expect("a plain path").as_bytes();
        for edits in plan_of(store, Mode::Rewrite).edits() {
            // A layer is added, and says itself what was there.
            let layered = [&b"EnvironmentFile="[..], b"{ . "]
                .iter()
                .any(|start| edits.after.contains_str([start, prefix].concat()));
            if !layered {
                assert_eq!(edits.after.replace(prefix, b""), edits.before);
            }
        }
    });
}

/// A link line leads to what is there, and no line is there twice.
#[test]
fn every_link_leads_to_a_file() {
    try_all(80, &files(), |store, files| {
        lay_out(store, &files);
        do_plan(store, &plan_of(store, Mode::Link));
        let path = store.out("lib/tmpfiles.d/x-etc.conf");
        let content = std::fs::read(path).unwrap_or_default();
        let mut seen = std::collections::BTreeSet::new();
        for line in content.lines().filter(|line| line.starts_with(b"L ")) {
            let target = line.rsplit(|byte| *byte == b' ').next().expect("a target");
            let target = std::path::Path::new(target.to_os_str().expect("a path"));
            assert!(target.symlink_metadata().is_ok(), "{}", line.as_bstr());
            assert!(seen.insert(line.to_vec()), "{}", line.as_bstr());
        }
    });
}
