//! More and more of something: memory grows with the input, and not with its square.

mod support;

use support::Store;
use tool_tests::growth::{self, Row, lines};

const ROWS: &[Row] = &[
    Row {
        name: "files in etc that a script names",
        count: 1000,
        lay_out: |store, count| {
            for number in 0..count {
                store.write(format!("etc/x/{number}"), b"x\n");
            }
            let line = |number| format!("cat /etc/x/{number}\n");
            store.program("bin/y", &lines(count, "#!/bin/sh\n", line));
        },
    },
    Row {
        name: "lines that name one file",
        count: 4000,
        lay_out: |store, count| {
            let line = |_| "cat /etc/x.conf\n".to_owned();
            store.program("bin/y", &lines(count, "#!/bin/sh\n", line));
        },
    },
    Row {
        name: "lines that read one file of variables",
        count: 4000,
        lay_out: |store, count| {
            store.write("etc/default/x", b"A=1\n");
            let line = |_| ". /etc/default/x\n".to_owned();
            store.program("bin/y", &lines(count, "#!/bin/sh\n", line));
        },
    },
    Row {
        name: "files in etc that are named where nothing can be replaced, on one line",
        count: 1000,
        lay_out: |store, count| {
            for number in 0..count {
                store.write(format!("etc/x/{number}"), b"x\n");
            }
            let word = |number| format!(" s,@A@,/etc/x/{number},;");
            store.program("bin/y", &lines(count, "#!/bin/sh\nsed '", word));
        },
    },
    Row {
        name: "scripts that read a file of variables",
        count: 500,
        lay_out: |store, count| {
            store.write("etc/default/x", b"A=1\n");
            for number in 0..count {
                store.program(format!("bin/y{number}"), b"#!/bin/sh\n. /etc/default/x\n");
            }
        },
    },
    Row {
        name: "environment files of a unit",
        count: 1000,
        lay_out: |store, count| {
            for number in 0..count {
                store.write(format!("etc/default/{number}"), b"A=1\n");
            }
            let line = |number| format!("EnvironmentFile=/etc/default/{number}\n");
            store.write(
                "lib/systemd/system/x.service",
                &lines(count, "[Service]\n", line),
            );
        },
    },
    Row {
        name: "links in etc, each to the last",
        count: 1000,
        lay_out: |store, count| {
            for (start, directory) in [("", "relative"), ("/etc/absolute/", "absolute")] {
                store.write(format!("etc/{directory}/0"), b"x\n");
                for number in 1..count {
                    store.link(
                        format!("{start}{}", number - 1),
                        format!("etc/{directory}/{number}"),
                    );
                }
            }
        },
    },
];

#[test]
fn memory_grows_with_the_input() {
    growth::check(ROWS, Store::new, Store::command, Some("--dry-run"));
}
