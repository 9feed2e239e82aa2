//! What the tests of several tools share: a package in a store ([`store`]), its case directories
//! ([`cases`]), properties of random packages ([`properties`]), trees that are not as they should be
//! ([`hostile`]), more and more of something ([`growth`]), runs that are killed ([`killed`]), small inputs with
//! their right results ([`inputs`]). Whatever is not as it has to be is a panic, which
//! fails the test.

#![allow(
    clippy::expect_used,
    clippy::missing_panics_doc,
    clippy::must_use_candidate,
    clippy::print_stdout,
    reason = "these are parts of tests: a test that cannot do its work panics"
)]

pub mod cases;
pub mod changed;
pub mod files;
pub mod growth;
pub mod hostile;
pub mod inputs;
pub mod killed;
pub mod properties;
pub mod run;
pub mod snapshot;
pub mod store;

pub use hermetic_out::apply::TEMPORARY_NAME;
