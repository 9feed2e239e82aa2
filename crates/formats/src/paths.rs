//! Absolute paths, and where they stand in text: a word of a command line, a line of a configuration file.

use std::ops::Range;

use crate::mapped_text::MappedText;

/// An absolute path that a text holds.
#[derive(Clone, Debug)]
pub struct PathInText {
    /// The path, as far as it is written out.
    pub text: MappedText,
    /// Whether the word goes on where the path ends (a glob, a brace, a `#`), so that the path is only a
    /// part of a name.
    pub goes_on: bool,
    /// Whether the path may end there all the same: a program separates what follows by `=`, `#` or `!`.
    pub(crate) may_end: bool,
    /// Whether it follows an `@`: programs read the file that it names.
    pub(crate) is_attached: bool,
    /// Where it stands in the text.
    pub(crate) range: Range<usize>,
}

impl PathInText {
    /// A path that is all of a text.
    pub(crate) fn whole(text: MappedText) -> Self {
        Self {
            range: 0..text.len(),
            text,
            goes_on: false,
            may_end: false,
            is_attached: false,
        }
    }
}

/// The last component of a path; all of a bare name.
pub(crate) fn base_name(path: &[u8]) -> &[u8] {
    path.rsplit(|byte| *byte == b'/').next().unwrap_or_default()
}

/// What can stand directly before a path within a word.
const BEFORE: &[u8] = b" \t\n\r\"'`=:,;|&<>(){![@";
/// What ends a path within a word.
const AFTER: &[u8] = b" \t\n\r\"'`:,;|&<>(){}[]*?=!#\\";
/// What shows that a word goes on after the path, so that the path is only a part of a name.
const GOES_ON: &[u8] = b"*?[{=!#\\";
/// Of these, what separates the path from what a program makes of the rest.
const MAY_END: &[u8] = b"=!#";
/// What ends a path within a word, and can be part of a name.
const SEPARATORS: &[u8] = b" \t:,;|&=!#";
/// As many longer names as are tried for a path.
const MAX_LONGER: usize = 8;

/// All absolute paths of a text, in its order: at its beginning, after a separator, or glued to an option
/// of one letter. What a variable stands in front of is a part of something else.
#[must_use]
pub fn paths(text: &MappedText) -> Vec<PathInText> {
    let bytes = text.bytes();
    let mut paths = Vec::new();
    let mut at = 0;
    while let Some(offset) = memchr::memchr(b'/', &bytes[at..]) {
        let start = at + offset;
        // Of `file:///x`, the path is what follows the empty host.
        let is_url = bytes[..start].ends_with(b"file:") && bytes[start..].starts_with(b"///");
        let start = if is_url { start + 2 } else { start };
        let length = bytes[start..].iter().position(|byte| AFTER.contains(byte));
        let end = length.map_or(bytes.len(), |length| start + length.max(1));
        at = end;
        let begins = is_url || begins_path(bytes, start);
        if !begins || !text.slice(start.saturating_sub(1)..start).is_literal() {
            continue;
        }
        let path = text.slice(start..end);
        // A path within an expansion is the expansion's.
        if !path.literal_prefix().is_empty() {
            let next_is = |set: &[u8]| bytes.get(end).is_some_and(|byte| set.contains(byte));
            paths.push(PathInText {
                text: path,
                goes_on: next_is(GOES_ON),
                may_end: next_is(MAY_END),
                is_attached: bytes[..start].ends_with(b"@"),
                range: start..end,
            });
        }
    }
    paths
}

/// The texts that begin where a path does and are longer: names that hold what would end a path. The longest
/// comes first.
pub(crate) fn longer(text: &MappedText, path: &Range<usize>) -> Vec<MappedText> {
    let bytes = text.bytes();
    let mut longer = Vec::new();
    let mut end = path.end;
    while longer.len() < MAX_LONGER {
        let at = |at: usize| bytes.get(at);
        let separates = at(end).is_some_and(|byte| SEPARATORS.contains(byte));
        if !separates || at(end + 1).is_none_or(|byte| *byte == b'/') {
            break;
        }
        let rest = bytes.get(end + 1..).unwrap_or_default();
        let length = rest.iter().position(|byte| AFTER.contains(byte));
        let length = length.unwrap_or(rest.len());
        end += 1 + length;
        let is_completed = |byte: &u8| GOES_ON.contains(byte) && !MAY_END.contains(byte);
        if length == 0 || at(end).is_some_and(is_completed) {
            break;
        }
        longer.push(text.slice(path.start..end));
    }
    longer.retain(MappedText::is_literal);
    longer.reverse();
    longer
}

/// Whether a path can begin at `start`: at the beginning of the word, after a separator, or glued to
/// an option of one letter.
fn begins_path(bytes: &[u8], start: usize) -> bool {
    let before = &bytes[..start];
    match before {
        [] => true,
        // A URL's host; `file://` has none.
        [.., b':'] if bytes[start..].starts_with(b"//") => before.ends_with(b"file:"),
        [.., last] if BEFORE.contains(last) => true,
        [.., b'-', letter] if letter.is_ascii_alphabetic() => {
            let option = &before[..before.len() - 2];
            option.last().is_none_or(|byte| BEFORE.contains(byte))
        }
        _ => false,
    }
}

/// An absolute path without `.`, `..` and doubled slashes, as text; `None` if it is not absolute. A
/// slash at its end stays.
#[must_use]
pub fn normalize(path: &[u8]) -> Option<Vec<u8>> {
    if !path.starts_with(b"/") {
        return None;
    }
    let mut parts: Vec<&[u8]> = Vec::new();
    for part in path.split(|byte| *byte == b'/') {
        match part {
            b"" | b"." => {}
            b".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    let mut out = Vec::with_capacity(path.len());
    for part in &parts {
        out.push(b'/');
        out.extend_from_slice(part);
    }
    if parts.is_empty() || path.ends_with(b"/") {
        out.push(b'/');
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mapped_text::Span;

    #[test]
    fn the_paths_of_a_text() {
        for (text, expected) in [
            ("/etc/x.conf", &[("/etc/x.conf", false)][..]),
            ("-c /etc/x.conf;", &[("/etc/x.conf", false)]),
            ("-c/etc/x.conf", &[("/etc/x.conf", false)]),
            ("see /etc/x.d/*.conf", &[("/etc/x.d/", true)]),
            ("/etc/x/{a,b}", &[("/etc/x/", true)]),
            ("a/etc/x", &[]),
            ("http://host/etc/x", &[]),
            ("file:///etc/x", &[("/etc/x", false)]),
            ("-d @/etc/x", &[("/etc/x", false)]),
            ("A=/x:/y", &[("/x", false), ("/y", false)]),
            ("/", &[("/", false)]),
            ("", &[]),
        ] {
            let found = paths(&MappedText::of_file(
                text.as_bytes(),
                Span::new(0, text.len()),
            ));
            let found: Vec<(&str, bool)> = found
                .iter()
                .map(|path| {
                    (
                        std::str::from_utf8(path.text.bytes()).unwrap(),
                        path.goes_on,
                    )
                })
                .collect();
            assert_eq!(found, expected, "{text}");
        }
    }
}
