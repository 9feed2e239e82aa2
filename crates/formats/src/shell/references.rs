//! What a shell's text names, when it stands in the value of another format: the bodies of `sh -c`,
//! modprobe's commands.
//!
//! One that no shell understands yields a [`ProblemKind::ShellSyntax`] and no reference at all.

use std::collections::BTreeSet;

use super::reader::{Event, read};
use super::{Command, CommandKind, Use};
use crate::command_line::{Context, Piece, paths, scan_piece, walk};
use crate::mapped_text::MappedText;
use crate::reference::{ProblemKind, Role, Scan};

/// What becomes of a script's bare command names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Names {
    /// They are references.
    Resolved,
    /// They are left to a search path that is not the file's to decide (a login shell's).
    Left,
}

/// Commands that the shell has itself, or that it reads as syntax: POSIX (Shell Command Language)
/// and bash(1), SHELL BUILTIN COMMANDS. Sorted.
const BUILTINS: &[&str] = &[
    ".",
    ":",
    "[",
    "alias",
    "bg",
    "bind",
    "break",
    "builtin",
    "caller",
    "cd",
    "command",
    "compgen",
    "complete",
    "compopt",
    "continue",
    "declare",
    "dirs",
    "disown",
    "echo",
    "enable",
    "eval",
    "exec",
    "exit",
    "export",
    "false",
    "fc",
    "fg",
    "getopts",
    "hash",
    "help",
    "history",
    "jobs",
    "kill",
    "let",
    "local",
    "logout",
    "mapfile",
    "popd",
    "printf",
    "pushd",
    "pwd",
    "read",
    "readarray",
    "readonly",
    "return",
    "set",
    "shift",
    "shopt",
    "source",
    "suspend",
    "test",
    "time",
    "times",
    "trap",
    "true",
    "type",
    "typeset",
    "ulimit",
    "umask",
    "unalias",
    "unset",
    "wait",
];

/// Adds what a script names.
pub(crate) fn scan_script(scan: &mut Scan, context: &Context, script: &MappedText, names: Names) {
    match references(context, script, names) {
        Ok(mut found) => {
            found.remove_functions();
            scan.references.append(&mut found.scan.references);
            scan.problems.append(&mut found.scan.problems);
        }
        Err(problem) => scan.problem_in(problem, script),
    }
}

/// What a script names.
#[derive(Default)]
struct Found {
    scan: Scan,
    /// Which of the references are commands that the script may define itself, by their positions.
    commands: Vec<usize>,
    functions: BTreeSet<Vec<u8>>,
}

/// What a script names, its own functions among it.
fn references(context: &Context, script: &MappedText, names: Names) -> Result<Found, ProblemKind> {
    let (found, problem) = read(script, |found: &mut Found, event| match event {
        Event::Command(command) => found.command(context, names, &command),
        Event::Function(name) => drop(found.functions.insert(name)),
        Event::HereDocument(_) | Event::Stretch(_) => {}
    });
    match problem {
        None => Ok(found),
        Some(_) => Err(ProblemKind::ShellSyntax),
    }
}

impl Found {
    fn command(&mut self, context: &Context, names: Names, command: &Command) {
        let mut words = Vec::new();
        for word in &command.words {
            let role = match (command.kind, word.place) {
                (CommandKind::Simple, Use::Command | Use::Argument) => {
                    words.push(word.text.clone());
                    continue;
                }
                (CommandKind::Case, _) | (_, Use::Data | Use::Delimiter) => continue,
                (CommandKind::Test, _) => Role::Condition,
                _ => Role::Argument,
            };
            self.paths(context, &word.text, role);
        }
        self.simple_command(context, names, &words);
    }

    fn paths(&mut self, context: &Context, word: &MappedText, role: Role) {
        self.scan.references.extend(paths(context, role, word));
    }

    /// The words of a command, from its name on.
    fn simple_command(&mut self, context: &Context, names: Names, words: &[MappedText]) {
        let Some((program, arguments)) = words.split_first() else {
            return;
        };
        self.command_word(context, names, program);
        if self.builtin(context, names, program, arguments) {
            return;
        }
        walk(words, &mut |word, piece| match piece {
            Piece::Program {
                arguments,
                unknown_path,
            } => {
                let names = if unknown_path { Names::Left } else { names };
                self.command_word(context, names, word);
                self.builtin(context, names, word, arguments)
            }
            piece => {
                scan_piece(&mut self.scan, context, word, &piece);
                false
            }
        });
    }

    /// The arguments of a command that the shell has itself, if what they are is its own.
    fn builtin(
        &mut self,
        context: &Context,
        names: Names,
        program: &MappedText,
        arguments: &[MappedText],
    ) -> bool {
        let name = program.bytes();
        if matches!(name, b"[" | b"test") {
            for argument in arguments {
                self.paths(context, argument, Role::Condition);
            }
            return true;
        }
        if let (b"eval" | b"trap", Some(script)) = (name, arguments.first())
            && script.is_literal()
            && !script.bytes().starts_with(b"-")
        {
            match references(context, script, names) {
                Ok(found) => self.add(found),
                Err(problem) => self.scan.problem_in(problem, script),
            }
            return true;
        }
        false
    }

    fn command_word(&mut self, context: &Context, names: Names, word: &MappedText) {
        let bytes = word.bytes();
        let is_name = !bytes.contains(&b'/');
        let is_builtin = |name: &[u8]| {
            BUILTINS
                .binary_search_by(|known| known.as_bytes().cmp(name))
                .is_ok()
        };
        if bytes.is_empty() || is_name && (is_builtin(bytes) || !word.is_literal()) {
            return;
        }
        self.commands.push(self.scan.references.len());
        let reference = match names {
            Names::Left if is_name => context.launched(word.clone(), true),
            _ => context.reference(Role::ShellCommand, word.clone()),
        };
        self.scan.references.push(reference);
    }

    /// Adds what a script names that the same shell runs.
    fn add(&mut self, mut other: Self) {
        let before = self.scan.references.len();
        self.commands
            .extend(other.commands.iter().map(|index| before + index));
        self.functions.append(&mut other.functions);
        self.scan.references.append(&mut other.scan.references);
        self.scan.problems.append(&mut other.scan.problems);
    }

    /// Leaves out the commands that are functions of the script.
    fn remove_functions(&mut self) {
        let mut commands = self.commands.iter().peekable();
        let mut index = 0;
        self.scan.references.retain(|reference| {
            let is_command = commands.next_if_eq(&&index).is_some();
            index += 1;
            !(is_command && self.functions.contains(reference.text.bytes()))
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mapped_text::Span;
    use crate::reference::{Lookup, Reference};

    fn scan(script: &str) -> Scan {
        let mut scan = Scan::default();
        let context = Context {
            field: "ExecStart",
            lookup: Lookup::SearchPath,
            optional: false,
            privileged: false,
        };
        let text = MappedText::of_file(script.as_bytes(), Span::new(0, script.len()));
        scan_script(&mut scan, &context, &text, Names::Resolved);
        scan
    }

    fn found(script: &str) -> Vec<String> {
        let mut scan = scan(script);
        assert!(scan.problems.is_empty(), "{script}: {:?}", scan.problems);
        let start = |found: &Reference| found.text.covering_span().map(|span| span.start);
        scan.references.sort_by_key(start);
        let text = |text: &MappedText| String::from_utf8_lossy(text.bytes()).into_owned();
        let letter = |role| match role {
            Role::ShellCommand => "!",
            Role::Condition => "?",
            Role::PrefixedProgram => "~",
            _ => "",
        };
        scan.references
            .iter()
            .map(|reference| format!("{}{}", letter(reference.role), text(&reference.text)))
            .collect()
    }

    #[test]
    fn what_a_script_names() {
        for (script, expected) in [
            (
                "/usr/bin/x -f /usr/share/y",
                &["!/usr/bin/x", "/usr/share/y"][..],
            ),
            ("sleep 1; echo x", &["!sleep"]),
            ("exec sleep 1", &["!sleep"]),
            (
                "exec env A=b nice -n 5 sleep 1",
                &["!env", "!nice", "!sleep"],
            ),
            ("f() { sleep 1; }; f", &["!sleep"]),
            ("a | b && c || ! d", &["!a", "!b", "!c", "!d"]),
            ("if a; then b; else c; fi", &["!a", "!b", "!c"]),
            ("while read x; do a $x; done", &["!a"]),
            ("for x in /usr/y; do a; done", &["/usr/y", "!a"]),
            ("case $x in /usr/*) a;; esac", &["!a"]),
            (
                "[ -x /usr/bin/x ] && /usr/bin/x",
                &["?/usr/bin/x", "!/usr/bin/x"],
            ),
            ("test -x /usr/bin/x", &["?/usr/bin/x"]),
            ("[[ -e /usr/x ]]", &["?/usr/x"]),
            ("a > /usr/x 2>&1", &["!a", "/usr/x"]),
            (
                "a ${B:-/usr/x} \"${C=/usr/y}\"",
                &["!a", "/usr/x", "/usr/y"],
            ),
            ("a ${B#/usr/x} ${C:?/usr/y}", &["!a"]),
            ("B=${C:-$(b /usr/x)}", &["!b", "/usr/x"]),
            ("A=/usr/x b", &["/usr/x", "!b"]),
            ("x=$(a b)", &["!a"]),
            ("x=\"`/usr/bin/a b`\"", &["!/usr/bin/a"]),
            ("$CMD x", &[]),
            ("/usr/sbin/$X y", &["!/usr/sbin/$X"]),
            (
                "'/usr/bin/x' \"/usr/share/y\"",
                &["!/usr/bin/x", "/usr/share/y"],
            ),
            ("sh -c 'a; b'", &["!sh", "!a", "!b"]),
            ("command -v a", &[]),
            ("trap 'rm x' EXIT", &["!rm"]),
            ("awk -F: '/^a:/{print $1}'", &["!awk", "/^a"]),
            ("a <<E\nb /usr/bin/c\nE\n", &["!a"]),
            ("echo $((1 + 2))", &[]),
            ("su x -c 'a /usr/bin/b'", &["!su", "~a", "/usr/bin/b"]),
        ] {
            assert_eq!(found(script), expected, "{script}");
        }
    }

    #[test]
    fn a_replacement_is_quoted_for_its_place() {
        for (script, replaced) in [("a", "/x\\ y"), ("'a'", "'/x y'"), ("\"a\"", "\"/x y\"")] {
            let found = scan(script);
            let text = &found.references[0].text;
            let span = text.editable_span().expect(script);
            let mut out = script.as_bytes().to_vec();
            out.splice(span.start..span.end, text.encode(b"/x y").expect(script));
            assert_eq!(String::from_utf8_lossy(&out), replaced, "{script}");
        }
    }

    #[test]
    fn a_script_with_an_error_names_nothing() {
        for script in ["if a; then", "a '", "a )"] {
            let scan = scan(script);
            assert!(scan.references.is_empty(), "{script}");
            assert_eq!(scan.problems[0].kind, ProblemKind::ShellSyntax, "{script}");
        }
    }

    #[test]
    fn substitutions_of_the_format_around_it_need_not_be_shell() {
        let script = "echo $((%s{x}-2)); /usr/bin/%i; a";
        let outer = MappedText::of_file(script.as_bytes(), Span::new(0, script.len()));
        let mut text = MappedText::new();
        text.push(&outer, 0..8, None);
        text.push_opaque(&outer, 8..13, None);
        text.push(&outer, 13..28, None);
        text.push_opaque(&outer, 28..30, None);
        text.push(&outer, 30..33, None);
        let mut scan = Scan::default();
        let context = Context::new("PROGRAM", Lookup::UdevHelpers);
        scan_script(&mut scan, &context, &text, Names::Resolved);
        assert!(scan.problems.is_empty());
        let found: Vec<_> = scan
            .references
            .iter()
            .map(|found| found.text.is_literal())
            .collect();
        assert_eq!(found, [false, true]);
    }

    #[test]
    fn the_builtins_are_sorted() {
        assert!(BUILTINS.is_sorted());
    }
}
