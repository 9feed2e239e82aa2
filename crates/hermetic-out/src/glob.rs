//! Patterns of the user for paths and names.

use std::path::Path;

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};

/// How deep alternatives may be nested: both the parser of globs and that of the regular expressions
/// that are made of them go down once for each.
const MAX_NESTING: usize = 50;

/// A pattern: `*` stays within a component, `**` does not; `?`, `[…]` and `{…,…}` are as in a shell.
#[derive(Clone, Debug)]
pub struct Glob(GlobSet);

impl Glob {
    /// The pattern that `text` is; fails with what is wrong with it, in some words. What is not UTF-8
    /// matches nothing.
    pub fn new(text: &[u8]) -> Result<Self, String> {
        let text = String::from_utf8_lossy(text);
        if nesting(&text) > MAX_NESTING {
            return Err(format!(
                "alternatives are nested more than {MAX_NESTING} deep"
            ));
        }
        let glob = GlobBuilder::new(&text)
            .literal_separator(true)
            .build()
            .map_err(|error| error.kind().to_string())?;
        // Of a single glob, globset makes a matcher that panics where a set fails.
        let set = GlobSetBuilder::new().add(glob).build();
        let set = set.map_err(|_| "it is too long".to_owned())?;
        Ok(Self(set))
    }

    /// Whether it matches the whole of `path`.
    #[must_use]
    pub fn is_match(&self, path: impl AsRef<Path>) -> bool {
        self.0.is_match(path)
    }
}

/// How deep braces are nested, at most: one that is escaped, or in brackets, counts as well.
fn nesting(text: &str) -> usize {
    let (mut open, mut deepest) = (0_usize, 0);
    for byte in text.bytes() {
        match byte {
            b'{' => open += 1,
            b'}' => open = open.saturating_sub(1),
            _ => {}
        }
        deepest = deepest.max(open);
    }
    deepest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stays_within_a_component() {
        let glob = |text: &str, path| Glob::new(text.as_bytes()).unwrap().is_match(path);
        assert!(glob("/opt/*", "/opt/a") && !glob("/opt/*", "/opt/a/b"));
        assert!(glob("/opt/**", "/opt/a/b") && glob("/{a,{b,c}}?", "/cd"));
        assert!(glob(
            &"{".repeat(40)
                .replace('{', "{a,")
                .chars()
                .chain("}".repeat(40).chars())
                .collect::<String>(),
            "a"
        ));
    }

    #[test]
    fn what_is_no_glob_is_said() {
        let nested = |depth| format!("{}a{}", "{".repeat(depth), "}".repeat(depth));
        for (text, reason) in [
            ("[a".to_owned(), "unclosed character class; missing ']'"),
            (nested(51), "alternatives are nested more than 50 deep"),
            (nested(100_000), "alternatives are nested more than 50 deep"),
            (
                "{".repeat(100_000),
                "alternatives are nested more than 50 deep",
            ),
            // No brace opens here for globset: it is one of a class.
            (
                format!("{}{}", "[}]".repeat(60), nested(60)),
                "alternatives are nested more than 50 deep",
            ),
            ("{a*b?c,[a-z]*}".repeat(20_000), "it is too long"),
        ] {
            let shown = &text[..text.len().min(40)];
            assert_eq!(Glob::new(text.as_bytes()).unwrap_err(), reason, "{shown}");
        }
        assert!(Glob::new(nested(50).as_bytes()).is_ok());
    }
}
