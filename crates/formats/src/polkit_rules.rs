//! polkit's rules: JavaScript, `polkit(8)`. Of a program, only what its text says plainly is found:
//! `polkit.spawn(["/usr/bin/x", …])`, `subject.isInGroup("x")`, `action.id == "x"`, and
//! `action.lookup("program") == "/usr/bin/x"`, by which rules tell what pkexec(1) is to run.

use crate::encoding::Encoding;
use crate::format::{Files, Format, Paths};
use crate::lines::is_blank;
use crate::mapped_text::{MappedText, Span};
use crate::reference::{Account, Declaration, Lookup, Reference, Role, Scan};

pub(crate) static FORMAT: Format = Format {
    directories: &["polkit-1/rules.d"],
    files: Files::Ending(&[".rules"]),
    scan,
    paths: Paths::Some,
    pieces: &[
        b"polkit.addRule(function(action, subject) {\n",
        b"polkit.spawn([\"",
        b"polkit.spawn( ['",
        b"\"]);",
        b"subject.isInGroup(\"",
        b"isInGroup('",
        b"action.lookup(\"program\") == \"/usr/bin/x",
        b"'/usr/bin/x' === action.lookup('program')",
        b"var x = action.lookup(\"command_line\");",
        b"if (x == \"/usr/bin/x y",
        b"')",
        b"// ",
        b"/* ",
        b" */",
        b"});\n",
    ],
};

/// Finds the programs that rules run or ask for, and the groups and actions that they ask for.
#[must_use]
pub fn scan(file: &[u8]) -> Scan {
    let mut scan = Scan::default();
    // The variables that hold what `action.lookup` gives of a program.
    let mut variables: Vec<&[u8]> = Vec::new();
    let mut at = 0;
    while let Some(&byte) = file.get(at) {
        let rest = file.get(at..).unwrap_or_default();
        at += match byte {
            b'/' if rest.starts_with(b"//") => length_until(rest, b"\n"),
            b'/' if rest.starts_with(b"/*") => length_until(rest, b"*/"),
            b'"' | b'\'' => match string(file, at) {
                Some((text, end)) => {
                    let other = after_operator(file, end).and_then(|other| lookup(file, other));
                    // What is run is not asked for.
                    let is_run = scan
                        .references
                        .last()
                        .is_some_and(|last| last.text.covering_span() == text.covering_span());
                    let other = other.filter(|_| !is_run);
                    scan.references.extend(other.and_then(|_| asked_for(&text)));
                    end - at
                }
                None => 1,
            },
            _ if is_of_name(byte) => {
                let length = rest.iter().take_while(|byte| is_of_name(**byte)).count();
                let (name, start, after) = (&rest[..length], at, at + length);
                let is_of = |owner: &[u8]| file[..start].ends_with(owner);
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
                    b"id" if is_of(b"action.") => {
                        scan.declarations.extend(compared(file, after).map(|id| {
                            Declaration::NamesPolkitAction {
                                field: "action.id".into(),
                                id,
                            }
                        }));
                    }
                    b"action" => {
                        if let Some(end) = lookup(file, start) {
                            variables.extend(assigned(file, start));
                            let text = compared(file, end);
                            scan.references
                                .extend(text.and_then(|text| asked_for(&text)));
                        }
                    }
                    _ if variables.contains(&name) && !is_of(b".") => {
                        let text = compared(file, after);
                        scan.references
                            .extend(text.and_then(|text| asked_for(&text)));
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

/// Where `action.lookup("program")` ends, if it stands at `start`; `command_line` begins with the program.
fn lookup(file: &[u8], start: usize) -> Option<usize> {
    let call = b"action.lookup";
    let rest = file.get(start..)?.strip_prefix(call)?;
    let open = start + call.len() + rest.iter().take_while(|byte| is_blank(**byte)).count();
    let key = argument(file, open, b"(")?;
    if !matches!(key.bytes(), b"program" | b"command_line") {
        return None;
    }
    let end = key.covering_span()?.end + 1;
    let close = memchr::memchr(b')', file.get(end..)?)?;
    let is_all = file[end..end + close].iter().all(|byte| is_blank(*byte));
    is_all.then_some(end + close + 1)
}

/// The variable that what stands at `start` is assigned to.
fn assigned(file: &[u8], start: usize) -> Option<&[u8]> {
    let before = file.get(..start)?.trim_ascii_end().strip_suffix(b"=")?;
    let before = before.trim_ascii_end();
    let length = before.iter().rev().take_while(|byte| is_of_name(**byte));
    let name = &before[before.len() - length.count()..];
    (!name.is_empty()).then_some(name)
}

/// The program that a rule asks for.
fn asked_for(text: &MappedText) -> Option<Reference> {
    let blank = text.bytes().iter().position(|byte| is_blank(*byte));
    let text = text.slice(0..blank.unwrap_or(text.len()));
    let is_path = text.bytes().starts_with(b"/");
    is_path.then(|| Reference::new(Role::Argument, "action.lookup", text))
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
    let (text, _) = string(file, after_operator(file, from)?)?;
    (!text.is_empty()).then_some(text)
}

/// Where the right side of a comparison begins whose left one ends at `from`.
fn after_operator(file: &[u8], from: usize) -> Option<usize> {
    let rest = file.get(from..).unwrap_or_default().trim_ascii_start();
    let operators: [&[u8]; 4] = [b"===", b"!==", b"==", b"!="];
    let rest = operators
        .iter()
        .find_map(|operator| rest.strip_prefix(*operator))?;
    Some(file.len() - rest.trim_ascii_start().len())
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
    fn programs_that_are_asked_for() {
        for (file, expected) in [
            (
                "action.lookup(\"program\") == \"/usr/bin/x\"",
                &["/usr/bin/x"][..],
            ),
            ("action.lookup( 'program' )!=='/usr/bin/x'", &["/usr/bin/x"]),
            (
                "\"/usr/bin/x\" === action.lookup(\"program\")",
                &["/usr/bin/x"],
            ),
            (
                "action.lookup(\"command_line\") == \"/usr/bin/x -a\"",
                &["/usr/bin/x"],
            ),
            (
                "var p = action.lookup(\"program\");\nif (p == \"/usr/bin/x\" || q.p == \"/usr/bin/y\")",
                &["/usr/bin/x"],
            ),
            ("action.lookup(\"unit\") == \"/usr/bin/x\"", &[]),
            ("action.lookup(\"program\") == program", &[]),
            ("action.lookup(\"program\") == \"x\"", &[]),
            ("// action.lookup(\"program\") == \"/usr/bin/x\"", &[]),
            (
                "if (x == action.lookup(\"program\")) x == \"/usr/bin/x\"",
                &[],
            ),
            (
                "spawn([\"/usr/bin/x\" == action.lookup(\"program\")])",
                &["/usr/bin/x"],
            ),
            ("lookup(\"program\") == \"/usr/bin/x\"", &[]),
        ] {
            assert_eq!(found(file).0, expected, "{file}");
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
