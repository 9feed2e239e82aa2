//! Runs that have no room.

use scanner_tests::amount;

use super::Attack;

pub(super) const ATTACK: Attack = Attack {
    name: "full-disk",
    about: "files may not get larger than so many blocks (RLIMIT_FSIZE), and each system call that wants room \
            fails once with ENOSPC, at steps spread over all calls of a run (strace); images are made in file \
            systems of more and more room (tmpfs). A run without room ends with status 2 and one line, each file is \
            the old one or the new one, and the next run completes the work.",
    share: 4,
    run: |wanted| {
        // Steps, not time: all of them are to be gone through.
        let steps = wanted
            .runs
            .map_or(wanted.minutes / 2 + 1, |runs| runs as u64);
        let variables = [
            (amount::RUNS, steps.to_string()),
            (amount::FAULTS, "1".to_owned()),
        ];
        let tests = [
            ("patch-systemd-units", "killed", "without_room"),
            ("relocate-etc-to-out", "killed", "without_room"),
            ("rewrite-pkgconfig-prefix", "killed", "without_room"),
            ("assemble-image", "attacked", "without_room"),
        ];
        wanted.run_tests_with(&tests, &variables)
    },
};
