//! Runs that are killed.

use super::Attack;

pub(super) const ATTACK: Attack = Attack {
    name: "kills",
    about: "runs get SIGKILL at random moments, and only those that died of it are counted. Each file is the old \
            one or the new one, none is lost, and the next run completes the work. An image is there as a whole or \
            not at all, and no tool goes on running.",
    share: 6,
    run: |amount| {
        amount.run_tests(&[
            ("patch-systemd-units", "killed", "killed_run"),
            ("relocate-etc-to-out", "killed", "killed_run"),
            ("rewrite-pkgconfig-prefix", "killed", "a_killed"),
            ("assemble-image", "attacked", "killed_assembly"),
        ])
    },
};
