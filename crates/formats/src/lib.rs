//! Scanners for the files that systemd and its companions read.
//!
//! A package's files *name other files*. A scanner turns the bytes of one file into
//! [`Reference`]s (what is named, what is done with it, where it stands), [`Fact`]s (what the file
//! declares) and [`Problem`]s (what could not be understood). Scanners are pure: no disk, no policy,
//! and total: any bytes give a result. Files larger than [`MAX_FILE_SIZE`] are not to be scanned.
//!
//! ```
//! use hermetic_out_formats::{FileKind, Role, scan};
//!
//! let unit = b"[Service]\nExecStart=-/usr/sbin/chronyd -F 1\n";
//! let scan = scan(FileKind::Unit, unit);
//! let program = &scan.references[0];
//! assert_eq!(program.role, Role::Program);
//! assert_eq!(program.text.bytes(), b"/usr/sbin/chronyd");
//! let span = program.text.span().expect("it stands in one piece");
//! assert_eq!(&unit[span.start..span.end], b"/usr/sbin/chronyd");
//! ```

pub mod kind;
pub mod reference;
pub mod text;

pub use kind::{FileKind, scan};
pub use reference::{Fact, Lookup, Problem, ProblemKind, Reference, Role, Scan};
pub use text::{Encoding, Span, Text, Unencodable};

/// The largest file that is scanned, in bytes: 16 MiB. No reader of these kinds takes more (systemd
/// refuses lines over 1 MiB), and a scanner's memory is a small multiple of its input.
pub const MAX_FILE_SIZE: usize = 16 * 1024 * 1024;
