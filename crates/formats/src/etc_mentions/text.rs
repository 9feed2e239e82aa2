//! What texts name.

use super::{Format, Mention, Mentions, Verdict, shell, unit};
use crate::configuration;
use crate::kind::scan;
use crate::mapped_text::{MappedText, Span};
use crate::paths::paths;
use crate::reference::Scan;
use crate::script::Language;
use crate::script::python::string_literals;

/// All absolute paths that a file names.
#[must_use]
pub fn of(format: Format, content: &[u8]) -> Mentions {
    match format {
        Format::Known(kind) => unit::mentions(kind, content, &scan(kind, content)),
        Format::Script(Language::Shell) => shell::mentions(content),
        Format::Script(Language::Python) => python(content),
        Format::Configuration => Mentions::all_of(
            &configuration::texts(content),
            Verdict::Read,
            "where it is read",
        ),
        Format::Script(Language::Other) => Mentions::all_of(
            &other_script(content),
            Verdict::Unknown,
            "in a script of a language that is not read",
        ),
    }
}

/// The same, for a file of which `known` is the scan, if its format has one.
#[must_use]
pub fn of_scan(format: Format, content: &[u8], known: Option<&Scan>) -> Mentions {
    match (format, known) {
        (Format::Known(kind), Some(scan)) => unit::mentions(kind, content, scan),
        _ => of(format, content),
    }
}

fn python(content: &[u8]) -> Mentions {
    let mut mentions = Mentions::default();
    for literal in string_literals(content) {
        let bytes = literal.span.of(content);
        let text = MappedText::of_file(content, literal.span);
        for mut path in paths(&text) {
            let is_whole = path.text.len() == bytes.len() && !literal.has_substitutions;
            let (verdict, reason) = if bytes.contains(&b'\n') {
                (Verdict::Documentation, "in a text of several lines")
            } else if is_whole {
                (Verdict::Read, "where it is read")
            } else {
                (Verdict::Unknown, "within a longer string")
            };
            path.goes_on |= literal.has_substitutions;
            mentions.list.push(Mention::new(&path, verdict, reason));
        }
    }
    mentions
}

/// The lines of a script that begin with no `#` and are no documentation of Perl (perlpod(1)).
fn other_script(content: &[u8]) -> Vec<MappedText> {
    let mut texts = Vec::new();
    let mut in_pod = false;
    let mut start = 0;
    for end in memchr::memchr_iter(b'\n', content).chain([content.len()]) {
        let span = Span::new(start, end);
        start = end + 1;
        let line = span.of(content);
        if let [b'=', letter, ..] = line
            && letter.is_ascii_alphabetic()
        {
            in_pod = !line.starts_with(b"=cut");
        } else if !in_pod && !line.trim_ascii_start().starts_with(b"#") {
            texts.push(MappedText::of_file(content, span));
        }
    }
    texts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn in_other_languages() {
        for (language, script, verdict) in [
            (Language::Python, "open('/etc/x')", Some(Verdict::Read)),
            (Language::Python, "a = 'see /etc/x'", Some(Verdict::Unknown)),
            (Language::Python, "# '/etc/x'", None),
            (
                Language::Python,
                "'''\n/etc/x\n'''",
                Some(Verdict::Documentation),
            ),
            (
                Language::Other,
                "open(F, '/etc/x');",
                Some(Verdict::Unknown),
            ),
            (Language::Other, "# /etc/x\n", None),
            (Language::Other, "=pod\n\n/etc/x\n\n=cut\n", None),
        ] {
            let found = of(Format::Script(language), script.as_bytes()).list;
            let found = found.first().map(|mention| mention.verdict);
            assert_eq!(found, verdict, "{script}");
        }
    }

    #[test]
    fn in_configuration() {
        let found = of(
            Format::Configuration,
            b"a file:///etc/x\nb /etc/y.d/*.conf\n",
        )
        .list;
        let found: Vec<_> = found.iter().map(Mention::path).collect();
        assert_eq!(found[0].in_etc(), Some(&b"x"[..]));
        assert!(!found[0].goes_on && found[1].goes_on);
        assert_eq!(found[1].in_etc(), Some(&b"y.d"[..]));
    }
}
