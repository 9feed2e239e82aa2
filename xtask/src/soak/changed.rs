//! Trees and packages with changed files.

use super::Attack;

pub(super) const ATTACK: Attack = Attack {
    name: "changed",
    about: "files of cases and of real packages come into a tree, bytes of them change, and now and then one \
            becomes a FIFO, a link or a directory. Each run ends within 60 seconds and 2 GiB with status 0 or 1 \
            (2, with one line, where a file became something else); a dry run changes nothing and lists just \
            what a run changes, byte by byte; a run that finds an error changes nothing, and so does a second run. \
            Two images of one closure are equal.",
    share: 8,
    run: |amount| {
        amount.run_tests(&[
            ("patch-systemd-units", "changed", ""),
            ("relocate-etc-to-out", "changed", ""),
            ("rewrite-pkgconfig-prefix", "changed", ""),
            ("lint-store-path", "changed", ""),
            ("assemble-image", "attacked", "packages_with_changed_files"),
        ])
    },
};
