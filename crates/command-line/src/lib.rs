//! What the tools share around their libraries: options, exit statuses, and how findings and plans
//! are shown. Nothing here knows a particular tool.
//!
//! A tool's `main` hands its work to [`run`]; the work reads its arguments with [`parse`], checks
//! them with [`CommonOptions::request`], and shows what it found with [`Report::write`].

mod escape;
pub mod exit_status;
pub mod explain;
pub mod options;
pub mod output_options;
pub mod page;
pub mod policy;
pub mod report;
pub mod request;

pub use escape::escape_for_terminal;
pub use exit_status::{ExitStatus, Streams, run};
pub use explain::explain;
pub use options::{CommonOptions, after_help, parse};
pub use output_options::{FindingsOptions, OutputOptions};
pub use report::{FindingsReport, Report, Summary, write_findings};
pub use request::Request;
