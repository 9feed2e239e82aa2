//! More and more of something: memory grows with the input, and not with its square.

mod support;

use support::Store;
use tool_tests::growth::{self, Row, lines};

const ROWS: &[Row] = &[
    Row {
        name: "commands on one line of a unit",
        count: 4000,
        lay_out: |store, count| {
            let command = |number| format!(" ; /usr/bin/a{number}");
            let text = lines(count, "[Service]\nExecStart=/usr/bin/own", command);
            store.write("lib/systemd/system/x.service", &text);
        },
    },
    Row {
        name: "programs that run programs",
        count: 4000,
        lay_out: |store, count| {
            let nested = lines(count, "[Service]\nExecStart=/usr/bin/env", |_| {
                " nice".into()
            });
            let run = |_| r" -exec own \;".into();
            let run = lines(count, "\nExecStart=/usr/bin/find", run);
            let text = [&nested[..], &run[..]].concat();
            store.write("lib/systemd/system/x.service", &text);
        },
    },
    Row {
        name: "lines of a unit",
        count: 1000,
        lay_out: |store, count| {
            let line = |number| format!("ExecStart=/usr/bin/a{number}\nExecStart=/usr/bin/own\n");
            store.write(
                "lib/systemd/system/x.service",
                &lines(count, "[Service]\n", line),
            );
        },
    },
    Row {
        name: "programs and directories of the search paths of a unit",
        count: 500,
        lay_out: |store, count| {
            let mut text = lines(count, "[Service]\n", |number| {
                format!("ExecStart=p{number}\n")
            });
            let path = lines(count, "Environment=PATH=/usr/bin", |number| {
                format!(":/x{number}")
            });
            text.extend([&path[..], b"\n", &b"Environment=PATH=/bin\n".repeat(count)].concat());
            text.extend(lines(count, "ExecSearchPath=/y", |number| {
                format!(":/y{number}")
            }));
            store.write("lib/systemd/system/x.service", &text);
        },
    },
    Row {
        name: "drop-ins of a unit",
        count: 250,
        lay_out: |store, count| {
            store.write(
                "lib/systemd/system/x.service",
                b"[Service]\nExecStart=/usr/bin/own\n",
            );
            for number in 0..count {
                let path = format!("lib/systemd/system/x.service.d/{number}.conf");
                store.write(
                    path,
                    b"[Service]\nExecStartPost=/usr/bin/own\nExecStartPost=/usr/bin/a\n",
                );
            }
        },
    },
    Row {
        name: "units",
        count: 250,
        lay_out: |store, count| {
            for number in 0..count {
                let text = format!(
                    "[Unit]\nAfter=x{}.service\n[Service]\nExecStart=/usr/bin/own\n",
                    number + 1
                );
                store.write(
                    format!("lib/systemd/system/x{number}.service"),
                    text.as_bytes(),
                );
            }
        },
    },
    Row {
        name: "lines of udev rules",
        count: 1000,
        lay_out: |store, count| {
            let line = |number| format!("RUN+=\"/usr/bin/a{number}\", RUN+=\"/usr/bin/own\"\n");
            store.write("lib/udev/rules.d/x.rules", &lines(count, "", line));
        },
    },
    Row {
        name: "lines of tmpfiles.d",
        count: 1000,
        lay_out: |store, count| {
            let line = |number| format!("C /etc/x{number} - - - - /usr/share/x{number}\n");
            store.write("lib/tmpfiles.d/x.conf", &lines(count, "", line));
        },
    },
];

#[test]
fn memory_grows_with_the_input() {
    growth::check(ROWS, Store::new, Store::command, Some("--dry-run"));
}
