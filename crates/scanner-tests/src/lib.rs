//! What the tests of scanners share: ELF files ([`elf_sample`]), what holds for every scanner on any bytes
//! ([`invariants`]), random changes of files ([`mutation`]), and how many of them ([`amount`]). Whatever is not as it has to be is a panic, which fails the test.

#![allow(
    clippy::cast_possible_truncation,
    clippy::expect_used,
    clippy::missing_panics_doc,
    clippy::must_use_candidate,
    clippy::print_stdout,
    reason = "these are parts of tests: a test that cannot do its work panics"
)]

pub mod amount;
pub mod elf_sample;
pub mod invariants;
pub mod mutation;
pub mod random;
