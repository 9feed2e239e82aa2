//! More and more of something.

use super::Attack;

pub(super) const ATTACK: Attack = Attack {
    name: "growth",
    about: "each thing that a package can have many of, n, 2n and 4n times: memory grows with the number and stays \
            below 1 GiB, in every format of reports. The time is not judged; the factors by which it grows from n \
            to 2n and from 2n to 4n are shown.",
    share: 0,
    run: |amount| {
        let tests = [
            ("patch-systemd-units", "growth", ""),
            ("relocate-etc-to-out", "growth", ""),
            ("rewrite-pkgconfig-prefix", "growth", ""),
            ("lint-store-path", "growth", ""),
        ];
        amount.run_tests_with(&tests, &[])
    },
};
