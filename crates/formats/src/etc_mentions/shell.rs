//! What shell scripts name, and what their commands do with it.

use std::collections::BTreeMap;

use super::{Mention, Mentions, Reader, Verdict};
use crate::mapped_text::{MappedText, Span};
use crate::paths::paths;
use crate::shell::{self, Use, Word};

/// Commands that write all files they are given, and those that write the last one: coreutils, GNU ed,
/// GNU patch.
const WRITERS: &[&[u8]] = &[
    b"chgrp",
    b"chmod",
    b"chown",
    b"ed",
    b"ex",
    b"mkdir",
    b"mkfifo",
    b"mv",
    b"patch",
    b"rm",
    b"rmdir",
    b"tee",
    b"touch",
    b"truncate",
    b"unlink",
];
const WRITERS_OF_THE_LAST: &[&[u8]] = &[b"cp", b"install", b"ln", b"rsync"];

/// Commands whose arguments are programs in a language of their own.
const WITH_PROGRAM_TEXT: &[&[u8]] = &[
    b"awk", b"egrep", b"fgrep", b"gawk", b"grep", b"mawk", b"perl", b"python", b"python3", b"sed",
];

/// What a shell script names.
pub(super) fn mentions(content: &[u8]) -> Mentions {
    let script = shell::scan(content);
    if script.problem.is_some() {
        // What stands behind the problem is no word of a command: all of the text is looked through.
        let text = MappedText::of_file(content, Span::new(0, content.len()));
        let reason = "in a script that is not understood";
        return Mentions {
            problem: script.problem,
            ..Mentions::all_of(&[text], Verdict::Unknown, reason)
        };
    }
    let mut mentions = Mentions::default();
    // The command that does nothing but read the file, by where that is named.
    let mut sourced_alone: BTreeMap<Option<Span>, Span> = BTreeMap::new();
    for sourced in &script.sourced {
        mentions.layers.push(sourced.text.bytes().to_vec());
        if sourced.alone {
            let place = sourced.text.covering_span();
            sourced_alone.entry(place).or_insert(sourced.span);
        }
    }
    for word in &script.words {
        for path in paths(&word.text) {
            let is_whole = path.text.len() == word.text.len() && !path.goes_on;
            let (verdict, reason) = verdict(word, is_whole);
            let mut mention = Mention::new(&path, verdict, reason);
            if verdict == Verdict::Read && word.place == Use::Argument && is_whole {
                let command = sourced_alone.get(&word.text.covering_span());
                mention.reader = command.map_or(Reader::Other, |span| Reader::Shell(*span));
            }
            mentions.list.push(mention);
        }
    }
    for body in &script.here_documents {
        let text = MappedText::of_file(content, *body);
        let inside = Mentions::all_of(&[text], Verdict::Unknown, "in a here-document");
        mentions.list.extend(inside.list);
    }
    mentions
}

fn verdict(word: &Word, is_whole: bool) -> (Verdict, &'static str) {
    let is_program_text = || WITH_PROGRAM_TEXT.contains(&word.command.as_slice());
    match word.place {
        Use::Write => (Verdict::Written, "where output goes to"),
        Use::Data => (Verdict::Unknown, "in backquotes with backslashes"),
        Use::Pattern => (Verdict::Unknown, "in a pattern that is compared"),
        Use::Argument if writes(word, is_whole) => {
            (Verdict::Written, "where a command writes to it")
        }
        Use::Argument if !is_whole && is_program_text() => {
            (Verdict::Unknown, "in a program of another language")
        }
        _ => (Verdict::Read, "where it is read"),
    }
}

/// Whether the command that a word is an argument of writes to the file that it names.
fn writes(word: &Word, is_whole: bool) -> bool {
    let in_place = word.options.starts_with(b" -i") || {
        let mut options = word.options.split(|byte| *byte == b' ');
        options.any(|option| option.starts_with(b"-i") || option.starts_with(b"--in-place"))
    };
    match word.command.as_slice() {
        b"sed" | b"perl" => in_place && is_whole,
        b"dd" => word.text.bytes().starts_with(b"of="),
        command if WRITERS_OF_THE_LAST.contains(&command) => word.is_last && is_whole,
        command => WRITERS.contains(&command) && is_whole,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn verdicts() {
        for (script, verdict) in [
            ("cat /etc/x", Verdict::Read),
            ("A=\"-c /etc/x\"", Verdict::Read),
            ("A=${A:-/etc/x}", Verdict::Read),
            ("echo a > /etc/x", Verdict::Written),
            ("sed -i s/a/b/ /etc/x", Verdict::Written),
            ("sed -n p /etc/x", Verdict::Read),
            ("sed 's,@A@,/etc/x,'", Verdict::Unknown),
            ("cp a /etc/x", Verdict::Written),
            ("cp /etc/x a", Verdict::Read),
            ("rm -f /etc/x", Verdict::Written),
            ("case $a in /etc/x) ;; esac", Verdict::Unknown),
            ("cat <<E\n/etc/x\nE\n", Verdict::Unknown),
            (". /etc/x a", Verdict::Read),
            ("cat /etc/x 'a", Verdict::Unknown),
        ] {
            let found = mentions(script.as_bytes()).list;
            let [mention] = &found[..] else {
                panic!("{script}: {found:?}");
            };
            assert_eq!(mention.path().path, b"/etc/x", "{script}");
            assert_eq!(
                (mention.verdict, mention.reader),
                (verdict, Reader::Other),
                "{script}"
            );
        }
        let found = mentions(b". /etc/x").list;
        assert_eq!(found[0].reader, Reader::Shell(Span::new(0, 8)));
    }
}
