//! What is removed when the process is asked to end.

use std::fs;
use std::io;
use std::path::Path;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM};
use signal_hook::iterator::{Handle, Signals};
use signal_hook::low_level::emulate_default_handler;

use crate::error::{Error, io_error};

/// The signals by which a user, a terminal or a service manager ends a process.
const SIGNALS: [i32; 4] = [SIGHUP, SIGINT, SIGQUIT, SIGTERM];

/// Removes a directory, which may hold secrets, when one of [`SIGNALS`] ends the process. Until it is
/// dropped. What the process was started to ignore, as nohup(1) has it, goes on being ignored.
#[derive(Debug)]
pub(crate) struct RemovedOnSignal {
    handle: Handle,
    thread: Option<JoinHandle<()>>,
}

impl RemovedOnSignal {
    /// Begins to wait for the signals. One at a time: another would not wait for this removal.
    pub(crate) fn new(directory: &Path) -> Result<Self, Error> {
        let waiting = || io_error("waiting for signals that end the work in", directory);
        let mut signals = Signals::new(ending()).map_err(waiting())?;
        let handle = signals.handle();
        let removed = directory.to_owned();
        let thread = thread::Builder::new().spawn(move || {
            if let Some(signal) = signals.forever().next() {
                remove(&removed);
                // It does not return, for these signals.
                let _ = emulate_default_handler(signal);
            }
        });
        let thread = Some(thread.map_err(waiting())?);
        Ok(Self { handle, thread })
    }
}

impl Drop for RemovedOnSignal {
    fn drop(&mut self) {
        self.handle.close();
        // A removal that has begun ends the process, and not what has failed because of it.
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

/// The signals that end the process as it is: without those that it ignores.
fn ending() -> Vec<i32> {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = ignored_in(&status);
    let mut signals = SIGNALS.to_vec();
    signals.retain(|signal| ignored & (1 << (signal - 1)) == 0);
    signals
}

/// The signals that a process ignores, a bit each: `SigIgn` of `proc_pid_status(5)`.
fn ignored_in(status: &str) -> u64 {
    let mut lines = status.lines();
    let mask = lines.find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    mask.unwrap_or(0)
}

/// Removes a directory in which tools may still be writing: they end with this process.
fn remove(directory: &Path) {
    const ATTEMPTS: u32 = 100;
    for _ in 0..ATTEMPTS {
        match fs::remove_dir_all(directory) {
            Ok(()) => return,
            Err(error) if error.kind() == io::ErrorKind::NotFound && !directory.exists() => return,
            Err(_) => thread::sleep(Duration::from_millis(10)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_process_ignores() {
        let status = "Name:\tx\nSigBlk:\t0000000000000002\nSigIgn:\t0000000000001001\nSigCgt:\t0\n";
        let ignored = ignored_in(status);
        assert_ne!(ignored & (1 << (SIGHUP - 1)), 0);
        assert_eq!(ignored & (1 << (SIGINT - 1)), 0);
        assert_eq!(ignored_in(""), 0);
    }
}
