//! Defects, planted in store paths that are right otherwise, and who finds them.
//!
//! [`defects`] reads them from `defects/*.toml`, [`tree`] writes the store path with one and its
//! twin without, [`judges`] runs the tools on both, and [`page`] is the table of who found what.
//! Nothing here shares code with lint-store-path: what both get wrong in the same way would go
//! unseen.

pub mod defects;
pub mod judges;
pub mod page;
pub mod tree;
