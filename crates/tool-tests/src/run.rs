//! Runs of a tool, and how they end.

use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

/// The user that nothing belongs to.
pub const NOBODY: u32 = 65534;

/// Whether the tests run as root, who may do everything.
pub fn is_root() -> bool {
    let own = tempfile::tempfile().and_then(|file| file.metadata());
    own.expect("a temporary file").uid() == 0
}

/// Lets the command run as somebody who may not do everything.
pub fn without_privileges(command: &mut Command) -> &mut Command {
    if is_root() {
        command.uid(NOBODY).gid(NOBODY)
    } else {
        command
    }
}

/// What the command prints and how it ends; it has to end soon.
#[track_caller]
pub fn finish(command: &mut Command) -> Output {
    wait(spawn(command), Duration::from_secs(60), &mut 0)
}

/// The same, how long it took, and the most memory that it had, in KiB: but for its last milliseconds.
#[track_caller]
pub fn measured(command: &mut Command) -> (Output, Duration, u64) {
    let start = Instant::now();
    let mut peak = 0;
    let output = wait(spawn(command), Duration::from_secs(60), &mut peak);
    (output, start.elapsed(), peak)
}

fn spawn(command: &mut Command) -> Child {
    let command = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command.spawn().expect("the tool starts")
}

/// The most memory that a process has had, in KiB: `proc_pid_status(5)`.
fn peak_of(process: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let number = peak.and_then(|peak| peak.split_whitespace().next()?.parse().ok());
    number.unwrap_or(0)
}

#[track_caller]
fn wait(mut child: Child, limit: Duration, peak: &mut u64) -> Output {
    fn read(stream: Option<impl Read + Send + 'static>) -> std::thread::JoinHandle<Vec<u8>> {
        let mut stream = stream.expect("a pipe");
        std::thread::spawn(move || {
            let mut bytes = Vec::new();
            stream.read_to_end(&mut bytes).expect("the tool's output");
            bytes
        })
    }
    let stdout = read(child.stdout.take());
    let stderr = read(child.stderr.take());
    let start = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait().expect("the tool's status") {
            break status;
        }
        *peak = peak_of(child.id()).max(*peak);
        if start.elapsed() > limit {
            child.kill().expect("the tool ends");
            panic!("the tool did not end within {limit:?}");
        }
        std::thread::sleep(Duration::from_millis(2));
    };
    Output {
        status,
        stdout: stdout.join().expect("the tool's output"),
        stderr: stderr.join().expect("the tool's errors"),
    }
}

/// The command, in a shell that first says `setup`: `ulimit`, `trap`.
pub fn in_shell(command: &Command, setup: &str) -> Command {
    let mut shell = Command::new("/bin/sh");
    shell
        .args(["-c", &format!("{setup}; exec \"$0\" \"$@\"")])
        .arg(command.get_program())
        .args(command.get_args())
        .current_dir(command.get_current_dir().expect("a working directory"));
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => shell.env(name, value),
            None => shell.env_remove(name),
        };
    }
    shell
}

/// `tool` could not do its work: exit status 2, and one line that says all of `parts`.
#[track_caller]
pub fn assert_fails(tool: &str, output: &Output, parts: &[&str]) {
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{stderr}");
    assert_eq!(stderr.lines().count(), 1, "one line: {stderr}");
    assert!(stderr.starts_with(&format!("{tool}: error: ")), "{stderr}");
    for part in parts {
        assert!(stderr.contains(part), "no {part:?} in: {stderr}");
    }
}

/// The tool did its work, and found nothing that is an error.
#[track_caller]
pub fn assert_succeeds(output: &Output) -> String {
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(0), "{stderr}");
    stderr
}
