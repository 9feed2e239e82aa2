//! Small inputs whose right results were decided from the manuals: a file of them for each kind.

use std::process::Command;

use tool_tests::inputs::check;

fn tool() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_patch-systemd-units"));
    for name in ["out", "dev"] {
        let suffix = if name == "out" { "" } else { "-dev" };
        let letter = if name == "out" { "a" } else { "b" };
        let hash = letter.repeat(32);
        command.arg(format!(
            "--output={name}=/nix/store/{hash}-hello-1.0{suffix}"
        ));
    }
    let dependency = format!("/nix/store/{}-tools-2.0", "c".repeat(32));
    command.arg(format!("--search-path={dependency}/bin"));
    command
}

macro_rules! kinds {
    ($($name:ident)+) => {
        $(
            #[test]
            fn $name() {
                check(include_str!(concat!("inputs/", stringify!($name), ".txt")), tool);
            }
        )+
    };
}

kinds! {
    argument_ends
    crontab
    desktop_entry
    destinations
    directives
    drop_ins
    hidden_store
    hook_script
    launchers
    logrotate
    manager_conf
    native_messaging
    negated_conditions
    nspawn
    polkit
    quadlet
    shell_bodies
    sysctl
    udev
}
