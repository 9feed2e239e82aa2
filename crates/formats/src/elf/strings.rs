//! Absolute paths in a file of any kind: in the constant data of a program, in a script.
//!
//! A path begins with one of the given prefixes, where no other path goes on, and ends where C code or
//! a script would end it. The file is read in windows; so memory does not depend on its size.

use std::io;
use std::ops::Range;

use aho_corasick::{AhoCorasick, MatchKind};

use super::MAX_STRING;
use super::read_at::{ReadAt, fill};

/// How much is read at once.
const WINDOW: usize = 256 * 1024;

/// A path that stands in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FoundPath<'a> {
    /// Where it begins, in bytes from the start of the file.
    pub offset: u64,
    /// The path.
    pub path: &'a [u8],
    /// Which of the prefixes it begins with, by position.
    pub prefix: usize,
    /// The byte in front of it, if there is one.
    pub before: Option<u8>,
    /// The byte after it, if there is one.
    pub after: Option<u8>,
    /// What stands in front of it: a few bytes, or fewer where a range or a window begins.
    pub preceding: &'a [u8],
}

/// As much of what stands in front of a path as is kept.
const MAX_PRECEDING: usize = 64;

impl FoundPath<'_> {
    /// Whether it is all of a string of C: a NUL byte, or nothing, stands on either side.
    #[must_use]
    pub fn is_whole_string(&self) -> bool {
        self.before.unwrap_or(0) == 0 && self.after.unwrap_or(0) == 0
    }

    /// Whether it goes on with another path, as far as the byte in front of it tells; after a compiler's
    /// `-I` or `-L` it does not. Only a search [`anywhere`](PathSearch::anywhere) finds one that does.
    #[must_use]
    pub fn continues(&self) -> bool {
        let is_flag = matches!(self.preceding, [.., b'-', b'I' | b'L']);
        !is_flag && self.before.is_some_and(goes_on)
    }

    /// Whether the text in front of it can belong to another string, where strings follow each other
    /// without an end: it is no path and no substitution.
    #[must_use]
    pub fn can_begin_after_another(&self) -> bool {
        let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || b"._+-@~/".contains(byte);
        let name = self.preceding.iter().rev().take_while(|byte| is_name(byte));
        let start = self.preceding.len() - name.count();
        let (text, name) = self.preceding.split_at(start);
        let substitutes = text.last().is_some_and(|byte| b"%$}{)]*?`".contains(byte));
        // `%s/etc/x`, `$DIR/etc/x`, `${prefix}/etc/x`; but `%v` ends messages of Go.
        let is_variable = text.ends_with(b"$");
        let is_verb = is_variable || substitutes && name.len() == 1 && name != b"v";
        let is_directory = substitutes && name.is_empty() || memchr::memchr(b'/', name).is_some();
        !is_verb && !is_directory && !matches!(name, [.., b'.'])
    }
}

/// Looks for paths that begin with one of some prefixes.
#[derive(Clone, Debug)]
pub struct PathSearch {
    prefixes: AhoCorasick,
    /// As many of them count anywhere.
    anywhere: usize,
    window: usize,
}

/// The prefixes are too many, or too long, for a search.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TooManyPrefixes;

impl std::fmt::Display for TooManyPrefixes {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("looking for paths: there are too many prefixes, or they are too long")
    }
}

impl std::error::Error for TooManyPrefixes {}

impl PathSearch {
    /// A search for these prefixes. Where several begin at one place, the first of them counts. An
    /// empty one is never found.
    pub fn new<P: AsRef<[u8]>>(
        prefixes: impl IntoIterator<Item = P>,
    ) -> Result<Self, TooManyPrefixes> {
        let prefixes = AhoCorasick::builder()
            .match_kind(MatchKind::LeftmostFirst)
            .build(prefixes)
            .map_err(|_| TooManyPrefixes)?;
        Ok(Self {
            prefixes,
            anywhere: 0,
            window: WINDOW,
        })
    }

    /// The same, but the first `count` prefixes count wherever they stand, in the middle of a word, too.
    #[must_use]
    pub fn anywhere(mut self, count: usize) -> Self {
        self.anywhere = count;
        self
    }

    /// The paths in `ranges` of a file, which are sorted and do not overlap, each handed to `found` in
    /// the order of the file. Fails only if the file cannot be read.
    pub fn search<R: ReadAt + ?Sized>(
        &self,
        file: &R,
        ranges: &[Range<u64>],
        buffer: &mut Vec<u8>,
        mut found: impl FnMut(FoundPath<'_>),
    ) -> io::Result<()> {
        // A path that the window cuts is looked at again in the next one.
        let window = self.window.max(2 * MAX_STRING);
        buffer.resize(window, 0);
        for range in ranges {
            let mut at = range.start;
            let mut before = None;
            while at < range.end {
                let room = usize::try_from(range.end - at).map_or(window, |rest| rest.min(window));
                let length = fill(file, &mut buffer[..room], at)?;
                let is_last = length < room || at + length as u64 >= range.end;
                let bytes = &buffer[..length];
                let fresh = if is_last { length } else { length - MAX_STRING };
                self.search_window(bytes, fresh, before, at, &mut found);
                if is_last {
                    break;
                }
                before = bytes.get(fresh - 1).copied();
                at += fresh as u64;
            }
        }
        Ok(())
    }

    /// The paths in `bytes`, which stand at `start` of a file.
    pub fn search_bytes(&self, bytes: &[u8], start: u64, mut found: impl FnMut(FoundPath<'_>)) {
        self.search_window(bytes, bytes.len(), None, start, &mut found);
    }

    fn search_window(
        &self,
        bytes: &[u8],
        fresh: usize,
        before: Option<u8>,
        start: u64,
        found: &mut impl FnMut(FoundPath<'_>),
    ) {
        for prefix in self.prefixes.find_iter(bytes) {
            let begin = prefix.start();
            if begin >= fresh {
                break;
            }
            let before = match begin.checked_sub(1) {
                Some(previous) => bytes.get(previous).copied(),
                None => before,
            };
            let is_anywhere = prefix.pattern().as_usize() < self.anywhere;
            let rest = &bytes[begin..];
            let rest = &rest[..rest.len().min(MAX_STRING)];
            let end = rest.iter().position(|byte| ends_path(*byte));
            let path = &rest[..end.unwrap_or(rest.len())];
            let path = FoundPath {
                offset: start + begin as u64,
                path,
                prefix: prefix.pattern().as_usize(),
                before,
                after: bytes.get(begin + path.len()).copied(),
                preceding: &bytes[begin.saturating_sub(MAX_PRECEDING)..begin],
            };
            if !prefix.is_empty() && (is_anywhere || !path.continues()) {
                found(path);
            }
        }
    }
}

/// Whether a slash after this byte goes on with another path, as in `%s/etc` or `${prefix}/etc`.
fn goes_on(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"./_-+~@%)}]*?`".contains(&byte) || byte >= 0x80
}

/// Whether this byte is no part of a path, as far as one can tell where nothing says how it is quoted.
fn ends_path(byte: u8) -> bool {
    !byte.is_ascii_graphic() && byte < 0x80 || b":;,'\"`|&<>()[]{}\\$%*?!=#".contains(&byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(window: usize, file: &[u8], prefixes: &[&str]) -> Vec<(u64, String, bool)> {
        let mut search = PathSearch::new(prefixes).unwrap();
        search.window = window;
        let mut all = Vec::new();
        let ranges: Vec<Range<u64>> = std::iter::once(0..file.len() as u64).collect();
        let note = |path: FoundPath<'_>| {
            let text = String::from_utf8_lossy(path.path).into_owned();
            all.push((path.offset, text, path.is_whole_string()));
        };
        search.search(file, &ranges, &mut Vec::new(), note).unwrap();
        all
    }

    #[test]
    fn paths_and_what_only_looks_like_one() {
        let prefixes = ["/etc/", "/usr/"];
        for (text, expected) in [
            (&b"\0/etc/x.conf\0"[..], &[("/etc/x.conf", true)][..]),
            (b"open /etc/x.conf: %m", &[("/etc/x.conf", false)]),
            (
                b"/usr/bin:/usr/lib/x",
                &[("/usr/bin", false), ("/usr/lib/x", false)],
            ),
            (b"/nix/store/h-x/etc/x", &[]),
            (b"%s/etc/x ${sysconfdir}/etc/x ../etc/x", &[]),
            (b"\xff/etc/x", &[]),
            (b"/lib/modules/`uname -r`/etc/x", &[]),
            (
                b"-L/etc/x -I/usr/x",
                &[("/etc/x", false), ("/usr/x", false)],
            ),
            (b"XL/etc/x", &[]),
            (b"/etc/\xc3\xa4", &[("/etc/\u{e4}", true)]),
            (b"x=\"/etc/a b\"", &[("/etc/a", false)]),
            (b"/etc", &[]),
            (b"", &[]),
        ] {
            let found = found(WINDOW, text, &prefixes);
            let found: Vec<(&str, bool)> = found
                .iter()
                .map(|(_, path, whole)| (&**path, *whole))
                .collect();
            assert_eq!(found, expected, "{}", text.escape_ascii());
        }
    }

    #[test]
    fn what_can_stand_in_front_of_a_string_without_an_end() {
        for (text, expected) in [
            ("cannot open file/etc/x", true),
            ("fine profile: %v/etc/x", true),
            ("/nix/store/h-x/etc/x", false),
            ("a ./etc/x", false),
            ("../etc/x", false),
            ("%s/etc/x", false),
            ("${prefix}/etc/x", false),
            ("$DIR/etc/x", false),
        ] {
            let search = PathSearch::new(["/etc/"]).unwrap().anywhere(1);
            let mut found = None;
            search.search_bytes(text.as_bytes(), 0, |path| {
                found = Some(path.can_begin_after_another());
            });
            assert_eq!(found, Some(expected), "{text}");
        }
    }

    #[test]
    fn a_path_between_two_windows_is_found_once() {
        let path = format!("/etc/{}", "x".repeat(900));
        for at in (0..3 * MAX_STRING).step_by(97) {
            let mut file = vec![b' '; 4 * MAX_STRING];
            file.splice(at..at + path.len(), path.bytes());
            let expected = [(at as u64, path.clone(), false)];
            let mut found = found(2 * MAX_STRING, &file, &["/etc/"]);
            found[0].2 = false;
            assert_eq!(found, expected, "{at}");
        }
        // What stands before is known in the next window, too.
        let mut file = vec![b'a'; 4 * MAX_STRING];
        for at in (10..4 * MAX_STRING - 10).step_by(7) {
            file.splice(at..at + 5, *b"/etc/");
        }
        assert_eq!(found(2 * MAX_STRING, &file, &["/etc/"]), []);
    }

    #[test]
    fn what_has_no_end_is_cut() {
        let file = [&b"/etc/"[..], &[b'x'; 3 * MAX_STRING]].concat();
        let found = found(WINDOW, &file, &["/etc/"]);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].1.len(), MAX_STRING);
        assert!(!found[0].2);
    }

    #[test]
    fn an_empty_prefix_is_never_found() {
        assert_eq!(found(WINDOW, b"/etc/x", &[""]), []);
    }
}
