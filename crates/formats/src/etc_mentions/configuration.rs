//! What configuration files of any syntax name.

use std::collections::BTreeSet;

use super::commands::is_output;
use super::{Mention, Mentions, Verdict};
use crate::configuration::texts;
use crate::paths::paths;

const OPTIONAL: (Verdict, &str) = (Verdict::Optional, "where it is taken in if it is there");

/// What a configuration file names. `is_own` says whether a program of the package reads it: that one reads what
/// the file names, too, unless its key is one for output.
pub(super) fn mentions(content: &[u8], is_own: bool) -> Mentions {
    let mut mentions = Mentions::default();
    let mut optional = BTreeSet::new();
    for text in texts(content) {
        let begins = text.covering_span().map_or(0, |span| span.start);
        for path in paths(&text) {
            let start = path.text.covering_span().map_or(begins, |span| span.start);
            let (before, rest) = text
                .bytes()
                .split_at(start.saturating_sub(begins).min(text.len()));
            let after = rest.get(path.text.len()..).unwrap_or_default();
            let (verdict, reason) = if is_optional(before, after) {
                OPTIONAL
            } else if !is_own && let Some(may_write) = permission(after) {
                if may_write {
                    (Verdict::Unknown, "in a permission to write")
                } else {
                    (Verdict::Documentation, "in a permission")
                }
            } else if !is_own {
                (
                    Verdict::Unknown,
                    "in a file for a program of another package",
                )
            } else if is_output(key(before)) {
                (Verdict::Unknown, "the value of a key for output")
            } else {
                (Verdict::Read, "where it is read")
            };
            let mention = Mention::new(&path, verdict, reason);
            if verdict == Verdict::Optional {
                optional.insert(mention.path());
            }
            mentions.list.push(mention);
        }
    }
    // `if` may stand on another line than `source`.
    for mention in &mut mentions.list {
        if mention.verdict == Verdict::Read && optional.contains(&mention.path) {
            (mention.verdict, mention.reason) = OPTIONAL;
        }
    }
    mentions
}

/// What a rule of `AppArmor` permits for a path (apparmor.d(5), "Access Modes"): whether it can be written.
fn permission(after: &[u8]) -> Option<bool> {
    let rest = after.iter().position(u8::is_ascii_whitespace);
    let mode = after[rest?..].trim_ascii().strip_suffix(b",")?;
    let is_mode = !mode.is_empty() && mode.iter().all(|letter| b"rwaklmixpPcCuU".contains(letter));
    is_mode.then(|| mode.iter().any(|letter| b"wa".contains(letter)))
}

/// The word in front of a value.
fn key(before: &[u8]) -> &[u8] {
    let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || b"_.-".contains(byte);
    let end = before.iter().rposition(is_part).map_or(0, |last| last + 1);
    let length = before[..end].iter().rev().take_while(|byte| is_part(byte));
    &before[end - length.count()..end]
}

/// Whether what stands around a path says that it may be missing: `-include` of make(1), `include_if_exists` of
/// `PostgreSQL`, `IncludeOptional` of Apache, `!include_try` of Dovecot, `source-file -q` of tmux(1), `filereadable()` of
/// vim, `ignore_missing="yes"` of dbus-daemon(1) and of fonts-conf(5).
fn is_optional(before: &[u8], after: &[u8]) -> bool {
    const INCLUDING: &[&str] = &["import", "include", "load", "read", "source"];
    const TOLERATING: &[&str] = &[
        "exist", "ignore", "maybe", "missing", "optional", "readable", "silent", "sinclude", "try",
    ];
    let around = [before, b" ", after].concat().to_ascii_lowercase();
    let holds = |words: &[&str]| {
        let mut words = words.iter();
        words.any(|word| memchr::memmem::find(&around, word.as_bytes()).is_some())
    };
    let mut words = around.split(u8::is_ascii_whitespace);
    holds(INCLUDING)
        && !holds(&["ignore_missing=\"no\"", "ignore_missing='no'"])
        && (around.trim_ascii_start().starts_with(b"-")
            || holds(TOLERATING)
            || words.any(|word| matches!(word, b"-q" | b"if")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn includes_and_values() {
        use Verdict::{Optional, Read, Unknown};
        for (line, expected) in [
            ("include /etc/x", Read),
            ("<include>/etc/x</include>", Read),
            ("<include ignore_missing=\"yes\">/etc/x</include>", Optional),
            ("<include ignore_missing=\"no\">/etc/x</include>", Read),
            ("-include /etc/x", Optional),
            ("sinclude /etc/x", Optional),
            ("include_if_exists = '/etc/x'", Optional),
            ("IncludeOptional /etc/x", Optional),
            ("!include_try /etc/x", Optional),
            ("!include /etc/x", Read),
            ("source-file -q /etc/x", Optional),
            ("source /etc/x if readable", Optional),
            ("source if readable /etc/x", Optional),
            ("if filereadable('/etc/x')\n  source /etc/x", Optional),
            ("option /etc/x", Read),
            ("certificate = /etc/x", Read),
            ("log_file = /etc/x", Unknown),
            ("<logfile>/etc/x</logfile>", Unknown),
            ("\"state\": \"/etc/x\"", Unknown),
            ("/etc/x", Read),
        ] {
            let mut found = mentions(line.as_bytes(), true).list;
            found.retain(|mention| mention.path().path == b"/etc/x");
            let all = found.iter().all(|mention| mention.verdict == expected);
            assert!(all && !found.is_empty(), "{line}: {found:?}");
        }
        for (line, expected) in [
            ("file=/etc/x", Unknown),
            ("/etc/x r,", Verdict::Documentation),
            ("owner /etc/x rwk,", Unknown),
            ("/etc/x {", Unknown),
        ] {
            let found = mentions(line.as_bytes(), false).list;
            assert_eq!(found[0].verdict, expected, "{line}");
        }
    }
}
