//! What is removed when the process is asked to end.

use std::fs;
use std::io;
use std::path::Path;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::{Handle, Signals};
use signal_hook::low_level::emulate_default_handler;

use crate::error::{Error, io_error};

/// Removes a directory, which may hold secrets, when SIGINT or SIGTERM ends the process. Until it is
/// dropped.
#[derive(Debug)]
pub(crate) struct RemovedOnSignal {
    handle: Handle,
    thread: Option<JoinHandle<()>>,
}

impl RemovedOnSignal {
    /// Begins to wait for the signals. One at a time: another would not wait for this removal.
    pub(crate) fn new(directory: &Path) -> Result<Self, Error> {
        let waiting = || io_error("waiting for signals that end the work in", directory);
        let mut signals = Signals::new([SIGINT, SIGTERM]).map_err(waiting())?;
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
