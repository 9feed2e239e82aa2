//! What the fuzz targets check; Cargo.toml says how they are run.

#[path = "../../crates/formats/tests/invariants/mod.rs"]
pub mod invariants;
