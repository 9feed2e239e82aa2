//! What a package's files name, and what they should name instead.
//!
//! The model that all tools share: a scanner of [`hermetic_out_formats`] finds references, the
//! [`Resolver`] decides what each should be, a [`Plan`] holds what is to be done,
//! and [`apply`](apply::apply) does it. What is not right is a [`Finding`]. No command line, no
//! rendering, no printing.
//!
//! ```
//! use hermetic_out::apply::apply;
//! use hermetic_out::resolve::{Choices, ReferenceContext};
//! use hermetic_out::walk::known_files;
//! use hermetic_out::{
//!     Change, Decision, Edit, FileEdits, Output, Package, Plan, Resolver, Store, Tree,
//! };
//! use hermetic_out_formats::{FileKind, scan};
//! # use std::os::unix::fs::PermissionsExt;
//! # let root = tempfile::tempdir()?;
//! # let out = root.path().join("nix/store/0123456789abcdfghijklmnpqrsvwxyz-x");
//! # std::fs::create_dir_all(out.join("bin"))?;
//! # std::fs::create_dir_all(out.join("lib/systemd/system"))?;
//! # std::fs::write(out.join("bin/x"), "")?;
//! # std::fs::set_permissions(out.join("bin/x"), PermissionsExt::from_mode(0o755))?;
//! # let unit = out.join("lib/systemd/system/x.service");
//! # std::fs::write(&unit, "[Service]\nExecStart=/usr/bin/x --fast\n")?;
//!
//! // A package with one output, in a store that lies below a root directory.
//! let store = Store::new("/nix/store", Some(root.path().into()));
//! let output = Output::new("out", "/nix/store/0123456789abcdfghijklmnpqrsvwxyz-x");
//! let package = Package::new(store.clone(), vec![output]);
//! let tree = Tree::new(store);
//! let choices = Choices::new();
//! let resolver = Resolver::new(&package, &tree, &choices)?;
//!
//! let mut changes = Vec::new();
//! for file in known_files(&tree, &package.outputs[0], FileKind::names_paths)? {
//!     // Scan: which references does the file have?
//!     let content = std::fs::read(tree.real_path(&file.path))?;
//!     let mut edits = Vec::new();
//!     for reference in scan(file.kind, &content).references {
//!         // Resolve: what should each of them be?
//!         let decision = resolver.resolve(&reference, &ReferenceContext::new("out"));
//!         if let Decision::Replace { path, .. } = decision
//!             && let Some(span) = reference.text.editable_span()
//!         {
//!             let text = reference.text.encode(&path)?;
//!             edits.push(Edit { span, text });
//!         }
//!     }
//!     // Plan: what is to be done?
//!     changes.push(Change::Edit(FileEdits::new(file.path, content, &edits)?));
//! }
//!
//! // Apply.
//! apply(&Plan::from(changes), &package)?;
//! assert_eq!(
//!     std::fs::read_to_string(&unit)?,
//!     "[Service]\nExecStart=/nix/store/0123456789abcdfghijklmnpqrsvwxyz-x/bin/x --fast\n",
//! );
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod apply;
pub mod finding;
pub mod outcome;
pub mod output_references;
pub mod package;
pub mod plan;
pub mod resolve;
pub mod store;
pub mod tree;
pub mod walk;

pub use finding::{Finding, FindingKind, Group, Place, Severity, kind_by_id};
pub use outcome::Outcome;
pub use output_references::OutputReferences;
pub use package::{Output, Package};
pub use plan::{Change, Edit, FileEdits, Plan, PlanError};
pub use resolve::{Decision, Resolver};
pub use store::{Store, StoreError};
pub use tree::{Listing, Moves, Tree, TreeView};
