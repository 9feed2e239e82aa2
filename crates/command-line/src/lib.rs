//! What the tools share around their libraries: options, exit statuses, and how findings and plans
//! are reported. Nothing here knows a particular tool.
//!
//! A tool's arguments implement [`Tool`], and its `main` is [`main()`]. A fixup checks its options with
//! [`CommonOptions::request`] and ends with [`Report::apply_and_write`]; other tools write their
//! [`Report`] with [`OutputOptions::write`].

mod escape;
mod exit_status;
pub mod explain;
mod fingerprint;
mod fixup;
mod options;
mod output_options;
#[cfg(feature = "html")]
pub mod page;
pub mod policy;
#[cfg(feature = "progress")]
pub mod progress;
mod report;
pub mod request;
pub mod size;
mod tool;

pub use escape::escape_for_terminal;
pub use exit_status::{ExitStatus, Streams};
pub use fixup::ChangeOptions;
pub use options::CommonOptions;
pub use output_options::OutputOptions;
pub use report::{Changes, Color, Format, Report, Style, ToolVersion};
pub use request::Request;
pub use tool::{Tool, command, main, run};
