//! Growth: the same thing in a package `n`, `2n` and `4n` times. What a tool holds for it has to fit into a
//! limited memory, in which the square of the input would not have room, and grows with its number. The time
//! depends on the machine: it is printed, not judged.

use std::ops::Deref;
use std::process::Command;
use std::time::Duration;

use scanner_tests::amount;

use crate::run::{in_shell, measured};
use crate::store::Store;

/// Something that a package can have any number of.
pub struct Row {
    /// What it is.
    pub name: &'static str,
    /// How many there are, the first time.
    pub count: usize,
    /// Adds so many to the output `out`.
    pub lay_out: fn(&Store, usize),
}

/// How much address space a run may take, in KiB.
const MEMORY: u32 = 1 << 20;

/// How much more memory than by the number a run may take, in KiB: the lint's allocator takes 32 MiB at once.
const SLACK: u64 = 40 << 10;

/// Tried with the largest package.
const OTHER_FORMATS: [&str; 2] = ["json", "sarif"];

/// Every row fits into memory, in every format. `look` is an option of the tool, if it has one, by which it
/// changes nothing.
pub fn check<S: Deref<Target = Store>>(
    rows: &[Row],
    make: fn() -> S,
    command: fn(&S) -> Command,
    look: Option<&str>,
) {
    for row in rows {
        let mut times = Vec::new();
        let mut peaks = Vec::new();
        let mut tool = String::new();
        for factor in [1, 2, 4] {
            let count = factor * row.count;
            let store = make();
            (row.lay_out)(&store, count);
            for format in OTHER_FORMATS.iter().filter(|_| factor == 4) {
                run(command(&store).args(look), format, count, row.name);
            }
            let mut human = command(&store);
            let (time, peak) = run(human.args(look), "human", count, row.name);
            times.push(time.as_secs_f64());
            peaks.push(peak);
            tool = store.name();
        }
        let [first, second, third] = [peaks[0], peaks[1], peaks[2]];
        // As much again for each further one, and what is had in pieces of a size of its own.
        let linear = 3 * second.saturating_sub(first) + SLACK;
        assert!(
            third.saturating_sub(second) <= linear,
            "{}: {first}, {second} and {third} KiB",
            row.name
        );
        let result = format!(
            "time {:.0} ms ×{:.1} ×{:.1}; memory {first} KiB, {second}, {third}",
            times[0] * 1000.0,
            times[1] / times[0],
            times[2] / times[1]
        );
        let amount = format!("{}, ×2, ×4", row.count);
        amount::report(format!("growth, {tool}: {}", row.name), amount, result);
    }
}

/// A text of `before` and so many lines, each made of its number.
#[must_use]
pub fn lines(count: usize, before: &str, line: fn(usize) -> String) -> Vec<u8> {
    let mut text = before.to_owned();
    text.extend((0..count).map(line));
    text.into_bytes()
}

#[track_caller]
fn run(command: &mut Command, format: &str, count: usize, name: &str) -> (Duration, u64) {
    command.arg(format!("--format={format}"));
    let mut limited = in_shell(command, &format!("ulimit -v {MEMORY}"));
    let (output, time, peak) = measured(&mut limited);
    let stderr = String::from_utf8_lossy(&output.stderr);
    let end: String = stderr.chars().rev().take(500).collect();
    let end: String = end.chars().rev().collect();
    assert!(
        matches!(output.status.code(), Some(0 | 1)),
        "{count} {name}, {format}: {:?}, …{end}",
        output.status
    );
    (time, peak)
}
