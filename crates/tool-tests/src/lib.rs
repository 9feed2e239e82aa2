//! What the tests of several tools share: trees before and after a run ([`snapshot`]), runs that have
//! to end or to fail ([`run`]), and runs that are killed ([`killed`]). Whatever is not as it has to be
//! is a panic, which fails the test.

#![allow(
    clippy::expect_used,
    clippy::missing_panics_doc,
    clippy::must_use_candidate,
    clippy::print_stdout,
    reason = "these are parts of tests: a test that cannot do its work panics"
)]

pub mod files;
pub mod killed;
pub mod run;
pub mod snapshot;

pub use hermetic_out::apply::TEMPORARY_NAME;
