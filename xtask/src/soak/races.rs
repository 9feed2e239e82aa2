//! Runs that are not alone.

use super::Attack;

pub(super) const ATTACK: Attack = Attack {
    name: "races",
    about: "two runs on one output at once both succeed, and leave what one leaves. While a run works, a file is \
            swapped for a FIFO and for a link out of the output, and its directory for such a link: the run ends, \
            and nothing outside changes.",
    share: 3,
    run: |amount| {
        amount.run_tests(&[
            ("patch-systemd-units", "killed", "two_runs"),
            ("relocate-etc-to-out", "killed", "two_runs"),
            ("rewrite-pkgconfig-prefix", "killed", "two_runs"),
            (
                "patch-systemd-units",
                "hostile_trees",
                "what_holds_for_every_tool",
            ),
            (
                "relocate-etc-to-out",
                "hostile_trees",
                "what_holds_for_every_tool",
            ),
            (
                "rewrite-pkgconfig-prefix",
                "hostile_trees",
                "what_holds_for_every_tool",
            ),
        ])
    },
};
