//! What the fuzz targets check; Cargo.toml says how they are run.

pub use scanner_tests::invariants;
