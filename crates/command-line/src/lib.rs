//! What the tools share around their libraries: options, exit statuses, and how findings and plans
//! are shown. Nothing here knows a particular tool.
//!
//! A tool's `main` hands its work to [`run`]; the work reads its arguments with [`parse`], checks
//! them with [`CommonOptions::request`], and shows what it found with [`Report::write`].

pub mod exit_status;
pub mod explain;
pub mod options;
pub mod page;
pub mod policy;
pub mod report;
pub mod request;
pub mod shown_options;
mod visible;

pub use exit_status::{ExitStatus, Streams, run};
pub use explain::explain;
pub use options::{CommonOptions, after_help, parse};
pub use report::{FindingsReport, Report, Summary, write_findings};
pub use request::Request;
pub use shown_options::{FindingsOptions, ShownOptions};
pub use visible::visible;
