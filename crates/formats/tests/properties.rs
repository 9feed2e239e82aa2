//! What holds for every scanner on any bytes: see `scanner_tests::invariants`. `PROPTEST_CASES` says how many files
//! of each kind are tried; they are the same in every run.

#![allow(clippy::expect_used, reason = "a test that cannot do its work panics")]

use hermetic_out_formats::FileKind;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use scanner_tests::invariants::grammar::PIECES;
use scanner_tests::invariants::{self, check, unit_with_script};

/// Tries `test` on values of `strategy`.
fn try_all<S: Strategy>(cases: u32, strategy: &S, test: impl Fn(S::Value)) {
    let config = Config {
        cases: std::env::var("PROPTEST_CASES").map_or(cases, |cases| {
            cases.parse().expect("PROPTEST_CASES is a number")
        }),
        failure_persistence: None,
        ..Config::default()
    };
    let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let result = TestRunner::new_with_rng(config, rng).run(strategy, |value| {
        test(value);
        Ok(())
    });
    if let Err(error) = result {
        panic!("{error}");
    }
}

/// Text that has the shape of a file of this kind.
fn shaped(kind: FileKind) -> impl Strategy<Value = Vec<u8>> {
    let frames = kind.pieces();
    let piece = prop_oneof![
        8 => select(PIECES).prop_map(<[u8]>::to_vec),
        1 => vec(any::<u8>(), 0..4),
    ];
    let line = (select(frames), vec(piece, 0..6));
    (vec(line, 0..6), any::<bool>()).prop_map(move |(lines, framed)| {
        // Most files begin as they should.
        let mut file = if framed {
            frames[0].to_vec()
        } else {
            Vec::new()
        };
        for (frame, pieces) in lines {
            file.extend_from_slice(frame);
            file.extend(pieces.concat());
        }
        file
    })
}

#[test]
fn arbitrary_bytes() {
    let kinds = select(FileKind::ALL);
    try_all(1000, &(kinds, vec(any::<u8>(), 0..300)), |(kind, file)| {
        check(kind, &file);
    });
}

#[test]
fn files_of_every_kind() {
    std::thread::scope(|scope| {
        for kind in FileKind::ALL {
            scope.spawn(|| try_all(300, &shaped(*kind), |file| check(*kind, &file)));
        }
    });
}

#[test]
fn scripts() {
    let piece = select(PIECES).prop_map(<[u8]>::to_vec);
    try_all(300, &vec(piece, 0..8), |pieces| {
        if let Some(unit) = unit_with_script(&pieces.concat()) {
            check(FileKind::Unit, &unit);
        }
    });
}

#[test]
fn whole_scripts_and_configuration() {
    let pieces = |pieces: &'static [&'static [u8]]| {
        let piece = prop_oneof![
            12 => select(pieces).prop_map(<[u8]>::to_vec),
            1 => vec(any::<u8>(), 0..4),
        ];
        vec(piece, 0..24)
    };
    try_all(1000, &pieces(invariants::whole_text::SCRIPTS), |pieces| {
        invariants::whole_text::check_script(&pieces.concat());
    });
    try_all(
        500,
        &pieces(invariants::whole_text::CONFIGURATION),
        |pieces| {
            invariants::whole_text::check_configuration(&pieces.concat());
        },
    );
}
