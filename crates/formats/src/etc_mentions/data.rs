//! Paths below /etc in the data of programs.

use super::{EtcPath, Verdict};
use crate::elf::strings::FoundPath;

/// A path below /etc in a program's data.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct DataMention {
    /// The path.
    pub path: EtcPath,
    /// What is done with it, as far as the string tells.
    pub verdict: Verdict,
}

/// What a path that was found in the data of a program is, constant or writable. What a program opens is a string by
/// itself; in a longer one a path is in a message or a list of build options.
#[must_use]
pub fn in_data(found: &FoundPath<'_>) -> DataMention {
    let goes_on = found.after.is_some_and(|byte| b"*?[{%$\\".contains(&byte));
    DataMention {
        path: EtcPath::of(found.path, goes_on),
        verdict: if found.before.is_some_and(|byte| byte >= b' ') {
            Verdict::Documentation
        } else if goes_on || found.is_whole_string() {
            Verdict::Read
        } else {
            Verdict::Unknown
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings() {
        for (before, path, after, expected) in [
            (Some(0), "/etc/x", Some(0), ("/etc/x", false, Verdict::Read)),
            (None, "/etc/x/", None, ("/etc/x", false, Verdict::Read)),
            (
                Some(0),
                "/etc/x/",
                Some(b'%'),
                ("/etc/x", true, Verdict::Read),
            ),
            (
                Some(0),
                "/etc/x/y",
                Some(b'*'),
                ("/etc/x", true, Verdict::Read),
            ),
            (
                Some(0),
                "/etc/x",
                Some(b':'),
                ("/etc/x", false, Verdict::Unknown),
            ),
            (
                Some(b' '),
                "/etc/x",
                Some(0),
                ("/etc/x", false, Verdict::Documentation),
            ),
        ] {
            let mention = in_data(&FoundPath {
                offset: 0,
                path: path.as_bytes(),
                prefix: 0,
                before,
                after,
                preceding: b"",
            });
            let (path, goes_on, verdict) = expected;
            let path = EtcPath {
                path: path.into(),
                goes_on,
            };
            assert_eq!(mention, DataMention { path, verdict });
        }
    }
}
