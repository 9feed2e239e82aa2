//! Shell scripts in the values of other formats: the bodies of `sh -c`, modprobe's commands.
//!
//! They are parsed by tree-sitter's grammar of bash. A script whose tree has an error yields a
//! [`ProblemKind::ShellSyntax`] and no reference at all.

use std::ops::{ControlFlow, Range};

use tree_sitter::{Node, ParseOptions, ParseState, Parser, Tree, TreeCursor};

use crate::command_line::{Context, prefixed_program, scan_arguments};
use crate::encoding::{Encoding, Quote};
use crate::mapped_text::MappedText;
use crate::reference::{ProblemKind, Role, Scan};

/// The longest script that is parsed, in bytes: the time tree-sitter takes grows with the square of
/// the length for some inputs.
pub const MAX_SCRIPT_SIZE: usize = 8 * 1024;

/// How often the parser may report progress (every 100 steps) for each byte of a script before it is
/// stopped. Real scripts need less than one report a byte.
const PROGRESS_PER_BYTE: usize = 8;

/// How deep `sh -c` inside `sh -c` is followed.
const MAX_NESTING: u8 = 3;

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

/// Nodes whose value is known only when the script runs.
const EXPANSIONS: &[&str] = &[
    "ansi_c_string",
    "arithmetic_expansion",
    "brace_expression",
    "command_substitution",
    "expansion",
    "process_substitution",
    "simple_expansion",
];

/// Nodes that are one word.
const WORDS: &[&str] = &["concatenation", "number", "raw_string", "string", "word"];

/// Adds what a script names.
pub(crate) fn scan_script(scan: &mut Scan, context: &Context, script: &MappedText) {
    scan_at_depth(scan, context, script, Names::Resolved, 0);
}

/// Adds what a script that a command line hands to a shell names.
pub(crate) fn scan_nested_script(
    scan: &mut Scan,
    context: &Context,
    script: &MappedText,
    names: Names,
) {
    scan_at_depth(scan, context, script, names, context.nesting + 1);
}

fn scan_at_depth(
    scan: &mut Scan,
    context: &Context,
    script: &MappedText,
    names: Names,
    nesting: u8,
) {
    let Some(extent) = script.covering_span() else {
        return;
    };
    if script.len() > MAX_SCRIPT_SIZE || nesting > MAX_NESTING {
        return scan.problem(ProblemKind::ShellTooLong, extent);
    }
    // What systemd or udev substitutes need not be shell.
    let mut masked = script.masked();
    // A shell reads bytes: none of these means anything to it, but some would to the parser, which
    // reads UTF-8 and takes all of Unicode's blanks for blanks.
    for byte in &mut masked {
        if !byte.is_ascii() || byte.is_ascii_control() && !b"\t\n\r".contains(byte) {
            *byte = b'x';
        }
    }
    let understood = |tree: &Tree| !tree.root_node().has_error() && !has_touching_words(tree);
    let Some(tree) = parse(&masked).filter(understood) else {
        return scan.problem(ProblemKind::ShellSyntax, extent);
    };
    let context = Context {
        nesting,
        ..context.clone()
    };
    let mut reader = Reader {
        scan,
        context: &context,
        script,
        names,
        functions: functions(&tree, script.bytes()),
    };
    walk(tree.walk(), |node, ancestors| reader.visit(node, ancestors));
}

fn parse(script: &[u8]) -> Option<Tree> {
    let mut parser = Parser::new();
    parser
        .set_language(&tree_sitter_bash::LANGUAGE.into())
        .ok()?;
    let mut left = PROGRESS_PER_BYTE * script.len() + 1024;
    let mut progress = |_: &ParseState| {
        left = left.saturating_sub(1);
        match left {
            0 => ControlFlow::Break(()),
            _ => ControlFlow::Continue(()),
        }
    };
    let options = ParseOptions::new().progress_callback(&mut progress);
    let mut read = |at: usize, _| script.get(at..).unwrap_or_default();
    parser.parse_with_options(&mut read, None, Some(options))
}

/// Calls `visit` for every node, parents first, with the kinds of its ancestors (the nearest last).
/// It does not recurse: trees can be as deep as the script is long.
fn walk<'tree>(mut cursor: TreeCursor<'tree>, mut visit: impl FnMut(Node<'tree>, &[&'tree str])) {
    let mut ancestors: Vec<&'tree str> = Vec::new();
    loop {
        let node = cursor.node();
        visit(node, &ancestors);
        if cursor.goto_first_child() {
            ancestors.push(node.kind());
            continue;
        }
        while !cursor.goto_next_sibling() {
            if !cursor.goto_parent() {
                return;
            }
            ancestors.pop();
        }
    }
}

/// Whether two words of a command have nothing between them. A shell reads them as one (`a$\/b`);
/// the grammar does not.
fn has_touching_words(tree: &Tree) -> bool {
    let is_redirect = |node: &Node| node.kind().ends_with("_redirect");
    let mut found = false;
    walk(tree.walk(), |node, _| {
        if node.kind() != "command" {
            return;
        }
        let mut cursor = node.walk();
        let mut more = cursor.goto_first_child();
        let mut end = None;
        while more {
            let child = cursor.node();
            let redirect = is_redirect(&child);
            found |= !redirect && end == Some(child.start_byte());
            end = (!redirect).then_some(child.end_byte());
            more = cursor.goto_next_sibling();
        }
    });
    found
}

fn functions(tree: &Tree, script: &[u8]) -> Vec<Vec<u8>> {
    let mut functions = Vec::new();
    walk(tree.walk(), |node, _| {
        if node.kind() == "function_definition" {
            let name = node.child_by_field_name("name");
            let name = name.and_then(|name| script.get(name.byte_range()));
            functions.extend(name.map(<[u8]>::to_vec));
        }
    });
    functions
}

struct Reader<'a> {
    scan: &'a mut Scan,
    context: &'a Context,
    script: &'a MappedText,
    names: Names,
    functions: Vec<Vec<u8>>,
}

impl Reader<'_> {
    fn visit(&mut self, node: Node, ancestors: &[&str]) {
        let backquoted = || self.is_backquoted(node);
        match (node.kind(), ancestors.last().copied().unwrap_or_default()) {
            ("command", _) => {
                let backquoted = backquoted();
                self.command(node, backquoted);
            }
            (kind, "test_command" | "unary_expression" | "binary_expression")
                if WORDS.contains(&kind) =>
            {
                let word = self.word(node, backquoted());
                self.paths(&word, Role::Condition);
            }
            (
                kind,
                "array"
                | "declaration_command"
                | "file_redirect"
                | "for_statement"
                | "herestring_redirect"
                | "variable_assignment",
            ) if WORDS.contains(&kind) => {
                let word = self.word(node, backquoted());
                self.paths(&word, Role::Argument);
            }
            _ => {}
        }
    }

    /// Whether a node stands inside backquotes, where a backslash has one more meaning.
    fn is_backquoted(&self, node: Node) -> bool {
        let mut parent = node.parent();
        while let Some(outer) = parent {
            if outer.kind() == "command_substitution"
                && self.script.bytes().get(outer.start_byte()) == Some(&b'`')
            {
                return true;
            }
            parent = outer.parent();
        }
        false
    }

    fn paths(&mut self, word: &MappedText, role: Role) {
        for path in crate::command_line::paths(word) {
            self.scan
                .references
                .push(self.context.reference(role, path));
        }
    }

    fn command(&mut self, node: Node, backquoted: bool) {
        let mut words = Vec::new();
        let mut cursor = node.walk();
        if !cursor.goto_first_child() {
            return;
        }
        loop {
            if matches!(cursor.field_name(), Some("name" | "argument")) {
                words.push(self.word(cursor.node(), backquoted));
            }
            if !cursor.goto_next_sibling() {
                break;
            }
        }
        let mut words = words.as_slice();
        while let Some((program, arguments)) = words.split_first() {
            self.command_word(program);
            let name = program.bytes();
            if matches!(name, b"[" | b"test") {
                for argument in arguments {
                    self.paths(argument, Role::Condition);
                }
                return;
            }
            if let (b"eval" | b"trap", Some(script)) = (name, arguments.first())
                && script.is_literal()
                && !script.bytes().starts_with(b"-")
            {
                scan_nested_script(self.scan, self.context, script, self.names);
                return;
            }
            let Some(carried) = prefixed_program(name, arguments) else {
                return scan_arguments(self.scan, self.context, program, arguments);
            };
            scan_arguments(self.scan, self.context, program, &arguments[..carried]);
            words = &arguments[carried..];
        }
    }

    fn command_word(&mut self, word: &MappedText) {
        let bytes = word.bytes();
        let is_name = !bytes.contains(&b'/');
        let own = |name: &[u8]| {
            BUILTINS
                .binary_search_by(|known| known.as_bytes().cmp(name))
                .is_ok()
                || self.functions.iter().any(|function| function == name)
        };
        if bytes.is_empty() || is_name && (own(bytes) || !word.is_literal()) {
            return;
        }
        let role = match self.names {
            // A login shell finds it, on a search path of its own.
            Names::Left if is_name => Role::PrefixedProgram,
            _ => Role::ShellCommand,
        };
        let reference = self.context.reference(role, word.clone());
        self.scan.references.push(reference);
    }

    /// The text of a word: quotes and escapes read, expansions and globs opaque.
    fn word(&self, node: Node, backquoted: bool) -> MappedText {
        let range = node.byte_range();
        let layer;
        let script = if backquoted {
            let mut text = MappedText::new();
            if self
                .script
                .bytes()
                .get(range.clone())
                .unwrap_or_default()
                .contains(&b'\\')
            {
                // A backslash is read twice there; what it says is not worth a decoder.
                text.push_opaque(self.script, range.clone(), None);
                return text;
            }
            text.push(
                self.script,
                0..self.script.len(),
                Some(Encoding::ShellBackquote),
            );
            layer = text;
            &layer
        } else {
            self.script
        };
        decode(script, range, &expansions(node))
    }
}

/// The outermost expansions within a node, in order.
fn expansions(node: Node) -> Vec<Range<usize>> {
    let mut found: Vec<Range<usize>> = Vec::new();
    walk(node.walk(), |inner, _| {
        let covered = found
            .last()
            .is_some_and(|last| inner.start_byte() < last.end);
        if !covered && EXPANSIONS.contains(&inner.kind()) {
            found.push(inner.byte_range());
        }
    });
    found
}

/// Reads the quotes and escapes of one word (POSIX, Shell Command Language, 2.2 Quoting).
fn decode(script: &MappedText, range: Range<usize>, expansions: &[Range<usize>]) -> MappedText {
    let bytes = script.bytes();
    let mut text = MappedText::new();
    let mut quote = Quote::Bare;
    let mut at = range.start;
    let mut plain = at;
    let mut expansions = expansions.iter();
    let mut next_expansion = expansions.next();
    while at < range.end.min(bytes.len()) {
        let encoding = Some(Encoding::ShellWord(quote));
        let here = at;
        if let Some(expansion) = next_expansion.filter(|expansion| expansion.start <= at) {
            next_expansion = expansions.next();
            if expansion.end <= at {
                continue;
            }
            text.push(script, plain..here, encoding);
            text.push_opaque(script, here..expansion.end, encoding);
            at = expansion.end;
            plain = at;
            continue;
        }
        let after = bytes.get(at + 1).copied();
        let next_quote = match (bytes[at], quote) {
            (b'\'', Quote::Bare) => Some(Quote::Single),
            (b'"', Quote::Bare) => Some(Quote::Double),
            (b'\'', Quote::Single) | (b'"', Quote::Double) => Some(Quote::Bare),
            _ => None,
        };
        if let Some(next) = next_quote {
            text.push(script, plain..here, encoding);
            quote = next;
            at += 1;
            plain = at;
            continue;
        }
        let escapes = match quote {
            Quote::Bare => after.is_some(),
            Quote::Double => after.is_some_and(|byte| b"$`\"\\\n".contains(&byte)),
            Quote::Single => false,
        };
        let is_glob = quote == Quote::Bare
            && (b"*?[{".contains(&bytes[at]) || (bytes[at] == b'~' && at == range.start));
        if bytes[at] == b'\\' && escapes {
            text.push(script, plain..here, encoding);
            // An escaped line end is nothing.
            if after != Some(b'\n') {
                text.push_decoded(&bytes[at + 1..at + 2], script, at..at + 2, encoding);
            }
            at += 2;
            plain = at;
        } else if is_glob {
            text.push(script, plain..here, encoding);
            text.push_opaque(script, at..at + 1, encoding);
            at += 1;
            plain = at;
        } else {
            at += 1;
        }
    }
    text.push(script, plain..at, Some(Encoding::ShellWord(quote)));
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mapped_text::Span;
    use crate::reference::Lookup;

    fn scan(script: &str) -> Scan {
        let mut scan = Scan::default();
        let context = Context {
            field: "ExecStart",
            lookup: Lookup::SearchPath,
            optional: false,
            privileged: false,
            nesting: 0,
        };
        let text = MappedText::of_file(script.as_bytes(), Span::new(0, script.len()));
        scan_script(&mut scan, &context, &text);
        scan
    }

    fn found(script: &str) -> Vec<String> {
        let scan = scan(script);
        assert!(scan.problems.is_empty(), "{script}: {:?}", scan.problems);
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
            ("A=/usr/x b", &["!b", "/usr/x"]),
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
        let long = scan(&"a;".repeat(MAX_SCRIPT_SIZE));
        assert_eq!(long.problems[0].kind, ProblemKind::ShellTooLong);
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
        scan_script(&mut scan, &context, &text);
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
