//! More and more of something: memory grows with the input, and not with its square.
#![allow(clippy::unwrap_used, reason = "a test that cannot do its work panics")]

use std::fmt::Write;
use std::ops::Deref;
use std::process::Command;

use scanner_tests::elf_sample::Sample;
use tool_tests::growth::{self, Row};
use tool_tests::store::Store;

fn lines(count: usize, before: &str, line: fn(usize) -> String, after: &str) -> Vec<u8> {
    let mut text = before.to_owned();
    for number in 0..count {
        text.push_str(&line(number));
    }
    text.push_str(after);
    text.into_bytes()
}

const ROWS: &[Row] = &[
    Row {
        name: "commands on one line of a unit",
        count: 4000,
        lay_out: |store, count| {
            let text = lines(
                count,
                "[Service]\nExecStart=/bin/a",
                |number| format!(" ; /usr/bin/a{number}"),
                "\n",
            );
            store.write("lib/systemd/system/x.service", &text);
        },
    },
    Row {
        name: "services on one line of nsswitch.conf",
        count: 4000,
        lay_out: |store, count| {
            let text = lines(count, "passwd:", |number| format!(" m{number}"), "\n");
            store.write("etc/nsswitch.conf", &text);
        },
    },
    Row {
        name: "lines of a unit",
        count: 1000,
        lay_out: |store, count| {
            let line =
                |number| format!("ExecStart=/usr/bin/a{number}\nExecStart=sh -c b{number}\n");
            store.write(
                "lib/systemd/system/x.service",
                &lines(count, "[Service]\n", line, ""),
            );
        },
    },
    Row {
        name: "conditions of a unit",
        count: 1000,
        lay_out: |store, count| {
            let line = |number| format!("ConditionPathExists=/usr/bin/a{number}\n");
            store.write(
                "lib/systemd/system/x.service",
                &lines(count, "[Unit]\n", line, ""),
            );
        },
    },
    Row {
        name: "directories of a unit's search path",
        count: 1000,
        lay_out: |store, count| {
            let directory = |number| format!(":/usr/x{number}");
            let before = "[Service]\nExecStart=a\nExecSearchPath=/usr/bin";
            let text = lines(count, before, directory, "\n");
            store.write("lib/systemd/system/x.service", &text);
        },
    },
    Row {
        name: "programs of a unit and directories of its search path",
        count: 1000,
        lay_out: |store, count| {
            let directories = lines(
                count,
                "ExecSearchPath=/usr/bin",
                |number| format!(":/x{number}"),
                "\n",
            );
            let programs = lines(
                count,
                "[Service]\n",
                |number| format!("ExecStart=p{number}\n"),
                "",
            );
            store.write(
                "lib/systemd/system/x.service",
                &[programs, directories].concat(),
            );
        },
    },
    Row {
        name: "units with a fault, and drop-ins for all of them",
        count: 500,
        lay_out: |store, count| {
            for number in 0..count {
                store.write(
                    format!("lib/systemd/system/x{number}.service"),
                    b"[Service]\nType=dbus\n",
                );
                store.write(
                    format!("lib/systemd/system/service.d/{number}.conf"),
                    b"[Service]\nNice=1\n",
                );
            }
        },
    },
    Row {
        name: "libraries and directories of the search paths of ELF files",
        count: 1,
        lay_out: |store, count| {
            for number in 0..count {
                store.program(format!("bin/x{number}"), &libraries_and_directories());
            }
        },
    },
    Row {
        name: "modules on one line of a .pc file",
        count: 2500,
        lay_out: |store, count| {
            let module = |number| format!(" m{number}");
            let text = lines(count, "Name: x\nRequires:", module, "\n");
            store.write("lib/pkgconfig/x.pc", &text);
        },
    },
    Row {
        name: "drop-ins of a unit",
        count: 300,
        lay_out: |store, count| {
            store.write(
                "lib/systemd/system/x.service",
                b"[Service]\nExecStart=/usr/bin/a\n",
            );
            for number in 0..count {
                let path = format!("lib/systemd/system/x.service.d/{number}.conf");
                store.write(path, b"[Service]\nExecStart=/usr/bin/b\n");
            }
        },
    },
    Row {
        name: "units with a fault",
        count: 300,
        lay_out: |store, count| {
            for number in 0..count {
                let text = format!("[Service]\nType=dbus\nBusName=org.x{number}\n");
                store.write(
                    format!("lib/systemd/system/x{number}.service"),
                    text.as_bytes(),
                );
                let text = format!("[D-BUS Service]\nName=org.y{number}\nExec=/bin/x\n");
                let path = format!("share/dbus-1/system-services/org.y{number}.service");
                store.write(path, text.as_bytes());
            }
        },
    },
    Row {
        name: "lines of udev rules",
        count: 1000,
        lay_out: |store, count| {
            let line = |number| {
                format!(
                    "SUBSYSTEM==\"s{number}\", ENV{{SYSTEMD_WANTS}}+=\"a{number}.service\", \
                     RUN+=\"/usr/bin/a{number}\"\n"
                )
            };
            store.write("lib/udev/rules.d/x.rules", &lines(count, "", line, ""));
        },
    },
    Row {
        name: "lines of tmpfiles.d",
        count: 1000,
        lay_out: |store, count| {
            let line = |number| format!("C /etc/x{number} - - - - /usr/share/x{number}\n");
            store.write("lib/tmpfiles.d/x.conf", &lines(count, "", line, ""));
        },
    },
    Row {
        name: "variables of a .pc file, each made of the last",
        count: 4000,
        lay_out: |store, count| {
            let line = |number| format!("v{}=${{v{number}}}/x\n", number + 1);
            store.write("lib/pkgconfig/x.pc", &lines(count, "v0=/usr\n", line, ""));
        },
    },
    Row {
        name: "files in etc that a script names",
        count: 1000,
        lay_out: |store, count| {
            for number in 0..count {
                store.write(format!("etc/x/{number}"), b"x\n");
            }
            let line = |number| format!("cat /etc/x/{number}\n");
            store.program("bin/x", &lines(count, "#!/bin/sh\n", line, ""));
        },
    },
    Row {
        name: "links in etc, each to the last",
        count: 1000,
        lay_out: |store, count| {
            store.write("etc/0", b"x\n");
            for number in 1..count {
                store.link(format!("{}", number - 1), format!("etc/{number}"));
            }
        },
    },
    Row {
        name: "segments of an ELF file with the same notes",
        count: 100,
        lay_out: |store, count| store.program("lib/x.so", &elf(count)),
    },
];

/// An ELF file with so many segments of notes, in all of which the same 5000 libraries stand.
fn elf(segments: usize) -> Vec<u8> {
    let mut text = String::from("[");
    for number in 0..5000 {
        let comma = if number > 0 { "," } else { "" };
        write!(
            text,
            "{comma}{{\"feature\":\"f{number}\",\"soname\":[\"lib{number}.so\"]}}"
        )
        .unwrap();
    }
    text.push(']');
    let word = |number: usize| u32::try_from(number).unwrap().to_le_bytes();
    let mut note = [word(4), word(text.len()), word(0x407c_0c0a)].concat();
    note.extend(b"FDO\0");
    note.extend(text.as_bytes());
    let mut file = b"\x7fELF\x02\x01\x01".to_vec();
    file.resize(16, 0);
    file.extend([3, 0, 62, 0, 1, 0, 0, 0]);
    for number in [0, 64, 0] {
        file.extend(u64::to_le_bytes(number));
    }
    let count = u16::try_from(segments).unwrap();
    file.extend([0; 4]);
    for number in [64, 56, count, 64, 0, 0] {
        file.extend(u16::to_le_bytes(number));
    }
    let offset = 64 + 56 * u64::from(count);
    for _ in 0..segments {
        file.extend([word(4), word(4)].concat());
        let size = note.len() as u64;
        for number in [offset, 0, 0, size, size, 4] {
            file.extend(number.to_le_bytes());
        }
    }
    file.extend(note);
    file
}

/// An ELF file that needs as many libraries, and has as many directories to look for them, as are read.
fn libraries_and_directories() -> Vec<u8> {
    let text = |text: String| -> &'static str { text.leak() };
    let needed = (0..4000).map(|number| (1, text(format!("l{number}"))));
    let directories = lines(16_000, "/a", |number| format!(":/{number:x}"), "");
    let directories = text(String::from_utf8(directories[..65_000].to_vec()).unwrap());
    let sample = Sample {
        strings: needed.chain([(29, directories)]).collect(),
        ..Sample::default()
    };
    sample.build()
}

/// A store with one store path, which is linted.
struct OnePath(Store);

impl Deref for OnePath {
    type Target = Store;

    fn deref(&self) -> &Store {
        &self.0
    }
}

fn store() -> OnePath {
    let tool = env!("CARGO_BIN_EXE_lint-store-path");
    let lay_out = |store: &Store| store.write("share/x", b"");
    OnePath(Store::new(tool, &["out"], lay_out))
}

fn command(store: &OnePath) -> Command {
    let mut command = store.start(None);
    command.arg("--closure").arg(store.output("out"));
    command
}

#[test]
fn memory_grows_with_the_input() {
    growth::check(ROWS, store, command, None);
}
