//! Starts a tool through this program itself: it sets the death signal and the umask of its own process, which a
//! parent cannot do without unsafe code, and then executes the tool.

use std::env;
use std::ffi::{OsStr, OsString};
use std::io::{self, Write};
use std::os::unix::process::CommandExt;
use std::process::{Command, ExitCode};
use std::sync::OnceLock;

use rustix::fs::Mode;
use rustix::process::{Pid, Signal, getpid, getppid, set_parent_process_death_signal, umask};

/// The argument that makes this program become a tool; the parent's number, the tool and its arguments
/// follow.
const ARGUMENT: &str = "--become-tool";
/// The umask of tools: `mkfs.erofs -Efragments` writes it into the image.
const UMASK: u32 = 0o022;
/// The exit status when a tool cannot be started: that of a shell.
const CANNOT_START: u8 = 127;

/// Set if this process runs the program, and not what else links to this library.
static IS_PROGRAM: OnceLock<()> = OnceLock::new();

/// Becomes a tool if the arguments say so; the exit status if that fails. Otherwise this process is the
/// program, and starts tools through itself.
#[must_use]
pub fn become_tool_if_asked() -> Option<ExitCode> {
    let mut arguments = env::args_os().skip(1);
    if arguments.next().is_some_and(|first| first == ARGUMENT) {
        let error = become_tool(arguments);
        // Nobody else is there to report it; if that fails, the status says it.
        let _ = writeln!(io::stderr(), "{error}");
        return Some(ExitCode::from(CANNOT_START));
    }
    // Nothing has set it before.
    let _ = IS_PROGRAM.set(());
    None
}

/// A process for a tool. It ends with the thread that starts it, whatever ends that, so that none goes on
/// after its parent (`PR_SET_PDEATHSIG` of prctl(2)).
pub(crate) fn command(tool: &str) -> Command {
    if IS_PROGRAM.get().is_none() {
        return Command::new(tool);
    }
    let mut command = Command::new("/proc/self/exe");
    command.arg(ARGUMENT).arg(getpid().to_string()).arg(tool);
    command
}

/// Becomes the tool; the error if that fails.
fn become_tool(mut arguments: impl Iterator<Item = OsString>) -> io::Error {
    let parent = arguments.next().and_then(|number| parse(&number));
    let tool = arguments.next().unwrap_or_default();
    if let Err(error) = set_parent_process_death_signal(Some(Signal::KILL)) {
        return error.into();
    }
    // A parent that ended before that sends no signal.
    if parent.is_none() || getppid() != parent {
        return io::Error::other("the process that started it has ended");
    }
    umask(Mode::from_raw_mode(UMASK));
    let error = Command::new(&tool).args(arguments).exec();
    io::Error::new(error.kind(), format!("{}: {error}", tool.display()))
}

fn parse(number: &OsStr) -> Option<Pid> {
    Pid::from_raw(number.to_str()?.parse().ok()?)
}
