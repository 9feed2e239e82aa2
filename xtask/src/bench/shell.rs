//! How the time that the reader of shell takes grows with the length of a text.

use std::hint::black_box;
use std::time::Instant;

use anyhow::ensure;
use hermetic_out_formats::shell::scan;

use super::median_of;
use crate::table::table;

const SIZES: [usize; 2] = [64 << 10, 1 << 20];

/// How many bytes are read for one measurement.
const READ: usize = 16 << 20;

/// How deep a text nests before it begins anew: deeper than any shell's stack allows.
const DEPTH: usize = 4096;

/// The texts: what is repeated, and what closes it if it nests.
const TEXTS: [(&str, &str, &str); 8] = [
    ("a&&a&&…", "a&&", ""),
    ("a|a|…", "a|", ""),
    ("a /b/c 'd e' >f;…", "a /b/c 'd e' >f;", ""),
    ("$( $( …", "$( ", ")"),
    ("\"$(a \"$(a …", "\"$(a ", ")\""),
    ("${a:-${a:-…", "${a:-", "}"),
    ("(a;(a;…", "(a;", ")"),
    ("if a; then if …", "if a; then ", "\nfi"),
];

/// Prints the time for each byte of each text.
pub(super) fn run(runs: usize) -> anyhow::Result<()> {
    println!("the reader of shell, in this process:\n");
    let mut rows = Vec::new();
    for (name, open, close) in TEXTS {
        let mut row = vec![name.to_owned()];
        let mut times = Vec::new();
        for size in SIZES {
            let mut text = String::with_capacity(size);
            while text.len() < size {
                let left = size - text.len();
                let count = left.div_ceil(open.len() + close.len());
                let count = if close.is_empty() {
                    count
                } else {
                    count.min(DEPTH)
                };
                text.extend([&open.repeat(count), "a", &close.repeat(count), "\n"]);
            }
            ensure!(
                scan(text.as_bytes()).problem.is_none(),
                "{name} is not understood"
            );
            let times_read = READ / size;
            let all = || {
                let start = Instant::now();
                for _ in 0..times_read {
                    black_box(scan(black_box(text.as_bytes())));
                }
                Ok(start.elapsed())
            };
            #[expect(clippy::cast_precision_loss, reason = "it is a measurement")]
            let per_byte =
                median_of(runs, all)?.as_secs_f64() * 1e9 / (text.len() * times_read) as f64;
            row.push(format!("{per_byte:.1} ns"));
            times.push(per_byte);
        }
        row.push(format!("{:.2}", times[1] / times[0]));
        rows.push(row);
    }
    let head = ["text", "64 KiB, per byte", "1 MiB, per byte", "ratio"];
    println!("{}", table(&head, &rows));
    Ok(())
}
