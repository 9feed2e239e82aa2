//! How a tool ends: its exit status, and what it says when it could not do its work.

use std::fmt;
use std::io::{self, BufWriter, IsTerminal, Write};
use std::process::ExitCode;

use anyhow::Context;
use hermetic_out::{Finding, Severity};

use crate::escape::escape_for_terminal;

/// How the work ended. That it could not be done at all is an error, and exit status 2.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExitStatus {
    /// 0: nothing at or above the failing severity was found.
    Clean,
    /// 1: something at or above the failing severity was found.
    Findings,
}

impl ExitStatus {
    /// The one that `findings` ask for, if those at or above `failing` are to fail.
    #[must_use]
    pub fn of(findings: &[Finding], failing: Severity) -> Self {
        if findings.iter().any(|finding| finding.severity >= failing) {
            Self::Findings
        } else {
            Self::Clean
        }
    }
}

/// Where a tool writes to.
pub struct Streams<'a> {
    /// Standard output.
    pub stdout: &'a mut dyn Write,
    /// Standard error.
    pub stderr: &'a mut dyn Write,
    /// Whether `stdout` is a terminal.
    pub stdout_is_terminal: bool,
    /// Whether `stderr` is a terminal.
    pub stderr_is_terminal: bool,
}

/// Wrong arguments, in one sentence without a full stop.
#[derive(Debug)]
pub(crate) struct UsageError(pub(crate) String);

impl fmt::Display for UsageError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl std::error::Error for UsageError {}

/// Does the work of `tool` on the process's own streams. An error is printed on one line, with its
/// causes, as `TOOL: error: …`.
///
/// The work goes on when nobody reads what is printed any more (`tool | head`): a closed pipe is no
/// error.
pub(crate) fn on_process_streams(
    tool: &str,
    work: impl FnOnce(&mut Streams<'_>) -> anyhow::Result<ExitStatus>,
) -> ExitCode {
    let (stdout, stderr) = (io::stdout(), io::stderr());
    let mut streams = Streams {
        stdout_is_terminal: stdout.is_terminal(),
        stderr_is_terminal: stderr.is_terminal(),
        stdout: &mut UntilClosed::new(BufWriter::new(stdout.lock())),
        // Not locked: a progress bar's thread writes there, too.
        stderr: &mut UntilClosed::new(stderr),
    };
    ExitCode::from(run_on(tool, &mut streams, work))
}

fn run_on(
    tool: &str,
    streams: &mut Streams<'_>,
    work: impl FnOnce(&mut Streams<'_>) -> anyhow::Result<ExitStatus>,
) -> u8 {
    let result = work(streams).and_then(|status| flush(streams).map(|()| status));
    let error = match result {
        Ok(ExitStatus::Clean) => return 0,
        Ok(ExitStatus::Findings) => return 1,
        Err(error) => error,
    };
    // Nothing can be done if these fail too.
    let _ = streams.stdout.flush();
    let hint = if error.is::<UsageError>() {
        "; --help lists the options"
    } else {
        ""
    };
    let _ = writeln!(
        streams.stderr,
        "{tool}: error: {}{hint}",
        escape_for_terminal(format!("{error:#}").as_bytes())
    );
    2
}

/// Sees to it that what was written to standard output is there.
pub(crate) fn flush(streams: &mut Streams<'_>) -> anyhow::Result<()> {
    let flushed = streams.stdout.flush();
    flushed.context("writing to standard output")
}

/// A stream whose reader may leave: the rest is dropped.
struct UntilClosed<W> {
    inner: W,
    closed: bool,
}

impl<W: Write> UntilClosed<W> {
    fn new(inner: W) -> Self {
        Self {
            inner,
            closed: false,
        }
    }

    fn unless_closed<T>(&mut self, result: io::Result<T>, dropped: T) -> io::Result<T> {
        match result {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
                self.closed = true;
                Ok(dropped)
            }
            result => result,
        }
    }
}

impl<W: Write> Write for UntilClosed<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.closed {
            return Ok(bytes.len());
        }
        let result = self.inner.write(bytes);
        self.unless_closed(result, bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.closed {
            return Ok(());
        }
        let result = self.inner.flush();
        self.unless_closed(result, ())
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// What `work` makes of `run`: exit status, standard output, standard error.
    pub(crate) fn run_captured(
        work: impl FnOnce(&mut Streams<'_>) -> anyhow::Result<ExitStatus>,
    ) -> (u8, String, String) {
        let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
        let mut streams = Streams {
            stdout: &mut stdout,
            stderr: &mut stderr,
            stdout_is_terminal: false,
            stderr_is_terminal: false,
        };
        let status = run_on("tool", &mut streams, work);
        let text = |bytes| String::from_utf8(bytes).unwrap();
        (status, text(stdout), text(stderr))
    }

    /// Fails at every write, as a full disk or a closed pipe does.
    struct Failing(io::ErrorKind);

    impl Write for Failing {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(self.0.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Err(self.0.into())
        }
    }

    fn write_to(stdout: &mut dyn Write) -> (u8, String) {
        let mut stderr = Vec::new();
        let mut streams = Streams {
            stdout,
            stderr: &mut stderr,
            stdout_is_terminal: false,
            stderr_is_terminal: false,
        };
        let status = run_on("tool", &mut streams, |streams| {
            writeln!(streams.stdout, "x")?;
            Ok(ExitStatus::Clean)
        });
        (status, String::from_utf8(stderr).unwrap())
    }

    #[test]
    fn the_status_says_how_it_ended() {
        assert_eq!(run_captured(|_| Ok(ExitStatus::Clean)).0, 0);
        assert_eq!(run_captured(|_| Ok(ExitStatus::Findings)).0, 1);
    }

    #[test]
    fn an_error_and_its_causes_are_one_line() {
        let (status, stdout, stderr) = run_captured(|streams| {
            write!(streams.stdout, "before")?;
            Err(io::Error::other("disk\nfull")).context("writing /nix/store/x")
        });
        assert_eq!(status, 2);
        assert_eq!(stdout, "before");
        assert_eq!(stderr, "tool: error: writing /nix/store/x: disk\\x0afull\n");
    }

    #[test]
    fn a_closed_pipe_is_no_error_and_a_full_disk_is() {
        let mut closed = UntilClosed::new(BufWriter::new(Failing(io::ErrorKind::BrokenPipe)));
        assert_eq!(write_to(&mut closed), (0, String::new()));
        let mut full = UntilClosed::new(BufWriter::new(Failing(io::ErrorKind::StorageFull)));
        let message = "tool: error: writing to standard output: no storage space\n".to_owned();
        assert_eq!(write_to(&mut full), (2, message));
    }
}
