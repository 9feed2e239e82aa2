//! Runs a tool on case directories, and says where it did not do what a case expects.
//!
//! A case is a directory; what it holds is read as text and compared byte for byte.
//!
//! | entry | what it holds |
//! |---|---|
//! | `README` | a sentence or two: what the case shows |
//! | `args` | the arguments, one a line; `@ROOT@` stands for the root's path. If it does not occur, `--root` with that path is put before them |
//! | `in/` | the tree given as root. Files get mode 0644, or 0755 if they are executable, and one fixed time |
//! | `tree` | what Git cannot hold of it (see below); it is applied to `in/` |
//! | `out/` | files that are new afterwards, or have other content: all others are to be as before |
//! | `tree.after` | what `out/` cannot say: `PATH absent`, or other properties than before |
//! | `stdout`, `stderr` | what is printed, with `@ROOT@` for the root's path; nothing if missing |
//! | `exit` | the exit status; 0 if missing |
//! | `once` | if it exists, the tool is not run again. Else a second run is to change nothing |
//!
//! A line of `tree` is `PATH KEYWORD=VALUE…`, in the manner of mtree(5): `type=dir|file|fifo|link|hard|elf`
//! (missing: the entry exists), `link=TARGET` (of a symlink; of a hard link: a path of the tree),
//! `mode=OCTAL`, `time=SECONDS`, `nlink=NUMBER` (only checked). `\040` stands for a blank, as any
//! `\OCTAL` for its byte; `#` begins a comment. An ELF file names what its line says: `interpreter=PATH`,
//! `needed=NAME`, `soname=NAME`, `rpath=LIST`, `runpath=LIST`, `dlopen=JSON`, `data=TEXT` and
//! `writable=TEXT`; `needed` may be repeated.
//!
//! Contents, modes, the times of files and symlinks, numbers of links, and targets are compared. The time
//! of a file that is new is not, unless `tree.after` names it.
//!
//! With `UPDATE=1` in the environment, `out/`, `tree.after`, `stdout`, `stderr` and `exit` are
//! written from what happened.

#![expect(
    clippy::format_push_string,
    reason = "writing to a string cannot fail, and these are short"
)]

mod case;
mod changed;
mod documented;
mod dry_run;
mod run;
mod tree;

pub use changed::{Job, changeable, lay_out, run_changed};
pub use documented::{assert_documented, assert_findings_shown};
pub use run::{Failure, failures, run_all, run_all_fixups};
