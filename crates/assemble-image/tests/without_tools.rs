//! What is told before any tool is needed.

mod support;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::fs::symlink;

use support::{BASE, World, run, said};

#[test]
fn a_missing_tool() {
    let world = World::new();
    let output = run(
        world
            .assemble(&[BASE], "image")
            .env("PATH", world.path("empty")),
        2,
    );
    assert_eq!(
        said(&output),
        "assemble-image: error: systemd-sysusers is not on PATH; install systemd 257 or newer\n"
    );
    world.assert_nothing_written("image");
}

#[test]
fn a_tool_that_is_too_old_or_broken() {
    let good = [
        ("systemd-sysusers", "systemd 257 (257.13)"),
        ("systemd-tmpfiles", "systemd 257 (257.13)"),
        ("systemctl", "systemd 257 (257.13)"),
        ("systemd-hwdb", "systemd 257 (257.13)"),
        ("journalctl", "systemd 257 (257.13)"),
        ("mkfs.erofs", "mkfs.erofs (erofs-utils) 1.9.3"),
        ("fsck.erofs", "fsck.erofs (erofs-utils) 1.9.3"),
        ("veritysetup", "veritysetup 2.7.5 flags: UDEV"),
    ];
    let say = |tools: &std::path::Path, (name, version): (&str, &str)| {
        let tool = tools.join(name);
        fs::write(&tool, format!("#!/bin/sh\necho '{version}'\n")).unwrap();
        fs::set_permissions(&tool, fs::Permissions::from_mode(0o755)).unwrap();
    };
    let too_old = "which is too old";
    for (tool, says, version, why, package) in [
        (
            "systemd-sysusers",
            "systemd 252 (252.39-1)",
            "252",
            too_old,
            "systemd 257",
        ),
        (
            "journalctl",
            "systemd 256~rc1",
            "256~rc1",
            too_old,
            "systemd 257",
        ),
        (
            "mkfs.erofs",
            "mkfs.erofs 1.5",
            "1.5",
            too_old,
            "erofs-utils 1.8.6",
        ),
        (
            "mkfs.erofs",
            "mkfs.erofs (erofs-utils) 1.8.8",
            "1.8.8",
            "which makes broken images",
            "erofs-utils 1.8.6",
        ),
        (
            "veritysetup",
            "veritysetup 2.3.9",
            "2.3.9",
            too_old,
            "cryptsetup 2.4",
        ),
    ] {
        let world = World::new();
        let tools = world.path("tools");
        fs::create_dir(&tools).unwrap();
        for one in good.into_iter().chain([(tool, says)]) {
            say(&tools, one);
        }
        let output = run(world.assemble(&[BASE], "image").env("PATH", &tools), 2);
        let expected = format!(
            "assemble-image: error: {tool} is version {version}, {why}; install {package} or newer\n"
        );
        assert_eq!(said(&output), expected);
        world.assert_nothing_written("image");
    }
}

#[test]
fn a_list_that_is_none() {
    let world = World::new();
    for (content, expected) in [
        (&b"\n"[..], "a file that lists at least one"),
        (
            &[0x80; 5000],
            "is not directly below the store directory /nix/store",
        ),
    ] {
        let mut command = world.assemble(&[BASE], "image");
        fs::write(world.path("store-paths"), content).unwrap();
        // Without a package, which would be found to be missing first.
        command = std::process::Command::new(command.get_program());
        command.arg("--closure").arg(world.path("store-paths"));
        command.arg("--output").arg(world.path("image"));
        let told = said(&run(&mut command, 2));
        assert!(told.contains(expected), "{told}");
        assert!(told.lines().count() == 1 && told.len() < 2000, "{told}");
        world.assert_nothing_written("image");
    }
}

#[test]
fn a_closure_with_a_path_that_does_not_exist() {
    let world = World::new();
    let gone = "/nix/store/22222222222222222222222222222222-gone-1.0";
    let output = run(&mut world.assemble(&[BASE, gone], "image"), 2);
    assert!(
        said(&output).contains("store-paths names, does not exist as"),
        "{}",
        said(&output)
    );
    world.assert_nothing_written("image");
}

#[test]
fn a_closure_may_be_named_by_a_link() {
    let world = World::new();
    let store = world.path("root/nix/store");
    let link = world.path("result");
    symlink(world.path("root").join(&BASE[1..]), &link).expect("a link");
    let mut command = world.assemble(&[BASE], "image");
    command = std::process::Command::new(command.get_program());
    command.arg("--store-dir").arg(store).arg("--closure");
    command.arg(link).args(["--package", "/missing"]);
    command.arg("--output").arg(world.path("image"));
    let told = said(&run(&mut command, 2));
    let expected = "reading --package /missing: it is not in the closure";
    assert!(told.contains(expected), "{told}");
}

#[test]
fn wrong_arguments() {
    let world = World::new();
    for (arguments, expected) in [
        (&["--layout", "ddi"][..], "--kernel is missing"),
        (&["--layout", "floppy"], "invalid value 'floppy'"),
        (
            &["--password", "root"],
            "reading --password root: it is not of the form USER=FILE",
        ),
        (&["--setuid", "su:755"], "a setuid or setgid bit"),
        (&["--machine-id", "x"], "32 hexadecimal digits"),
        (
            &["--tmpfs", "/a b"],
            "reading --tmpfs /a b: it is no absolute path without blanks, . and ..",
        ),
        (
            &["--tmpfs", "/var/../usr"],
            "reading --tmpfs /var/../usr: it is no absolute path",
        ),
        (
            &["--setuid", "../../../etc/shadow"],
            "the path of the program has . or .. in it",
        ),
        (
            &["--password", "../x=/file"],
            "reading --password ../x=/file: a user's name has no slash",
        ),
        (
            &["--package", "/nix/store/x"],
            "reading --package /nix/store/x: it is not in the closure",
        ),
        (
            &["--closure", "/nix/store/.."],
            "/nix/store/.. is not directly below the store directory /nix/store",
        ),
        (&["--closure", "/"], "/ is not directly below the store"),
        (&["--store-dir", "store"], "reading --store-dir store"),
    ] {
        let mut command = world.assemble(&[BASE], "image");
        // The last one counts.
        if arguments[0] == "--layout" {
            command = std::process::Command::new(command.get_program());
            let list = world.path("store-paths");
            command
                .arg("--closure")
                .arg(list)
                .arg("--root")
                .arg(world.path("root"));
            command.arg("--output").arg(world.path("image"));
        }
        let output = run(command.args(arguments), 2);
        assert!(
            said(&output).contains(expected),
            "{expected}: {}",
            said(&output)
        );
        assert_eq!(said(&output).lines().count(), 1, "{}", said(&output));
        world.assert_nothing_written("image");
    }
}

#[test]
fn what_the_lint_is_told_is_checked_first() {
    let world = World::new();
    let config = world.path("lint.toml");
    fs::write(&config, "deny = 1\n").unwrap();
    for (arguments, expected) in [
        (
            ["--lint-allow", "dangling-symlnk"],
            "reading --lint-allow dangling-symlnk: no finding is called 'dangling-symlnk'; did you mean \
             dangling-symlink?",
        ),
        (
            ["--lint-config", config.to_str().unwrap()],
            "lint.toml:1:8: invalid type",
        ),
    ] {
        let output = run(world.assemble(&[BASE], "image").args(arguments), 2);
        assert!(said(&output).contains(expected), "{}", said(&output));
        world.assert_nothing_written("image");
    }
}

#[test]
fn what_a_finding_means() {
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_assemble-image"));
    let output = run(command.args(["--explain", "dangling-link"]), 0);
    assert!(output.stdout.starts_with(b"# dangling-symlink\n"));
    // The lint's, too.
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_assemble-image"));
    let output = run(command.args(["--explain", "build-directory"]), 0);
    assert!(output.stdout.starts_with(b"# build-directory\n"));
}
