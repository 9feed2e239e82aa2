//! How an external tool is run: with an environment that does not depend on the machine, fed, and ended if
//! the disk is full or this process ends.

use std::ffi::{OsStr, OsString};
use std::fmt::{self, Write as _};
use std::io::{self, Read};
use std::os::unix::ffi::OsStrExt;
use std::panic::resume_unwind;
use std::path::{Path, PathBuf};
use std::process::{self, ChildStdin, Stdio};
use std::sync::mpsc;
use std::thread::{self, Scope, ScopedJoinHandle};
use std::time::Duration;

use hermetic_out_command_line::escape_for_terminal;
use rustix::fs::statvfs;
use rustix::process::{Pid, Signal, geteuid, kill_process};

use crate::error::Error;
use crate::launch;

/// A tool that is called.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Tool {
    /// Its name on the search path.
    pub(crate) name: &'static str,
    /// The project that has it, as distributions call it.
    pub(crate) package: &'static str,
    /// The oldest version that will do.
    pub(crate) minimum: &'static str,
    /// The argument that makes it print its version; empty if it never does.
    pub(crate) version_argument: &'static str,
    /// Versions that make wrong images.
    pub(crate) broken: &'static [&'static str],
}

/// A tool that prints its version with `--version`.
pub(crate) const fn tool(name: &'static str, package: &'static str, minimum: &'static str) -> Tool {
    Tool {
        name,
        package,
        minimum,
        version_argument: "--version",
        broken: &[],
    }
}

impl Tool {
    /// The package that has it, and its oldest version that will do.
    pub(crate) fn needed(&self) -> String {
        format!("{} {}", self.package, self.minimum)
    }
}

/// A command line of a tool: what is run, as it is shown by `--dry-run`.
#[derive(Clone, Debug)]
pub(crate) struct Command {
    tool: &'static Tool,
    arguments: Vec<OsString>,
    variables: Vec<(&'static str, OsString)>,
    directory: Option<PathBuf>,
    writes: Option<PathBuf>,
}

impl Command {
    /// A tool without arguments yet.
    pub(crate) fn new(tool: &'static Tool) -> Self {
        Self {
            tool,
            arguments: Vec::new(),
            variables: Vec::new(),
            directory: None,
            writes: None,
        }
    }

    /// Sets the file that it writes, so that a full disk is reported as such: mkfs.erofs 1.8.6 reports
    /// a wrong checksum then, or waits for its own threads for ever.
    pub(crate) fn writing(mut self, file: &Path) -> Self {
        self.writes = file.parent().map(Path::to_owned);
        self
    }

    /// Runs it in this directory.
    pub(crate) fn current_dir(mut self, directory: &Path) -> Self {
        self.directory = Some(directory.to_owned());
        self
    }

    /// Adds an argument.
    pub(crate) fn arg(mut self, argument: impl AsRef<OsStr>) -> Self {
        self.arguments.push(argument.as_ref().to_owned());
        self
    }

    /// Adds `NAME=VALUE` as one argument.
    pub(crate) fn option(self, name: &str, value: impl AsRef<OsStr>) -> Self {
        let mut argument = OsString::from(name);
        argument.push("=");
        argument.push(value);
        self.arg(argument)
    }

    /// Sets an environment variable.
    pub(crate) fn env(mut self, name: &'static str, value: impl AsRef<OsStr>) -> Self {
        self.variables.push((name, value.as_ref().to_owned()));
        self
    }

    /// The tool.
    pub(crate) fn tool(&self) -> &'static Tool {
        self.tool
    }

    /// Runs it to its end and gives back what it wrote to standard output. `action` is for the error
    /// message.
    pub(crate) fn run(&self, action: &'static str) -> Result<Vec<u8>, Error> {
        self.run_fed(action, |_| Ok(())).map(|(output, ())| output)
    }

    /// The same, while `write` writes its standard input. If the tool fails, that is the error, and
    /// not that its input ended early.
    pub(crate) fn run_fed<T>(
        &self,
        action: &'static str,
        write: impl FnOnce(&mut ChildStdin) -> Result<T, Error>,
    ) -> Result<(Vec<u8>, T), Error> {
        let start = |source| Error::Start {
            action,
            tool: self.tool.name,
            source,
        };
        let mut child = self
            .process()
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(start)?;
        let stdin = child.stdin.take();
        let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
        let (fed, output, errors) = thread::scope(|scope| {
            let directory = self.writes.as_deref();
            let ended = directory.map(|directory| watch(scope, directory, &child));
            let output = scope.spawn(|| read_all(stdout));
            let errors = scope.spawn(|| read_all(stderr));
            let fed = stdin.map(|mut stdin| write(&mut stdin));
            let read = (
                output.join().unwrap_or_default(),
                errors.join().unwrap_or_default(),
            );
            // Its streams are closed: it has ended, or is about to.
            drop(ended);
            (fed, read.0, read.1)
        });
        let status = child.wait().map_err(start)?;
        if !status.success() {
            // What was fed may be the reason: an input that cannot be read ends the stream early.
            if let Some(Err(error)) = fed
                && !matches!(&error, Error::Io { source, .. } if source.kind() == io::ErrorKind::BrokenPipe)
            {
                return Err(error);
            }
            if let Some(directory) = self.writes.as_deref().filter(|path| is_full(path)) {
                return Err(Error::DiskFull {
                    action,
                    directory: directory.to_owned(),
                    tool: self.tool.name,
                    stderr: last_lines(&errors, &output),
                });
            }
            return Err(Error::Tool {
                action,
                command: self.to_string(),
                status: status.to_string(),
                stderr: last_lines(&errors, &output) + &self.little_space(),
            });
        }
        match fed {
            Some(fed) => Ok((output, fed?)),
            None => Err(start(io::Error::other("it has no standard input"))),
        }
    }

    /// A remark if there is so little room where it writes that this may be why it failed: some tools
    /// take away what they could not write, and give no reason.
    fn little_space(&self) -> String {
        const LITTLE: u64 = 64 << 20;
        match self.writes.as_deref().map(|path| (path, free_space(path))) {
            Some((path, Some(free))) if free < LITTLE => {
                let (path, free) = (path.display(), free >> 10);
                format!("; only {free} KiB are left where {path} is")
            }
            _ => String::new(),
        }
    }

    /// The process: what would make the image depend on the machine is kept from it.
    fn process(&self) -> process::Command {
        let mut process = launch::command(self.tool.name);
        process
            .args(&self.arguments)
            .env("LC_ALL", "C.UTF-8")
            .env("TZ", "UTC")
            .env("SYSTEMD_LOG_TARGET", "console")
            .env("SYSTEMD_LOG_COLOR", "0")
            .env("SYSTEMD_COLORS", "0");
        for name in [
            // mkfs.erofs takes it over its own -T.
            "SOURCE_DATE_EPOCH",
            "CREDENTIALS_DIRECTORY",
            "SYSTEMD_UNIT_PATH",
            "SYSTEMD_LOG_LEVEL",
            "MTOOLSRC",
        ] {
            process.env_remove(name);
        }
        if let Some(directory) = &self.directory {
            process.current_dir(directory);
        }
        process.envs(self.variables.iter().map(|(name, value)| (name, value)));
        process
    }
}

/// Runs commands one after the other.
pub(crate) fn run_commands(action: &'static str, commands: &[Command]) -> Result<(), Error> {
    commands
        .iter()
        .try_for_each(|command| command.run(action).map(|_| ()))
}

/// The same on a thread of their own; [`join`] waits for its end.
pub(crate) fn run_beside<'scope>(
    scope: &'scope Scope<'scope, '_>,
    action: &'static str,
    commands: Vec<Command>,
) -> ScopedJoinHandle<'scope, Result<(), Error>> {
    scope.spawn(move || run_commands(action, &commands))
}

/// What a thread gave; its panic goes on here.
pub(crate) fn join<T>(thread: ScopedJoinHandle<'_, T>) -> T {
    thread.join().unwrap_or_else(|panic| resume_unwind(panic))
}

/// Ends a process when there is no room left for what it writes, because it may never end itself. It
/// looks until what it gives back is dropped.
fn watch<'scope>(
    scope: &'scope Scope<'scope, '_>,
    directory: &'scope Path,
    child: &process::Child,
) -> mpsc::Sender<()> {
    /// The disk has to be full twice in a row.
    const INTERVAL: Duration = Duration::from_millis(500);
    let process = Pid::from_raw(child.id().cast_signed());
    let (ended, end) = mpsc::channel();
    scope.spawn(move || {
        let mut full = 0;
        while end.recv_timeout(INTERVAL) == Err(mpsc::RecvTimeoutError::Timeout) {
            full = if is_full(directory) { full + 1 } else { 0 };
            if let Some(process) = process.filter(|_| full >= 2) {
                // It may have ended in the meantime.
                let _ = kill_process(process, Signal::KILL);
                return;
            }
        }
    });
    ended
}

/// Whether a file system has no room left for this user.
pub(crate) fn is_full(directory: &Path) -> bool {
    /// Less is of no use to any tool.
    const LEAST: u64 = 64 * 1024;
    free_space(directory).is_some_and(|free| free < LEAST)
}

/// The bytes that this user can still write; `None` if the file system has no notion of it.
fn free_space(directory: &Path) -> Option<u64> {
    let space = statvfs(directory).ok().filter(|space| space.f_blocks > 0)?;
    let blocks = if geteuid().is_root() {
        space.f_bfree
    } else {
        space.f_bavail
    };
    Some(blocks.saturating_mul(space.f_frsize))
}

/// As a shell would take it.
impl fmt::Display for Command {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(directory) = &self.directory {
            write!(formatter, "cd {} && ", quoted(directory.as_os_str()))?;
        }
        for (name, value) in &self.variables {
            write!(formatter, "{name}={} ", quoted(value))?;
        }
        formatter.write_str(self.tool.name)?;
        self.arguments
            .iter()
            .try_for_each(|argument| write!(formatter, " {}", quoted(argument)))
    }
}

fn quoted(word: &OsStr) -> String {
    if !is_shown_as_it_is(word.as_bytes()) {
        return with_escapes(word.as_bytes());
    }
    let text = word.to_string_lossy();
    let plain = |char: char| char.is_alphanumeric() || "-_=+/.,:@%…".contains(char);
    if !text.is_empty() && text.chars().all(plain) {
        return text.into_owned();
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// Whether a terminal shows just these bytes.
fn is_shown_as_it_is(bytes: &[u8]) -> bool {
    escape_for_terminal(bytes).as_bytes() == bytes
}

/// A word in the quotes of bash(1) and POSIX.1-2024 that know escapes: `$'…'`.
fn with_escapes(word: &[u8]) -> String {
    let mut text = String::from("$'");
    for chunk in word.utf8_chunks() {
        for character in chunk.valid().chars() {
            let mut buffer = [0; 4];
            let bytes = character.encode_utf8(&mut buffer).as_bytes();
            match character {
                '\\' | '\'' => text.extend(['\\', character]),
                _ if is_shown_as_it_is(bytes) => text.push(character),
                _ => bytes.iter().for_each(|byte| push_escape(&mut text, *byte)),
            }
        }
        let invalid = chunk.invalid().iter();
        invalid.for_each(|byte| push_escape(&mut text, *byte));
    }
    text.push('\'');
    text
}

/// Three octal digits: of hexadecimal ones, shells other than bash take as many as there are.
fn push_escape(text: &mut String, byte: u8) {
    // Writing to a string does not fail.
    let _ = write!(text, "\\{byte:03o}");
}

fn read_all(stream: Option<impl Read>) -> Vec<u8> {
    let mut bytes = Vec::new();
    // What cannot be read is missing in a message, no more.
    let _ = stream.map(|mut stream| stream.read_to_end(&mut bytes));
    bytes
}

/// The last lines that a tool wrote, on one line.
fn last_lines(stderr: &[u8], stdout: &[u8]) -> String {
    let text = String::from_utf8_lossy(if stderr.trim_ascii().is_empty() {
        stdout
    } else {
        stderr
    });
    let lines: Vec<&str> = text
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .collect();
    let last = &lines[lines.len().saturating_sub(5)..];
    if last.is_empty() {
        return "it gave no reason".to_owned();
    }
    last.join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;

    static SH: Tool = tool("sh", "dash", "99");

    #[test]
    fn a_tool_that_fails_is_told_with_its_reason() {
        let script = "cat >/dev/null; echo 'No space left' >&2; exit 3";
        let error = Command::new(&SH).arg("-c").arg(script).run("making x");
        assert_eq!(
            error.unwrap_err().to_string(),
            "making x: sh -c 'cat >/dev/null; echo '\\''No space left'\\'' >&2; exit 3' ended with \
             exit status: 3: No space left"
        );
    }

    #[test]
    fn a_tool_that_stops_reading_is_the_error_and_not_the_pipe() {
        use std::io::Write;
        let command = Command::new(&SH).arg("-c").arg("echo full >&2; exit 1");
        let error = command.run_fed("making x", |stdin| {
            let block = vec![0; 1 << 20];
            let write = (0..64).try_for_each(|_| stdin.write_all(&block));
            write.map_err(crate::error::io_error("writing", "stream".as_ref()))
        });
        let error = error.unwrap_err().to_string();
        assert!(
            error.ends_with("ended with exit status: 1: full"),
            "{error}"
        );
    }

    #[test]
    fn an_unreadable_input_is_the_error_and_not_the_tool() {
        let command = Command::new(&SH).arg("-c").arg("cat >/dev/null; exit 1");
        let error = command.run_fed("making x", |_| {
            let reason = io::Error::from(io::ErrorKind::PermissionDenied);
            Err::<(), _>(crate::error::io_error("reading", "/nix/store/x".as_ref())(
                reason,
            ))
        });
        assert_eq!(error.unwrap_err().to_string(), "reading /nix/store/x");
    }

    #[test]
    fn a_dry_run_shows_what_a_shell_would_take() {
        let command = Command::new(&SH)
            .env("TZ", "a b")
            .option("--root", "/x")
            .arg("it's");
        assert_eq!(command.to_string(), r"TZ='a b' sh --root=/x 'it'\''s'");
    }

    #[test]
    fn nothing_that_a_terminal_obeys_is_shown() {
        let word = |bytes: &[u8]| quoted(OsStr::from_bytes(bytes));
        assert_eq!(word("ä\t".as_bytes()), "'ä\t'");
        assert_eq!(word(b"\x1b[2J'\\"), r"$'\033[2J\'\\'");
        assert_eq!(word("a\u{9b}b".as_bytes()), r"$'a\302\233b'");
        assert_eq!(word("\u{202e}1".as_bytes()), r"$'\342\200\2561'");
        assert_eq!(word(b"\xff\n"), r"$'\377\012'");
    }

    #[test]
    fn a_shell_reads_escapes_as_the_bytes_they_are_for() {
        let bytes = b"\x1b[2J'\\ \xff0\xe2\x80\xae\xc2\x9b7\n".as_slice();
        let script = format!("printf %s {}", quoted(OsStr::from_bytes(bytes)));
        let output = process::Command::new("bash").args(["-c", &script]).output();
        assert_eq!(output.unwrap().stdout, bytes);
    }
}
