//! Which names became which store paths, from the two texts alone.

use regex::Regex;

/// A name that became another one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Replacement {
    pub old: String,
    pub new: String,
}

/// Explains how `old` became `new` by names that became paths of the same last component.
/// `path` matches the paths that may have been written. `None`: something else has changed.
pub(super) fn explain(old: &str, new: &str, path: &Regex) -> Option<Vec<Replacement>> {
    let (mut gaps, mut paths, mut at) = (Vec::new(), Vec::new(), 0);
    for found in path.find_iter(new) {
        gaps.push(&new[at..found.start()]);
        paths.push(found.as_str());
        at = found.end();
    }
    gaps.push(&new[at..]);
    let mut replacements = Vec::new();
    align(old, 0, &gaps, &paths, &mut replacements).then(|| {
        replacements.reverse();
        replacements
    })
}

/// Matches `gap path gap path … gap` against `old` from `at`; the replacements last first.
fn align(old: &str, at: usize, gaps: &[&str], paths: &[&str], out: &mut Vec<Replacement>) -> bool {
    let Some((gap, gaps)) = gaps.split_first() else {
        return false;
    };
    if !old[at..].starts_with(gap) {
        return false;
    }
    let at = at + gap.len();
    let Some((path, paths)) = paths.split_first() else {
        return at == old.len();
    };
    if old[at..].starts_with(path) && align(old, at + path.len(), gaps, paths, out) {
        return true;
    }
    let last = path
        .trim_end_matches('/')
        .rsplit('/')
        .next()
        .unwrap_or_default();
    let length = old[at..]
        .find(|char: char| char.is_ascii_whitespace())
        .unwrap_or(old.len() - at);
    let word = &old[at..at + length];
    for (start, _) in word.match_indices(last) {
        let mut ends = vec![start + last.len()];
        if path.ends_with('/') {
            ends[0] += 1;
        }
        for end in ends {
            let Some(name) = word.get(..end) else {
                continue;
            };
            if is_whole(old, at, name)
                && name.trim_end_matches('/').rsplit('/').next() == Some(last)
                && align(old, at + end, gaps, paths, out)
            {
                out.push(Replacement {
                    old: name.to_owned(),
                    new: (*path).to_owned(),
                });
                return true;
            }
        }
    }
    false
}

/// Whether it is a name at all, and at this place not a piece of a longer one.
fn is_whole(text: &str, at: usize, name: &str) -> bool {
    let begins = |char: char| char.is_alphanumeric() || "/._".contains(char);
    if !name.starts_with(begins) || name.contains(|char| "\"'`;|&<>(){}=,:$*?".contains(char)) {
        return false;
    }
    let in_word = |char: char| char.is_ascii_alphanumeric() || "_.+-".contains(char);
    // A name may have a unit's prefixes in front of it: `=+postfix`.
    let bare = text[..at].trim_end_matches(['-', '@', ':', '+', '!', '|']);
    let prefixed = bare.len() < at && bare.ends_with(['=', ' ', '\t']);
    let before = text[..at].chars().next_back();
    let after = text[at + name.len()..].chars().next();
    let before_is_free = name.starts_with('/')
        || prefixed
        || !before.is_some_and(|char| in_word(char) && char != '-' || char == '/');
    before_is_free && !after.is_some_and(|char| in_word(char) && char != '.' || char == '/')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn explained(old: &str, new: &str) -> Option<String> {
        let path = Regex::new(r"/s/[^\s;'\x22]+").expect("the pattern is constant");
        let found = explain(old, new, &path)?;
        Some(
            found
                .iter()
                .map(|one| format!("{}>{}", one.old, one.new))
                .collect::<Vec<_>>()
                .join(" "),
        )
    }

    #[test]
    fn names_that_became_paths_are_found() {
        assert_eq!(
            explained("=-/usr/bin/x -f", "=-/s/p/bin/x -f").as_deref(),
            Some("/usr/bin/x>/s/p/bin/x")
        );
        assert_eq!(
            explained(
                "=sh -c 'a | sh'",
                "=/s/p/bin/sh -c '/s/q/bin/a | /s/p/bin/sh'"
            )
            .as_deref(),
            Some("sh>/s/p/bin/sh a>/s/q/bin/a sh>/s/p/bin/sh")
        );
        assert_eq!(
            explained("=+x y", "=+/s/p/x y").as_deref(),
            Some("x>/s/p/x")
        );
        assert_eq!(explained("same /s/p/x", "same /s/p/x").as_deref(), Some(""));
        assert_eq!(
            explained("-c/usr/a", "-c/s/p/a").as_deref(),
            Some("/usr/a>/s/p/a")
        );
    }

    #[test]
    fn anything_else_is_not_explained() {
        for (old, new) in [
            ("=-/usr/bin/x", "=/s/p/bin/x"),
            ("=/usr/bin/x", "=/s/p/bin/y"),
            ("=/usr/bin/x -f", "=/s/p/bin/x"),
            ("=/usr/bin/x", "=/usr/bin/x "),
            ("=/usr/bin/xy", "=/s/p/bin/xy;"),
            ("=ssh a", "=s/s/p/bin/sh a"),
            ("=a+sh a", "=a+/s/p/bin/sh a"),
            ("=/usr/lib/x/y", "=/s/p/lib/x/y/z"),
            ("=/usr/lib/x$y", "=/s/p/lib/x"),
        ] {
            assert_eq!(explained(old, new), None, "{old} -> {new}");
        }
    }
}
