//! `--dry-run` prints the commands that a run executes, argument by argument, for every layout. Scripts
//! stand in for the tools: they record how they are called.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::Command;

use rustix::fs::{CWD, FileType, Mode, mknodat};
use support::{World, run, said};

const PACKAGE: &str = "/nix/store/33333333333333333333333333333333-system-1.0";
const PROGRAMS: &str = include_str!("../data/initrd-programs.txt");

/// Every tool that a run may call.
const TOOLS: [&str; 16] = [
    "depmod",
    "fsck.erofs",
    "journalctl",
    "mcopy",
    "mkfs.erofs",
    "mkfs.vfat",
    "mmd",
    "systemctl",
    "systemd-dissect",
    "systemd-firstboot",
    "systemd-hwdb",
    "systemd-repart",
    "systemd-sysusers",
    "systemd-tmpfiles",
    "ukify",
    "veritysetup",
];

/// Records the variables that are set for it and its arguments, and makes what is read afterwards.
const SCRIPT: &str = r#"#!/bin/sh
if [ "$1" = --version ]; then echo tool 999; exit; fi
name=${0##*/}
set -- ${SOURCE_DATE_EPOCH:+"SOURCE_DATE_EPOCH=$SOURCE_DATE_EPOCH"} \
    ${CREDENTIALS_DIRECTORY:+"CREDENTIALS_DIRECTORY=$CREDENTIALS_DIRECTORY"} "$name" "$@"
record=
for word; do
    record="$record$word|"
    case $word in
    --root-hash-file=*) echo aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa >"${word#*=}" ;;
    --output=*) : >"${word#*=}" ;;
    esac
done
echo "$record" >>"$RECORD"
case $name in
mkfs.erofs) cat >/dev/null && : >"$word" ;;
veritysetup) [ -e "$word" ] || [ "$2" = verify ] || : >"$word" ;;
systemd-repart) : >"$word" && echo '[]' ;;
esac
"#;

/// The start of an EFI program for x86-64.
fn kernel() -> Vec<u8> {
    let mut bytes = vec![0; 0x200];
    bytes[..2].copy_from_slice(b"MZ");
    bytes[0x3c] = 0x80;
    bytes[0x80..0x86].copy_from_slice(b"PE\0\0\x64\x86");
    bytes
}

fn world() -> World {
    let world = World::new();
    let required = PROGRAMS.lines().filter(|line| line.starts_with("usr/"));
    for program in required.chain(["usr/bin/losetup"]) {
        world.write(PACKAGE, &program["usr/".len()..], "#!/bin/sh\n");
    }
    world.write(PACKAGE, "lib/udev/hwdb.d/x.hwdb", "");
    let bin = world.path("bin");
    fs::create_dir(&bin).unwrap();
    for tool in TOOLS {
        fs::write(bin.join(tool), SCRIPT).unwrap();
        fs::set_permissions(bin.join(tool), fs::Permissions::from_mode(0o755)).unwrap();
    }
    fs::write(world.path("kernel"), kernel()).unwrap();
    let modules = world.path("6.12.1");
    fs::create_dir(&modules).unwrap();
    fs::write(modules.join("modules.dep"), "").unwrap();
    let built_in = "kernel/fs/erofs/erofs.ko\nkernel/drivers/md/dm-verity.ko\n";
    fs::write(modules.join("modules.builtin"), built_in).unwrap();
    // The version is the name of the directory itself.
    symlink(&modules, world.path("modules")).unwrap();
    world
}

fn assemble(world: &World, arguments: &[&str]) -> Command {
    assemble_as(world, "image", arguments)
}

fn assemble_as(world: &World, name: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_assemble-image"));
    let machine = std::env::var("PATH").unwrap();
    let path = format!("{}:{machine}", world.path("bin").display());
    command
        .env("PATH", path)
        .env("RECORD", world.path("record"))
        .args(["--closure", PACKAGE, "--package", PACKAGE, "--no-lint"])
        .args(["--cmdline", "quiet 'two words'", "--root"])
        .arg(world.path("root"))
        .arg("--kernel")
        .arg(world.path("kernel"))
        .arg("--output")
        .arg(world.path(name))
        .args(arguments);
    command
}

/// The commands at the end of a dry run, each as its words.
fn shown(output: &[u8]) -> Vec<Vec<String>> {
    let text = String::from_utf8_lossy(output);
    let (_, commands) = text.rsplit_once("\ncommands:\n").unwrap();
    let words = |line: &str| {
        let (mut words, mut quoted) = (vec![String::new()], false);
        for char in line.trim_start().replace(r"'\''", "\0").chars() {
            match char {
                '\'' => quoted = !quoted,
                ' ' if !quoted => words.push(String::new()),
                char => words.last_mut().unwrap().push(char),
            }
        }
        let words = words.into_iter().map(|word| word.replace('\0', "'"));
        words.collect::<Vec<_>>()
    };
    let mut shown: Vec<_> = commands
        .lines()
        .map(|line| line.split_once(" && ").map_or(line, |(_, line)| line))
        .map(words)
        .collect();
    shown.sort();
    shown
}

/// The commands that were recorded, with what stands in a dry run for directories and the root hash.
fn recorded(world: &World) -> Vec<Vec<String>> {
    let text = fs::read_to_string(world.path("record")).unwrap();
    let image = world.path("image").display().to_string();
    let (start, end) = text.split_once("/.image.assembling-").unwrap();
    let beside = format!(
        "{}/.image.assembling-{}",
        &start[start.rfind('=').unwrap() + 1..],
        end.split('/').next().unwrap()
    );
    let text = text
        .replace(&format!("{beside}/work"), "WORK")
        .replace(&format!("{beside}/result"), &image)
        .replace(&"a".repeat(64), "ROOT_HASH");
    let mut recorded: Vec<_> = text
        .lines()
        .map(|line| {
            let words = line.split_terminator('|');
            words.map(str::to_owned).collect::<Vec<_>>()
        })
        .collect();
    recorded.sort();
    recorded
}

#[test]
fn a_dry_run_shows_the_commands_that_are_run() {
    let modules = |world: &World| world.path("modules").display().to_string();
    for (layout, tool) in [
        ("ddi", "systemd-dissect"),
        ("bare", "veritysetup"),
        ("initrd", "ukify"),
        ("esp-file", "mcopy"),
    ] {
        for with_more in [false, true] {
            let world = world();
            let modules = modules(&world);
            let mut arguments = vec!["--layout", layout];
            if with_more {
                world.write(PACKAGE, "lib/systemd/catalog/x.catalog", "");
                arguments.extend(["--hostname", "x", "--compression", "none"]);
            }
            arguments.extend(["--modules", &modules]);
            let dry = run(assemble(&world, &arguments).arg("--dry-run"), 0);
            assert!(!Path::new(&world.path("image")).exists());
            fs::remove_file(world.path("record")).unwrap();
            run(&mut assemble(&world, &arguments), 0);
            let (shown, recorded) = (shown(&dry.stdout), recorded(&world));
            assert_eq!(shown, recorded, "{layout}");
            let has = |tool: &str| shown.iter().flatten().any(|word| word == tool);
            assert!(has(tool), "{layout}: {shown:#?}");
            assert_eq!(has("depmod"), layout != "initrd");
            assert_eq!(has("journalctl"), with_more);
        }
    }
}

#[test]
fn no_control_character_is_shown() {
    let world = world();
    let name = "share/factory/etc/a\u{1b}[2J\u{9b}\u{202e}b";
    world.write(PACKAGE, name, "");
    world.write(PACKAGE, &name.replace("share/factory", "."), "");
    let extra = world.path("extra\u{1b}\u{202e}");
    fs::create_dir_all(extra.join("etc")).unwrap();
    fs::write(extra.join("etc/c\u{9b}\nd"), "").unwrap();
    let (name, arguments) = (
        "image\u{1b}\u{9b}\u{202e}",
        ["--layout", "bare", "--dry-run"],
    );
    let mut command = assemble_as(&world, name, &arguments);
    command.arg("--extra").arg(&extra);
    let shown = run(&mut command, 0);
    let text = String::from_utf8(shown.stdout).unwrap();
    let obeyed = |char: char| char != '\n' && (char.is_control() || char == '\u{202e}');
    assert!(!text.contains(obeyed), "{text:?}");
    for expected in [
        r"/etc/a\x1b[2J\u{9b}\u{202e}b",
        r"/etc/c\u{9b}\x0ad",
        r"image\033",
    ] {
        assert!(text.contains(expected), "{expected} is not in:\n{text}");
    }
}

/// The command, ended if it waits.
fn limited(command: &Command) -> Command {
    let mut limited = Command::new("timeout");
    limited
        .arg("60")
        .arg(command.get_program())
        .args(command.get_args());
    let variables = command.get_envs();
    limited.envs(variables.filter_map(|(name, value)| Some((name, value?))));
    limited
}

/// Nobody writes into them: whoever opened one would wait for ever.
#[test]
fn fifos_in_the_place_of_files_are_not_waited_for() {
    let world = world();
    let fifo = world.path("fifo");
    mknodat(CWD, &fifo, FileType::Fifo, Mode::from_raw_mode(0o644), 0).unwrap();
    let fifo = fifo.display().to_string();
    let modules = world.path("modules").display().to_string();
    let password = format!("worker={fifo}");
    for option in [
        ["--initrd", &fifo],
        ["--lint-config", &fifo],
        ["--os-release", &fifo],
        ["--password", &password],
        ["--preset", &fifo],
        ["--user-preset", &fifo],
        ["--stub", &fifo],
        ["--users-pin", &fifo],
    ] {
        let layout = ["--layout", "ddi", "--modules", &modules];
        let command = assemble(&world, &[&layout[..], &option].concat());
        let said = said(&run(&mut limited(&command), 2));
        assert!(said.contains("it is no regular file"), "{option:?}: {said}");
    }
    fs::rename(&fifo, world.path("kernel")).unwrap();
    let command = assemble(&world, &["--layout", "ddi", "--modules", &modules]);
    let said = said(&run(&mut limited(&command), 2));
    assert!(said.contains("reading --kernel"), "{said}");
}

#[test]
fn modules_that_are_fifos_are_not_waited_for() {
    for name in ["modules.builtin", "kernel/x.ko"] {
        let world = world();
        let modules = world.path("6.12.1");
        fs::create_dir(modules.join("kernel")).unwrap();
        fs::write(modules.join("modules.dep"), "kernel/x.ko:\n").unwrap();
        let fifo = modules.join(name);
        drop(fs::remove_file(&fifo));
        mknodat(CWD, &fifo, FileType::Fifo, Mode::from_raw_mode(0o644), 0).unwrap();
        let modules = world.path("modules").display().to_string();
        let arguments = [
            "--layout",
            "ddi",
            "--modules",
            &modules,
            "--initrd-module",
            "x",
        ];
        let command = assemble(&world, &arguments);
        run(&mut limited(&command), 2);
    }
}
