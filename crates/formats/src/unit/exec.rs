//! Exec command lines: `config_parse_exec()` of systemd's `src/core/load-fragment.c`.

use crate::mapped_text::MappedText;
use crate::reference::ProblemKind;
use crate::words::{Escapes, first_word, read_specifiers, read_variables, skip_blanks};

/// One command of an Exec assignment.
#[derive(Clone, Debug)]
pub struct Command {
    /// The program, without its prefixes.
    pub program: MappedText,
    /// The arguments, `argv[0]` excluded, as systemd hands them over; variables are opaque.
    pub arguments: Vec<MappedText>,
    /// A failure is no failure: `-`.
    pub optional: bool,
    /// What follows is run with the privileges of the manager: `+` or `!`.
    pub privileged: bool,
    /// The end of the program's word in the file, a closing quote included.
    pub program_end: Option<usize>,
}

/// The commands of an Exec value. Fails if a quote is not closed; systemd ignores the line then.
pub fn commands(value: &MappedText) -> Result<Vec<Command>, ProblemKind> {
    let mut commands = Vec::new();
    let mut at = 0;
    while let Some(word) = first_word(value, at, Escapes::C)? {
        at = word.range.end;
        if word.text.bytes() == b";" {
            continue;
        }
        let prefixes = prefixes(word.text.bytes());
        let has = |prefix| word.text.bytes()[..prefixes].contains(&prefix);
        let mut command = Command {
            program: read_specifiers(&word.text.slice(prefixes..word.text.len())),
            arguments: Vec::new(),
            optional: has(b'-'),
            privileged: has(b'+') || has(b'!'),
            program_end: value
                .slice(word.range.clone())
                .covering_span()
                .map(|span| span.end),
        };
        let mut takes_argv0 = has(b'@');
        let expands = !has(b':');
        loop {
            // Unquoted, and only unquoted, `;` and `\;` are special.
            let start = skip_blanks(value, at);
            let rest = &value.bytes()[start..];
            let alone = |length: usize| {
                let next = rest.get(length);
                next.is_none_or(|byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r'))
            };
            if rest.starts_with(b";") && alone(1) {
                at = start + 1;
                break;
            }
            if rest.starts_with(b"\\;") && alone(2) {
                at = start + 2;
                command.arguments.push(value.slice(start + 1..start + 2));
                continue;
            }
            let Some(word) = first_word(value, at, Escapes::C)? else {
                break;
            };
            at = word.range.end;
            if std::mem::take(&mut takes_argv0) {
                continue;
            }
            let text = read_specifiers(&word.text);
            let text = if expands { read_variables(&text) } else { text };
            command.arguments.push(text);
        }
        commands.push(command);
        at = skip_blanks(value, at);
    }
    Ok(commands)
}

/// How many bytes of a program word are prefixes: `-`, `@`, `:`, `|` once each, and one of `+`, `!`,
/// `!!` (`systemd.service(5)`, COMMAND LINES).
fn prefixes(word: &[u8]) -> usize {
    let mut seen = Vec::new();
    for (index, byte) in word.iter().enumerate() {
        let again = match byte {
            b'-' | b'@' | b':' | b'|' | b'+' => seen.contains(byte),
            // `!!` is one prefix: its marks stand together.
            b'!' => seen.ends_with(b"!!") || seen.contains(&b'!') && !seen.ends_with(b"!"),
            _ => return index,
        };
        if again {
            return index;
        }
        seen.push(*byte);
    }
    word.len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mapped_text::Span;

    fn parse(line: &str) -> Vec<Vec<String>> {
        let value = MappedText::of_file(line.as_bytes(), Span::new(0, line.len()));
        let text = |text: &MappedText| String::from_utf8_lossy(text.bytes()).into_owned();
        commands(&value)
            .expect(line)
            .iter()
            .map(|command| {
                let arguments = command.arguments.iter().map(text);
                std::iter::once(text(&command.program))
                    .chain(arguments)
                    .collect()
            })
            .collect()
    }

    #[test]
    fn command_lines_as_systemd_reads_them() {
        for (line, expected) in [
            ("/bin/a b", &[&["/bin/a", "b"][..]][..]),
            ("-/bin/a", &[&["/bin/a"]]),
            ("+-/bin/a", &[&["/bin/a"]]),
            ("!!/bin/a", &[&["/bin/a"]]),
            ("\"-/x y\" z", &[&["/x y", "z"]]),
            ("-\"/x y\" z", &[&["/x y", "z"]]),
            ("@/bin/a argv0 b", &[&["/bin/a", "b"]]),
            ("/bin/a ; /bin/b", &[&["/bin/a"], &["/bin/b"]]),
            (
                "mkdir -p x ; touch y",
                &[&["mkdir", "-p", "x"], &["touch", "y"]],
            ),
            ("/bin/a \\; b", &[&["/bin/a", ";", "b"]]),
            ("/bin/a ';' b", &[&["/bin/a", ";", "b"]]),
            ("/bin/a ;b", &[&["/bin/a", ";b"]]),
            ("/bin/a ;", &[&["/bin/a"]]),
            ("/bin/a 50%%", &[&["/bin/a", "50%"]]),
            ("/bin/a $$b", &[&["/bin/a", "$b"]]),
            (":/bin/a $$b", &[&["/bin/a", "$$b"]]),
            ("|/bin/a", &[&["/bin/a"]]),
            ("", &[]),
        ] {
            assert_eq!(parse(line), expected, "{line}");
        }
    }

    #[test]
    fn an_open_quote_is_refused() {
        let line = b"/bin/a 'b";
        let value = MappedText::of_file(line, Span::new(0, line.len()));
        assert_eq!(commands(&value).err(), Some(ProblemKind::UnbalancedQuote));
    }
}
