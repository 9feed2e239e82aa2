//! polkit's rules: JavaScript, `polkit(8)`. Of a program, only what its text says plainly is found:
//! `polkit.spawn(["/usr/bin/x", …])`, `subject.isInGroup("x")` and `action.id == "x"`.

use crate::encoding::Encoding;
use crate::format::{Files, Format};
use crate::lines::is_blank;
use crate::mapped_text::{MappedText, Span};
use crate::reference::{Account, Declaration, Lookup, Reference, Role, Scan};

pub(crate) static FORMAT: Format = Format {
    directories: &["polkit-1/rules.d"],
    files: Files::Ending(".rules"),
    scan,
    // They are programs.
    names_paths: false,
    pieces: &[
        b"polkit.addRule(function(action, subject) {\n",
        b"polkit.spawn([\"",
        b"polkit.spawn( ['",
        b"\"]);",
        b"subject.isInGroup(\"",
        b"isInGroup('",
        b"')",
        b"// ",
        b"/* ",
        b" */",
        b"});\n",
    ],
};

/// Finds the programs that rules run, and the groups and actions that they ask for.
#[must_use]
pub fn scan(file: &[u8]) -> Scan {
    let mut scan = Scan::default();
    let mut at = 0;
    while let Some(&byte) = file.get(at) {
        let rest = file.get(at..).unwrap_or_default();
        at += match byte {
            b'/' if rest.starts_with(b"//") => length_until(rest, b"\n"),
            b'/' if rest.starts_with(b"/*") => length_until(rest, b"*/"),
            b'"' | b'\'' => string(file, at).map_or(1, |(_, end)| end - at),
            _ if is_of_name(byte) => {
                let length = rest.iter().take_while(|byte| is_of_name(**byte)).count();
                let (name, after) = (&rest[..length], at + length);
                match name {
                    b"spawn" => scan
                        .references
                        .extend(argument(file, after, b"([").map(program)),
                    b"isInGroup" => {
                        scan.declarations
                            .extend(argument(file, after, b"(").map(|name| {
                                Declaration::UsesAccount {
                                    account: Account::Group,
                                    field: "isInGroup".into(),
                                    name,
                                }
                            }));
                    }
                    b"id"
                        if file
                            .get(..at)
                            .is_some_and(|before| before.ends_with(b"action.")) =>
                    {
                        scan.declarations.extend(compared(file, after).map(|id| {
                            Declaration::NamesPolkitAction {
                                field: "action.id".into(),
                                id,
                            }
                        }));
                    }
                    _ => {}
                }
                length
            }
            _ => 1,
        };
    }
    scan
}

fn program(text: MappedText) -> Reference {
    Reference {
        lookup: Lookup::SearchPath,
        ..Reference::new(Role::Program, "polkit.spawn", text)
    }
}

fn is_of_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"_$".contains(&byte)
}

/// The number of bytes up to the end of the first `end`, or all.
fn length_until(rest: &[u8], end: &[u8]) -> usize {
    let found = memchr::memmem::find(rest.get(2..).unwrap_or_default(), end);
    found.map_or(rest.len(), |at| at + 2 + end.len())
}

/// The string literal that follows the marks `opening` at `from`, blanks in between.
fn argument(file: &[u8], from: usize, opening: &[u8]) -> Option<MappedText> {
    let skip = |at: usize| {
        let rest = file.get(at..).unwrap_or_default();
        at + rest.iter().take_while(|byte| is_blank(**byte)).count()
    };
    let mut at = skip(from);
    for mark in opening {
        if file.get(at) != Some(mark) {
            return None;
        }
        at = skip(at + 1);
    }
    let (text, _) = string(file, at)?;
    (!text.is_empty()).then_some(text)
}

/// The string literal that what ends at `from` is compared to.
fn compared(file: &[u8], from: usize) -> Option<MappedText> {
    let rest = file.get(from..).unwrap_or_default().trim_ascii_start();
    let operators: [&[u8]; 4] = [b"===", b"!==", b"==", b"!="];
    let rest = operators
        .iter()
        .find_map(|operator| rest.strip_prefix(*operator))?;
    let (text, _) = string(file, file.len() - rest.trim_ascii_start().len())?;
    (!text.is_empty()).then_some(text)
}

/// The string literal at `start`, and where it ends. One with an escape other than of a quote or a
/// backslash has no text.
fn string(file: &[u8], start: usize) -> Option<(MappedText, usize)> {
    let mark = *file.get(start).filter(|byte| b"\"'".contains(byte))?;
    let encoding = Some(Encoding::ScriptString);
    let mut text = MappedText::new();
    let mut is_plain = true;
    let mut at = start + 1;
    loop {
        let rest = file.get(at..)?;
        let special = |byte: &u8| *byte == mark || b"\\\n\r".contains(byte);
        let length = rest.iter().position(special)?;
        let outer = MappedText::of_file(file, Span::new(at, at + length));
        text.push(&outer, 0..length, encoding);
        at += length;
        match (file.get(at)?, file.get(at + 1)) {
            (b'\\', Some(escaped)) => {
                is_plain &= b"\\\"'".contains(escaped);
                let outer = MappedText::of_file(file, Span::new(at, at + 2));
                text.push_decoded(&[*escaped], &outer, 0..2, encoding);
                at += 2;
            }
            (byte, _) if *byte == mark => {
                let text = if is_plain { text } else { MappedText::new() };
                return Some((text, at + 1));
            }
            _ => return None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(file: &str) -> (Vec<String>, Vec<String>) {
        let scan = scan(file.as_bytes());
        let text = |text: &MappedText| String::from_utf8_lossy(text.bytes()).into_owned();
        let programs = scan.references.iter().map(|found| text(&found.text));
        let groups = scan.declarations.iter().filter_map(|fact| match fact {
            Declaration::UsesAccount { name, .. } => Some(text(name)),
            _ => None,
        });
        (programs.collect(), groups.collect())
    }

    #[test]
    fn programs_and_groups() {
        for (file, programs, groups) in [
            (
                "polkit.spawn([\"/usr/bin/x\", a])",
                &["/usr/bin/x"][..],
                &[][..],
            ),
            ("polkit.spawn( [ '/usr/bin/x' ] )", &["/usr/bin/x"], &[]),
            (
                "if (subject.isInGroup(\"wheel\") && subject.isInGroup('it\\'s'))",
                &[],
                &["wheel", "it's"],
            ),
            (
                "// subject.isInGroup(\"a\")\n/* isInGroup(\"b\") */ isInGroup(\"c\")",
                &[],
                &["c"],
            ),
            ("\"isInGroup('a')\" ; respawn([\"/x\"])", &[], &[]),
            (
                "isInGroup(group) ; isInGroup(\"\\x41\") ; isInGroup(\"\")",
                &[],
                &[],
            ),
            ("isInGroup(\"a\n) ; isInGroup(\"b\")", &[], &["b"]),
            ("polkit.spawn(command) ; isInGroup(\"a", &[], &[]),
        ] {
            let (found_programs, found_groups) = found(file);
            assert_eq!(found_programs, programs, "{file}");
            assert_eq!(found_groups, groups, "{file}");
        }
    }

    #[test]
    fn actions() {
        for (file, expected) in [
            (
                "if (action.id == \"org.x\" || action.id==='org.y' ||\n action.id !=\n \"org.z\")",
                &["org.x", "org.y", "org.z"][..],
            ),
            ("action.id.indexOf(\"org.x\") == 0", &[]),
            ("action.idle == \"org.x\" ; id == \"org.x\"", &[]),
            ("// action.id == \"org.x\"", &[]),
            ("action.id == name ; action.id == \"\"", &[]),
        ] {
            let facts = scan(file.as_bytes()).declarations;
            let found = facts.iter().filter_map(|fact| match fact {
                Declaration::NamesPolkitAction { id, .. } => Some(id.bytes().to_vec()),
                _ => None,
            });
            let expected: Vec<_> = expected.iter().map(|id| id.as_bytes()).collect();
            assert_eq!(found.collect::<Vec<_>>(), expected, "{file}");
        }
    }
}
