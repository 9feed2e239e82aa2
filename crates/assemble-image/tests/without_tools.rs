//! What is told before any tool is needed.

mod support;

use std::fs;
use std::os::unix::fs::PermissionsExt;

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
fn a_tool_that_is_too_old() {
    let world = World::new();
    let tools = world.path("tools");
    fs::create_dir(&tools).unwrap();
    let tool = tools.join("systemd-sysusers");
    fs::write(&tool, "#!/bin/sh\necho 'systemd 252 (252.39-1)'\n").unwrap();
    fs::set_permissions(&tool, fs::Permissions::from_mode(0o755)).unwrap();
    let output = run(world.assemble(&[BASE], "image").env("PATH", &tools), 2);
    assert_eq!(
        said(&output),
        "assemble-image: error: systemd-sysusers is version 252, which is too old; install systemd 257 \
         or newer\n"
    );
    world.assert_nothing_written("image");
}

#[test]
fn a_closure_with_a_path_that_does_not_exist() {
    let world = World::new();
    let gone = "/nix/store/22222222222222222222222222222222-gone-1.0";
    let output = run(&mut world.assemble(&[BASE, gone], "image"), 2);
    assert!(
        said(&output).contains(&format!("{gone} is in the closure")),
        "{}",
        said(&output)
    );
    world.assert_nothing_written("image");
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
            &["--package", "/nix/store/x"],
            "reading --package /nix/store/x: it is not in the closure",
        ),
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
fn what_a_finding_means() {
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_assemble-image"));
    let output = run(command.args(["--explain", "dangling-link"]), 0);
    assert!(output.stdout.starts_with(b"dangling-link (error)"));
}
