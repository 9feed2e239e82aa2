//! Flipped bits.

use super::Attack;

pub(super) const ATTACK: Attack = Attack {
    name: "flips",
    about: "a bit of an image or of its hash tree is flipped: veritysetup verify refuses it. In files of store \
            paths, flipped bytes are a part of `changed`.",
    share: 1,
    run: |amount| amount.run_tests(&[("assemble-image", "attacked", "flipped_bit")]),
};
