//! How much of an attack a test runs. The ordinary test runs a short form; `cargo xtask soak` sets in the
//! environment how much more it is to be, and reads what [`report`] prints.

use std::fmt::Display;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::{Duration, Instant};

/// The number of runs of an attack.
pub const RUNS: &str = "HERMETIC_OUT_RUNS";
/// After how many seconds an attack ends, whatever its number of runs.
pub const SECONDS: &str = "HERMETIC_OUT_SECONDS";
/// Where random numbers begin.
pub const SEED: &str = "HERMETIC_OUT_SEED";
/// That strace(1) is to let system calls fail.
pub const FAULTS: &str = "HERMETIC_OUT_FAULTS";
/// A directory of real packages, whose files are changed, too.
pub const TREES: &str = "HERMETIC_OUT_TREES";
/// How a line of [`report`] begins.
pub const REPORT: &str = "attack\t";

fn variable<T: FromStr>(name: &str) -> Option<T> {
    let value = std::env::var(name).ok()?;
    let parsed = value.parse().ok();
    assert!(parsed.is_some(), "{name} is no number: {value}");
    parsed
}

/// How often an attack is run: `short`, unless the environment has another number.
pub fn runs(short: usize) -> usize {
    variable(RUNS).unwrap_or(short)
}

/// Where random numbers begin: 1, unless the environment has another number.
pub fn seed() -> u64 {
    variable(SEED).unwrap_or(1)
}

/// Whether strace(1) is to let system calls fail.
pub fn faults() -> bool {
    std::env::var_os(FAULTS).is_some()
}

/// The directory of real packages, if there is one.
pub fn trees() -> Option<PathBuf> {
    std::env::var_os(TREES).map(PathBuf::from)
}

/// The numbers of the runs, until there are as many as [`runs`] says or the time is over.
pub fn each(short: usize) -> impl Iterator<Item = usize> {
    let end = variable(SECONDS).map(|seconds| Instant::now() + Duration::from_secs(seconds));
    (0..runs(short)).take_while(move |_| end.is_none_or(|end| Instant::now() < end))
}

/// Prints what came of an attack: a row of the table.
pub fn report(what: impl Display, amount: impl Display, result: impl Display) {
    println!("{REPORT}{what}\t{amount}\t{result}");
}
