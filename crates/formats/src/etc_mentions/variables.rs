//! What the variables of a shell script can stand for, as far as it is written out.
//!
//! The order of the commands is not looked at: a variable stands for all that it is given anywhere.

use std::collections::BTreeMap;

use super::{CONFIGURATION_DIRECTORY, EtcPath};
use crate::mapped_text::{MappedText, Span};
use crate::paths::base_name;
use crate::paths::paths;
use crate::shell::{Command, CommandKind, CommandWord, Use};

/// How many values of one text are followed, how long ones, and how deep variables in variables.
const MAX_VALUES: usize = 32;
const MAX_LENGTH: usize = 1024;
const MAX_DEPTH: usize = 8;

/// Commands whose arguments assign: POSIX (special built-in utilities), bash(1), env(1).
const ASSIGNING: &[&[u8]] = &[
    b"declare",
    b"env",
    b"export",
    b"local",
    b"readonly",
    b"sudo",
    b"typeset",
];

/// A text that variables make, from its beginning.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Value {
    known: Vec<u8>,
    /// Whether there is nothing after it.
    complete: bool,
}

impl Value {
    /// The paths in it.
    fn paths(&self) -> Vec<EtcPath> {
        if self.known.starts_with(b"/") && !self.known.iter().any(u8::is_ascii_whitespace) {
            return vec![EtcPath::of(&self.known, !self.complete)];
        }
        let text = MappedText::of_file(&self.known, Span::new(0, self.known.len()));
        let in_text = paths(&text).into_iter();
        in_text
            .map(|path| {
                let is_last = self.known.ends_with(path.text.bytes());
                EtcPath::of(path.text.bytes(), path.goes_on || is_last && !self.complete)
            })
            .collect()
    }
}

/// The variables of a script.
#[derive(Debug, Default)]
pub(super) struct Variables {
    assigned: BTreeMap<Vec<u8>, Vec<MappedText>>,
    resolved: BTreeMap<Vec<u8>, Vec<Value>>,
}

/// The variable that a word assigns to (`NAME=value`), and where the value begins.
pub(super) fn assigned_by(word: &MappedText) -> Option<(&[u8], usize)> {
    let bytes = word.literal_prefix();
    let equals = memchr::memchr(b'=', bytes)?;
    let name = bytes.get(..equals)?;
    let name = name.strip_suffix(b"+").unwrap_or(name);
    let name = name.split(|byte| *byte == b'[').next().unwrap_or_default();
    is_name(name).then_some((name, equals + 1))
}

fn is_name(name: &[u8]) -> bool {
    name.first()
        .is_some_and(|first| *first == b'_' || first.is_ascii_alphabetic())
        && name
            .iter()
            .all(|byte| *byte == b'_' || byte.is_ascii_alphanumeric())
}

/// What an expansion is of: the name of a variable; all of it, of a parameter such as `${1:-word}`.
fn expanded(expansion: &[u8]) -> Option<&[u8]> {
    let inside = expansion.strip_prefix(b"$")?;
    let Some(inside) = inside.strip_prefix(b"{") else {
        return is_name(inside).then_some(inside);
    };
    let letter = |byte: &&u8| **byte == b'_' || byte.is_ascii_alphanumeric();
    let length = inside.iter().take_while(letter).count();
    let (name, rest) = inside.split_at(length);
    let operator = rest.strip_prefix(b":").unwrap_or(rest);
    match (rest, operator.first()) {
        (b"}" | b"[@]}" | b"[*]}", _) if is_name(name) => Some(name),
        (_, Some(b'-' | b'=' | b'+' | b'?')) if is_name(name) => Some(name),
        (_, Some(b'-' | b'=' | b'+')) => Some(expansion),
        _ => None,
    }
}

/// The name of the variable that an expansion at the beginning of a text is of, whatever is done with its value.
pub(super) fn plain_name(text: &[u8]) -> Option<&[u8]> {
    let inside = text.strip_prefix(b"$")?;
    let inside = inside.strip_prefix(b"{").unwrap_or(inside);
    let inside = inside.strip_prefix(b"!").unwrap_or(inside);
    let letter = |byte: &&u8| **byte == b'_' || byte.is_ascii_alphanumeric();
    let name = &inside[..inside.iter().take_while(letter).count()];
    is_name(name).then_some(name)
}

/// The variable that a word gives a value to, and where the value begins in it.
pub(super) fn given<'a>(
    command: &'a Command,
    word: &'a CommandWord,
    content: &'a [u8],
) -> Option<(&'a [u8], usize)> {
    match (command.kind, word.place) {
        (CommandKind::For | CommandKind::Array, _) => {
            (!command.variable.is_empty()).then_some((&command.variable[..], 0))
        }
        (CommandKind::Expansion, Use::Value) => Some((expanded(word.span.of(content))?, 0)),
        (CommandKind::Simple, Use::Value) => assigned_by(&word.text),
        (CommandKind::Simple, Use::Argument) => {
            let name = command.name()?;
            let assigns = ASSIGNING.contains(&base_name(name.text.bytes()));
            assigned_by(&word.text).filter(|_| assigns)
        }
        _ => None,
    }
}

impl Variables {
    pub(super) fn of(commands: &[Command], content: &[u8]) -> Self {
        let mut variables = Self::default();
        for command in commands {
            for word in &command.words {
                if let Some((name, from)) = given(command, word, content) {
                    let value = word.text.slice(from..word.text.len());
                    let values = variables.assigned.entry(name.to_vec()).or_default();
                    if values.len() < MAX_VALUES {
                        values.push(value);
                    }
                }
            }
        }
        let directory = b"CONFIGURATION_DIRECTORY";
        if !variables.assigned.contains_key(&directory[..]) {
            let value = Value {
                known: [b"/etc/", CONFIGURATION_DIRECTORY].concat(),
                complete: true,
            };
            variables.resolved.insert(directory.to_vec(), vec![value]);
        }
        let names: Vec<Vec<u8>> = variables.assigned.keys().cloned().collect();
        for name in names {
            variables.resolve(&name, 0);
        }
        variables
    }

    /// Finds what a variable can stand for, and those that it is made of.
    fn resolve(&mut self, name: &[u8], depth: usize) {
        if self.resolved.contains_key(name) || depth == MAX_DEPTH {
            return;
        }
        // While it is looked for, it stands for nothing.
        self.resolved.insert(name.to_vec(), Vec::new());
        let mut texts = self.assigned.get(name).cloned().unwrap_or_default();
        // A variable that is made empty first stands for what it gets later.
        if texts.len() > 1 {
            texts.retain(|text| !text.is_empty());
        }
        let mut values = Vec::new();
        for text in texts {
            for range in text.opaque_ranges() {
                if let Some(name) = expanded(&text.bytes()[range]) {
                    let name = name.to_vec();
                    self.resolve(&name, depth + 1);
                }
            }
            values.extend(self.expand(&text));
        }
        values.sort();
        values.dedup();
        values.truncate(MAX_VALUES);
        self.resolved.insert(name.to_vec(), values);
    }

    fn expand(&self, text: &MappedText) -> Vec<Value> {
        let mut values = vec![Value {
            known: Vec::new(),
            complete: true,
        }];
        let bytes = text.bytes();
        let mut at = 0;
        for range in text.opaque_ranges() {
            append(&mut values, &bytes[at..range.start]);
            at = range.end;
            let expansion = &bytes[range];
            let inner = expanded(expansion).and_then(|name| self.resolved.get(name));
            let inner = inner.map_or(&[][..], Vec::as_slice);
            let mut next: Vec<Value> = Vec::new();
            for value in values {
                let room = MAX_LENGTH.saturating_sub(value.known.len());
                let fits = |inner: &Value| inner.known.len() <= room;
                if !value.complete || inner.is_empty() || !inner.iter().all(fits) {
                    next.push(Value {
                        complete: false,
                        ..value
                    });
                    continue;
                }
                next.extend(inner.iter().map(|inner| Value {
                    known: [&value.known[..], &inner.known].concat(),
                    complete: inner.complete,
                }));
            }
            next.truncate(MAX_VALUES);
            values = next;
        }
        append(&mut values, &bytes[at..]);
        values
    }

    /// All that a text can stand for, where all of it is known.
    pub(super) fn values(&self, text: &MappedText) -> Vec<Vec<u8>> {
        let values = self.expand(text).into_iter();
        let complete = values.filter(|value| value.complete);
        complete.map(|value| value.known).collect()
    }

    /// The same; `None` if there is something that it can stand for and that is not known.
    pub(super) fn all_values(&self, text: &MappedText) -> Option<Vec<Vec<u8>>> {
        let values = self.expand(text);
        let all = values.iter().all(|value| value.complete);
        all.then(|| values.into_iter().map(|value| value.known).collect())
    }

    /// Whether what an expansion can stand for is followed. Of `${A##*/}`, a name without its directory, nothing
    /// has to be.
    pub(super) fn follows(expansion: &[u8]) -> bool {
        expanded(expansion).is_some() || memchr::memmem::find(expansion, b"##*/}").is_some()
    }

    /// The paths that a variable can stand for, or that stand in what it can stand for.
    pub(super) fn paths_of(&self, name: &[u8]) -> Vec<EtcPath> {
        let values = self.resolved.get(name).map_or(&[][..], Vec::as_slice);
        values.iter().flat_map(Value::paths).collect()
    }

    /// The paths that a text can stand for, or that stand in what it can stand for.
    pub(super) fn paths_within(&self, text: &MappedText) -> Vec<EtcPath> {
        self.expand(text).iter().flat_map(Value::paths).collect()
    }

    /// The paths that a text can stand for; of those that are not known to their end, the directory.
    pub(super) fn paths(&self, text: &MappedText) -> Vec<EtcPath> {
        let values = self.expand(text).into_iter();
        let paths = values.filter(|value| value.known.starts_with(b"/"));
        paths
            .map(|value| EtcPath::of(&value.known, !value.complete))
            .collect()
    }
}

fn append(values: &mut [Value], bytes: &[u8]) {
    for value in values.iter_mut().filter(|value| value.complete) {
        if value.known.len() + bytes.len() > MAX_LENGTH {
            value.complete = false;
        } else {
            value.known.extend_from_slice(bytes);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shell::scan;

    #[test]
    fn what_a_text_can_stand_for() {
        for (script, expected) in [
            ("A=/etc/x; b \"$A\"", &[("/etc/x", false)][..]),
            ("A=/etc; B=$A/x; b \"${B}.d/y\"", &[("/etc/x.d/y", false)]),
            (
                "A=/etc/x; A=/etc/y; b $A",
                &[("/etc/x", false), ("/etc/y", false)],
            ),
            ("b ${A:-/etc/x}", &[("/etc/x", false)]),
            ("b ${1:-/etc/x}", &[("/etc/x", false)]),
            ("b ${1:-/etc/x}; c $1", &[]),
            (": ${A:=/etc/x}; b $A", &[("/etc/x", false)]),
            (
                "for a in /etc/x /etc/y; do b $a; done",
                &[("/etc/x", false), ("/etc/y", false)],
            ),
            (
                "A=(/etc/x /etc/y); b \"${A[@]}\"",
                &[("/etc/x", false), ("/etc/y", false)],
            ),
            ("local A=/etc/x; b $A", &[("/etc/x", false)]),
            ("A=/etc/x; b $A/$1", &[("/etc/x", true)]),
            ("A=/etc/x; b $A/*.conf", &[("/etc/x", true)]),
            ("A=/etc/x; b ${A%/*}", &[]),
            ("A=$A/x; b $A", &[]),
            ("A=$B; B=$A; b $A", &[]),
        ] {
            let found = scan(script.as_bytes());
            let variables = Variables::of(&found.commands, script.as_bytes());
            let mut simple = found
                .commands
                .iter()
                .filter(|command| command.kind == CommandKind::Simple);
            let last = simple.rfind(|command| command.name().is_some());
            let word = last.and_then(|command| command.words.last()).unwrap();
            let paths = variables.paths(&word.text);
            let paths: Vec<(&str, bool)> = paths
                .iter()
                .map(|path| (std::str::from_utf8(&path.path).unwrap(), path.goes_on))
                .collect();
            assert_eq!(paths, expected, "{script}");
        }
    }

    #[test]
    fn many_values_take_no_time() {
        let lines = (1..2000).map(|number| {
            let before = number - 1;
            format!("A{number}=$A{before}$A{before}\nA0=/etc/{number}\n")
        });
        let script: String = lines.collect();
        let found = scan(script.as_bytes());
        Variables::of(&found.commands, script.as_bytes());
    }
}
