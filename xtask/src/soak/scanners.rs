//! Scanners on changed files.

use super::Attack;

pub(super) const ATTACK: Attack = Attack {
    name: "scanners",
    about: "every scanner on changed files of its kind, in the process: it ends without a panic, what it finds \
            lies in the file, and a replacement is read again as just that and changes nothing else.",
    share: 2,
    run: |amount| amount.run_tests(&[("hermetic-out-formats", "mutations", "")]),
};
