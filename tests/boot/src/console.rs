//! A serial console, driven by what it says.
//!
//! A thread collects what arrives; who waits is woken by it. Nothing sleeps, and every wait has an
//! end: when the text has come, when the machine is gone, or when its time is over.

use std::io::{self, Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use regex::bytes::RegexSet;
use tests_packages::{Error, Result};

/// Lines of the console that a failure shows.
const SHOWN: usize = 120;

/// The host's end of a serial line.
#[derive(Debug)]
pub struct Console {
    stream: UnixStream,
    said: Arc<Said>,
    /// What has been waited for ends here.
    read: usize,
}

/// All that has arrived.
#[derive(Debug, Default)]
struct Said {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    bytes: Vec<u8>,
    ended: bool,
}

impl Said {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn collect(&self, mut stream: UnixStream) {
        let mut buffer = [0; 4096];
        loop {
            let length = match stream.read(&mut buffer) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Ok(length) => length,
                Err(_) => 0,
            };
            let mut state = self.lock();
            state.bytes.extend_from_slice(&buffer[..length]);
            state.ended = length == 0;
            self.changed.notify_all();
            if state.ended {
                return;
            }
        }
    }
}

/// What came first of what was waited for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Its number among the patterns.
    pub which: usize,
    /// The text before it, and since what was waited for last.
    pub before: String,
}

impl Console {
    /// Begins to collect what a machine says.
    pub fn new(stream: UnixStream) -> io::Result<Self> {
        let said = Arc::new(Said::default());
        let (collector, source) = (Arc::clone(&said), stream.try_clone()?);
        std::thread::Builder::new()
            .name("console".into())
            .spawn(move || collector.collect(source))?;
        Ok(Self {
            stream,
            said,
            read: 0,
        })
    }

    /// Waits for the first of several patterns; where two match, the earlier place counts.
    pub fn expect_any(&mut self, patterns: &[&str], within: Duration) -> Result<Found> {
        let doing = || format!("see {} on the console", patterns.join(" or "));
        let set = RegexSet::new(patterns).map_err(|error| Error::new(doing(), error))?;
        let single: Vec<regex::bytes::Regex> = set
            .patterns()
            .iter()
            .map(|pattern| regex::bytes::Regex::new(pattern))
            .collect::<std::result::Result<_, _>>()
            .map_err(|error| Error::new(doing(), error))?;
        let deadline = Instant::now() + within;
        let mut state = self.said.lock();
        loop {
            let new = &state.bytes[self.read..];
            let first = set
                .matches(new)
                .iter()
                .filter_map(|which| Some((single[which].find(new)?, which)))
                .min_by_key(|(found, _)| found.start());
            if let Some((found, which)) = first {
                let before = readable(&new[..found.start()]);
                self.read += found.end();
                return Ok(Found { which, before });
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if state.ended || left.is_zero() {
                let why = if state.ended {
                    "the machine has ended".to_owned()
                } else {
                    format!("it did not come within {} s", within.as_secs())
                };
                let shown = last_lines(&readable(&state.bytes), SHOWN);
                return Err(Error::new(
                    doing(),
                    format!("{why}; the console's last lines:\n{shown}"),
                ));
            }
            state = self
                .said
                .changed
                .wait_timeout(state, left)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
    }

    /// Waits for a pattern; the text before it.
    pub fn expect(&mut self, pattern: &str, within: Duration) -> Result<String> {
        Ok(self.expect_any(&[pattern], within)?.before)
    }

    /// Waits until the machine has ended.
    pub fn expect_end(&mut self, within: Duration) -> Result<()> {
        let deadline = Instant::now() + within;
        let mut state = self.said.lock();
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            if state.ended {
                return Ok(());
            }
            if left.is_zero() {
                let shown = last_lines(&readable(&state.bytes), SHOWN);
                return Err(Error::new(
                    "see the machine end",
                    format!(
                        "it still runs after {} s; the console's last lines:\n{shown}",
                        within.as_secs()
                    ),
                ));
            }
            state = self
                .said
                .changed
                .wait_timeout(state, left)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
    }

    /// Types a line and the return key.
    pub fn send_line(&mut self, line: &str) -> Result<()> {
        self.stream
            .write_all(format!("{line}\r").as_bytes())
            .map_err(|error| {
                let shown = last_lines(&self.text(), SHOWN);
                Error::new(
                    format!("type {line:?} on the console"),
                    format!("{error}; the console's last lines:\n{shown}"),
                )
            })
    }

    /// All that the machine has said, without control sequences.
    #[must_use]
    pub fn text(&self) -> String {
        readable(&self.said.lock().bytes)
    }

    /// The last lines of it, as failures show them.
    #[must_use]
    pub fn last_lines(&self) -> String {
        last_lines(&self.text(), SHOWN)
    }
}

/// Text without a terminal's control sequences and carriage returns.
fn readable(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let mut plain = String::with_capacity(text.len());
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '\x1b' => match characters.next() {
                // A control sequence: parameters, then a letter (ECMA-48, 5.4).
                Some('[') => {
                    while characters
                        .next()
                        .is_some_and(|end| !('@'..='~').contains(&end))
                    {}
                }
                // An operating system command ends with a bell or an escape and a backslash.
                Some(']' | 'P') => {
                    while let Some(end) = characters.next() {
                        if end == '\x07' || end == '\x1b' && characters.next().is_some() {
                            break;
                        }
                    }
                }
                _ => {}
            },
            '\r' | '\0' | '\x07' => {}
            other => plain.push(other),
        }
    }
    plain
}

fn last_lines(text: &str, count: usize) -> String {
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(count)..].join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOON: Duration = Duration::from_secs(20);

    #[test]
    fn what_comes_first_is_found_and_the_rest_is_kept() {
        let (ours, mut theirs) = UnixStream::pair().expect("sockets");
        let mut console = Console::new(ours).expect("a console");
        theirs
            .write_all(b"one\r\ntwo \x1b[1mthree\x1b[0m\n")
            .expect("written");
        let found = console.expect_any(&["three", "two"], SOON).expect("two");
        assert_eq!((found.which, found.before.as_str()), (1, "one\n"));
        assert_eq!(console.expect("three", SOON).expect("three"), " ");
        console.send_line("four").expect("sent");
        let mut line = [0; 5];
        theirs.read_exact(&mut line).expect("read");
        assert_eq!(&line, b"four\r");
        assert_eq!(console.text(), "one\ntwo three\n");
    }

    #[test]
    fn a_machine_that_ends_is_a_failure_with_what_it_said() {
        let (ours, mut theirs) = UnixStream::pair().expect("sockets");
        let mut console = Console::new(ours).expect("a console");
        theirs.write_all(b"Kernel panic\n").expect("written");
        drop(theirs);
        let error = console
            .expect("login:", SOON)
            .expect_err("it never comes")
            .to_string();
        assert!(error.contains("the machine has ended"), "{error}");
        assert!(
            error.contains("Kernel panic") && error.contains("login:"),
            "{error}"
        );
        console.expect_end(SOON).expect("it has ended");
    }

    #[test]
    fn what_does_not_come_in_time_is_a_failure() {
        let (ours, _theirs) = UnixStream::pair().expect("sockets");
        let mut console = Console::new(ours).expect("a console");
        let error = console
            .expect("x", Duration::ZERO)
            .expect_err("nothing comes");
        assert!(error.to_string().contains("within 0 s"), "{error}");
        let error = console.expect_end(Duration::ZERO).expect_err("it runs");
        assert!(error.to_string().contains("still runs"), "{error}");
    }
}
