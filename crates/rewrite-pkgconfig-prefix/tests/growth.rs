//! More and more of something: memory grows with the input, and not with its square.

mod support;

use support::Store;
use tool_tests::growth::{self, Row, lines};

const ROWS: &[Row] = &[
    Row {
        name: "variables",
        count: 2000,
        lay_out: |store, count| {
            let line = |number| format!("v{number}=/usr/lib/x{number}\n");
            store.write("lib/pkgconfig/x.pc", &lines(count, "prefix=/usr\n", line));
        },
    },
    Row {
        name: "variables, each made of the last",
        count: 4000,
        lay_out: |store, count| {
            let line = |number| format!("v{}=${{v{number}}}/x\n", number + 1);
            store.write("lib/pkgconfig/x.pc", &lines(count, "v0=/usr\n", line));
        },
    },
    Row {
        name: "flags that name one long path, on several lines",
        count: 2000,
        lay_out: |store, count| {
            let before = format!("v=/usr/{}\n", "a/".repeat(30_000));
            let line = |_| "Cflags: -I${v}\n".to_owned();
            store.write("lib/pkgconfig/x.pc", &lines(count, &before, line));
        },
    },
    Row {
        name: "flags on one line",
        count: 700,
        lay_out: |store, count| {
            let flag = |number| format!(" -I/usr/include/{number}");
            store.write(
                "lib/pkgconfig/x.pc",
                &lines(count, "prefix=/usr\nCflags:", flag),
            );
        },
    },
];

#[test]
fn memory_grows_with_the_input() {
    growth::check(ROWS, Store::new, Store::provide, Some("--dry-run"));
}
