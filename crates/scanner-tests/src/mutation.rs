//! Random changes of a file.

use crate::invariants::grammar::PIECES;
use crate::random::Random;

/// Changes a few places of a file: bytes go, come twice or become others, and pieces that mean something are put
/// in: those of `frames` at its end, those of all grammars anywhere.
pub fn mutate(file: &mut Vec<u8>, frames: &[&[u8]], random: &mut Random) {
    for _ in 0..=random.below(6) {
        let at = random.below(file.len() + 1);
        let end = at + random.below((file.len() - at).min(20) + 1);
        match random.below(6) {
            0 => drop(file.drain(at..end)),
            1 => {
                let again = file[at..end].to_vec();
                file.splice(at..at, again).for_each(drop);
            }
            2 => {
                let byte = u8::try_from(random.below(256)).unwrap_or_default();
                file.splice(at..end.min(at + 1), [byte]).for_each(drop);
            }
            3 => file.extend_from_slice(random.of(frames).copied().unwrap_or_default()),
            _ => {
                let piece = random.of(PIECES).copied().unwrap_or_default();
                file.splice(at..at, piece.iter().copied()).for_each(drop);
            }
        }
    }
}
