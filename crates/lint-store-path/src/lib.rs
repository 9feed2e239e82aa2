//! Says everything that a finished store path gets wrong, whoever built it.
//!
//! Files are read once, and become [facts](facts::PathFacts); [rules](rules::RULES) look at facts alone.
//! So facts can come from a [cache](cache::Cache), or from a file that another process wrote, and rules
//! always see the closure that they are asked about. Nothing is written but the cache.
//!
//! ```
//! use hermetic_out::Store;
//! use lint_store_path::{Sources, lint, progress::Quiet};
//!
//! let root = tempfile::tempdir()?;
//! let path = "nix/store/0123456789abcdfghijklmnpqrsvwxyz-x";
//! std::fs::create_dir_all(root.path().join(path))?;
//! std::os::unix::fs::symlink("gone", root.path().join(path).join("link"))?;
//! let sources = Sources {
//!     store: Store::new("/nix/store", Some(root.path().into())),
//!     arguments: vec![format!("/{path}").into()],
//!     closure: false,
//!     cache: None,
//!     given: Vec::new(),
//! };
//! let linted = lint(sources, &Quiet)?;
//! assert_eq!(linted.findings[0].kind.id, "dangling-symlink");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod cache;
pub mod check;
pub mod cli;
mod directives;
pub mod error;
mod etc_mentions;
pub mod facts;
pub mod gather;
pub mod libraries;
mod links;
mod lint;
mod merged_unit;
mod pkg_config;
pub mod reporter;
mod resolved_reference;
pub mod rule;
pub mod rules;
mod shebang;
mod stamp;
mod systemd;
mod threads;
mod unit_fault;

pub use error::Error;
pub use facts::FactSet;
pub use gather::Sources;
pub use hermetic_out_command_line::progress;
pub use lint::{Linted, Stats, lint};
pub use reporter::Diagnostic;
