//! What holds for every package: random files in a small store.

use std::cell::Cell;

use hermetic_out::apply::{LockedOutputs, apply};
use hermetic_out::{Change, Plan};
use proptest::strategy::Strategy;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use crate::snapshot::assert_same;
use crate::store::Store;

/// Tries `cases` values of `strategy`, or as many as `PROPTEST_CASES` says; they are the same in every
/// run. `test` returns how much it did: `at_least` in a hundred cases, or else it proves nothing.
pub fn try_all<S: Strategy>(
    cases: u32,
    at_least: usize,
    strategy: &S,
    test: impl Fn(S::Value) -> usize,
) {
    let cases = std::env::var("PROPTEST_CASES").map_or(cases, |cases| {
        cases.parse().expect("PROPTEST_CASES is a number")
    });
    let config = Config {
        cases,
        failure_persistence: None,
        ..Config::default()
    };
    let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let done = Cell::new(0);
    let result = TestRunner::new_with_rng(config, rng).run(strategy, |value| {
        done.set(done.get() + test(value));
        Ok(())
    });
    if let Err(error) = result {
        panic!("{error}");
    }
    let expected = at_least * usize::try_from(cases).expect("a number of cases") / 100;
    let done = done.get();
    assert!(done >= expected, "{done} of at least {expected} were done");
}

/// Carries out a plan for the package of the store.
pub fn carry_out(plan: &Plan, store: &Store) {
    apply(plan, &LockedOutputs::lock(&store.package())).expect("the plan can be carried out");
}

/// Carries out the plan; a second one has nothing to do. How many changes the first has.
pub fn assert_done_once(store: &Store, plan: &dyn Fn() -> Plan) -> usize {
    let first = plan();
    carry_out(&first, store);
    let once = store.snapshot();
    let second = plan();
    assert!(second.is_empty(), "{second:#?}");
    carry_out(&second, store);
    assert_same(&store.snapshot(), &once, "after a second run");
    first.changes.len()
}

/// From every prefix of the plan the same end is reached. How many changes it has.
pub fn assert_every_part_is_completed(
    store: &Store,
    lay_out: &dyn Fn(),
    plan: &dyn Fn() -> Plan,
) -> usize {
    lay_out();
    let whole = plan();
    carry_out(&whole, store);
    let end = store.snapshot();
    let total = whole.changes.len();
    for length in 0..=total {
        store.reset();
        lay_out();
        let mut part = whole.clone();
        part.changes.truncate(length);
        carry_out(&part, store);
        carry_out(&plan(), store);
        let done: Vec<_> = part.changes.iter().map(Change::file).collect();
        let what = format!("after {length} of {total} changes: {done:#?}");
        assert_same(&store.snapshot(), &end, &what);
    }
    total
}
