use super::*;

/// The words of a script with what is done with them and the command.
fn words(script: &str) -> Vec<(String, Use, String)> {
    let found = scan(script.as_bytes());
    assert_eq!(found.problem, None, "{script}");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let words = found.words_with_slash().into_iter();
    words
        .map(|(command, word)| {
            let name = command
                .words
                .iter()
                .position(|word| word.place == Use::Command);
            let is_in_front =
                name.is_some_and(|name| word.span.start < command.words[name].span.start);
            let name: &[u8] = if is_in_front {
                b""
            } else {
                command.short_name()
            };
            (text(word.text.bytes()), word.place, text(name))
        })
        .collect()
}

#[test]
fn what_is_done_with_a_word() {
    for (script, expected) in [
        ("cat /x", &[("/x", Use::Argument, "cat")][..]),
        (
            "/bin/cat /x",
            &[
                ("/bin/cat", Use::Command, "cat"),
                ("/x", Use::Argument, "cat"),
            ],
        ),
        ("A=/x", &[("A=/x", Use::Value, "")]),
        ("A[1]+=/x b", &[("A[1]+=/x", Use::Value, "")]),
        ("A=1 b c=/x", &[("c=/x", Use::Argument, "b")]),
        (
            "b </x >/y",
            &[("/x", Use::Read, "b"), ("/y", Use::Write, "b")],
        ),
        (
            "b 2>>/x &>/y >|/z",
            &[
                ("/x", Use::Write, "b"),
                ("/y", Use::Write, "b"),
                ("/z", Use::Write, "b"),
            ],
        ),
        (
            ">/x b /y",
            &[("/x", Use::Write, ""), ("/y", Use::Argument, "b")],
        ),
        ("b <<<'/x'", &[("/x", Use::Argument, "b")]),
        (
            "if [ -f /x ]; then b /y; fi",
            &[("/x", Use::Argument, "["), ("/y", Use::Argument, "b")],
        ),
        (
            "! b /x | c /y && d /z",
            &[
                ("/x", Use::Argument, "b"),
                ("/y", Use::Argument, "c"),
                ("/z", Use::Argument, "d"),
            ],
        ),
        ("f() { b /x; }; f", &[("/x", Use::Argument, "b")]),
        (
            "for i in /x /y; do b; done",
            &[("/x", Use::Argument, "for"), ("/y", Use::Argument, "for")],
        ),
        ("(b /x)", &[("/x", Use::Argument, "b")]),
        (
            "a=(/x\n# no /y\n/z)",
            &[("/x", Use::Value, ""), ("/z", Use::Value, "")],
        ),
        (
            "b <(c /x)",
            &[("/x", Use::Argument, "c"), ("<(c /x)", Use::Argument, "b")],
        ),
    ] {
        let expected: Vec<(String, Use, String)> = expected
            .iter()
            .map(|(text, place, name)| ((*text).into(), *place, (*name).into()))
            .collect();
        assert_eq!(words(script), expected, "{script}");
    }
}

fn texts(script: &str) -> Vec<String> {
    words(script).into_iter().map(|(text, ..)| text).collect()
}

#[test]
fn comments_are_no_words() {
    for (script, expected) in [
        ("# /x", &[][..]),
        ("b /x # /y\nc /z", &["/x", "/z"]),
        ("b /x#y", &["/x#y"]),
        ("b ${#a} /x", &["/x"]),
        ("b $# /x", &["/x"]),
        ("b '# /x'", &["# /x"]),
        ("b \\# /x", &["/x"]),
        ("b;# /x", &[]),
        ("a $(b # it's ) here\n) /x", &["/x"]),
    ] {
        assert_eq!(texts(script), expected, "{script}");
    }
}

#[test]
fn quotes_and_escapes() {
    for (script, expected) in [
        ("b '/x y'", &["/x y"][..]),
        ("b \"/x $y\"", &["/x $y"]),
        ("b /x\\ y", &["/x y"]),
        ("b /x\\\ny", &["/xy"]),
        ("b \"a\\\"/x\"", &["a\"/x"]),
        ("b 'it'\\''s /x'", &["it's /x"]),
        ("b \"it's\" /x", &["/x"]),
        ("b $'\\'' /x", &["/x"]),
        ("b $\"/x\"", &["/x"]),
        ("b /x\\", &["/x\\"]),
    ] {
        assert_eq!(texts(script), expected, "{script}");
    }
}

#[test]
fn expansions() {
    for (script, expected) in [
        ("b ${a:-/x}", &["/x", "${a:-/x}"][..]),
        ("b \"${a-\"/x y\"}\"", &["/x y", "${a-\"/x y\"}"]),
        ("b ${a:=${c:-/x}}", &["/x", "${c:-/x}", "${a:=${c:-/x}}"]),
        ("b ${a#/x} ${a%%'}'} /y", &["${a#/x}", "/y"]),
        ("b $(c /x) /y", &["/x", "$(c /x)", "/y"]),
        ("b \"$(c \"/x\")\" /y", &["/x", "$(c \"/x\")", "/y"]),
        ("b `c /x` /y", &["/x", "`c /x`", "/y"]),
        ("b \"`c '/x'`\"", &["/x", "`c '/x'`"]),
        ("b `c \\`d /x\\``", &["/x", "`d /x`", "`c \\`d /x\\``"]),
        ("b $((1 << 2)) /x", &["/x"]),
        ("((a = 1 << 2)); b /x", &["/x"]),
        ("((b /x); c)", &["/x"]),
        ("b $( (c /x) )", &["/x", "$( (c /x) )"]),
        ("b @(/x|/y) /z", &["@(/x|/y)", "/z"]),
        ("b $ /x", &["/x"]),
    ] {
        assert_eq!(texts(script), expected, "{script}");
    }
}

#[test]
fn a_variable_is_not_known() {
    let script = scan(b"b $a/x \"${a}\"/y /z/*.conf ~/w '$a/v'");
    let words = script.words_with_slash().into_iter();
    let literal: Vec<bool> = words.map(|(_, word)| word.text.is_literal()).collect();
    assert_eq!(literal, [false, false, false, false, true]);
}

#[test]
fn case_and_its_patterns() {
    let script = "case $1 in\n/x|/y) b /z ;;\n(*) c /w\nesac\nd /v";
    let expected = [
        ("/x", Use::Pattern, ""),
        ("/y", Use::Pattern, ""),
        ("/z", Use::Argument, "b"),
        ("/w", Use::Argument, "c"),
        ("/v", Use::Argument, "d"),
    ];
    let expected: Vec<(String, Use, String)> = expected
        .iter()
        .map(|(text, place, name)| ((*text).into(), *place, (*name).into()))
        .collect();
    assert_eq!(words(script), expected);
    for (script, expected) in [
        (
            "a=$(case $1 in x) b /x;; esac) /y",
            &["/x", "a=$(case $1 in x) b /x;; esac)", "/y"][..],
        ),
        ("case x\nin x) b /x;& y) c /y;;& esac", &["/x", "/y"]),
        ("case in in in) b /x; esac; c /y", &["/x", "/y"]),
        ("case $1 in @(a|b)) c /x;; esac", &["/x"]),
        (
            "case a in a) case b in b) c /x;; esac;; d) e /y; esac",
            &["/x", "/y"],
        ),
    ] {
        assert_eq!(texts(script), expected, "{script}");
    }
}

#[test]
fn here_documents() {
    for (script, expected, body) in [
        ("b <<E /x\n/y\nE\nc /z", &["/x", "/z"][..], &["/y\n"][..]),
        ("b <<-'E F'\n\t/y\n\tE F\nc /z", &["/z"], &["\t/y\n"]),
        ("b <<A <<B\na\nA\nb\nB\nc /z", &["/z"], &["a\n", "b\n"]),
        ("b <<E\nit's\nE\nc /z", &["/z"], &["it's\n"]),
        ("b <<\\E\n/y", &[], &["/y"]),
        ("b <<E\n E\n", &[], &[" E\n"]),
        ("b $(c <<E\n)\nE\n) /x", &["/x"], &[")\n"]),
        ("b <<E\nE", &[], &[]),
    ] {
        assert_eq!(texts(script), expected, "{script}");
        let found = scan(script.as_bytes()).here_documents;
        let found: Vec<&[u8]> = found
            .iter()
            .map(|document| document.body.of(script.as_bytes()))
            .collect();
        let body: Vec<&[u8]> = body.iter().map(|body| body.as_bytes()).collect();
        assert_eq!(found, body, "{script}");
    }
}

#[test]
fn files_that_commands_are_read_from() {
    for (script, expected) in [
        (". /x", &[(". /x", true)][..]),
        ("[ -f /x ] && . /x || c", &[(". /x", true)]),
        ("source \"/x\" 2>/dev/null", &[("source \"/x\"", true)]),
        (". /x y", &[(". /x", false)]),
        ("A=1 . /x", &[(". /x", false)]),
        ("2>/y . /x", &[(". /x", false)]),
        (". 2>/y /x", &[(". 2>/y /x", false)]),
        ("a=$(. /x; b)", &[(". /x", true)]),
        ("b . /x", &[]),
    ] {
        let found = scan(script.as_bytes()).commands;
        let found: Vec<Sourced> = found.iter().filter_map(Command::sourced).collect();
        let found: Vec<(&str, bool)> = found
            .iter()
            .map(|found| (&script[found.span.start..found.span.end], found.alone))
            .collect();
        assert_eq!(found, expected, "{script}");
    }
}

#[test]
fn where_output_goes() {
    use StretchKind::{Function, Piped, Redirected, Substitution};
    let f = || Function(b"f".to_vec());
    for (script, expected) in [
        ("a | b; c || d", &[(Piped, "a ")][..]),
        ("f() { a; }\nb", &[(f(), "{ a; }")]),
        (
            "f()\n{ a; } >x",
            &[(Redirected, "{ a; } >x"), (f(), "{ a; } >x")],
        ),
        ("function f { a; }; b", &[(f(), "{ a; }")]),
        ("if a; then b; fi >&2; (c) >x &", &[(Redirected, "(c) >x ")]),
        (
            "a $(b) `c` > x",
            &[(Substitution, "$(b)"), (Substitution, "`c`")],
        ),
        (
            "for x in y; do a; done | b",
            &[(Piped, "for x in y; do a; done ")],
        ),
    ] {
        let found = scan(script.as_bytes()).stretches;
        let found: Vec<(StretchKind, &str)> = found
            .into_iter()
            .map(|found| (found.kind, &script[found.span.start..found.span.end]))
            .collect();
        assert_eq!(found, expected, "{script}");
    }
}

#[test]
fn variables_that_get_words() {
    for (script, expected) in [
        ("for x in /a /b; do c; done", "x"),
        ("A=(/a); b", "A"),
        ("A+=(/a)", "A"),
        ("local A=(/a)", "A"),
    ] {
        let found = scan(script.as_bytes()).commands;
        let with_slash = |command: &&Command| command.words[0].text.bytes().starts_with(b"/a");
        let found = found
            .iter()
            .find(with_slash)
            .map(|found| &found.variable[..]);
        assert_eq!(found, Some(expected.as_bytes()), "{script}");
    }
}

#[test]
fn what_is_not_understood() {
    for script in [
        "b 'x",
        "b \"x",
        "b `x",
        "b $(x",
        "b ${x",
        "b $'x",
        "b )",
        "(b",
        "b @(x",
        "b \"$(x\"",
    ] {
        assert!(scan(script.as_bytes()).problem.is_some(), "{script}");
    }
}

#[test]
fn a_word_knows_its_place() {
    let script = b"b 'a b' \"/x y\"\n";
    let found = scan(script);
    let (_, word) = found.words_with_slash()[0];
    let path = word.text.slice(0..2);
    assert_eq!(path.editable_span(), Some(Span::new(9, 11)));
    assert_eq!(path.encode(b"/$").as_deref(), Ok(&b"/\\$"[..]));
}

/// Where the names of a text's commands stand, in their order.
fn name_spans(script: &str) -> Vec<Span> {
    let whole = MappedText::of_file(script.as_bytes(), Span::new(0, script.len()));
    let (commands, _) = commands(&whole).unwrap_or_else(|at| panic!("{script}: {at:?}"));
    let simple = |command: &&Command| command.kind == CommandKind::Simple;
    let names = commands.iter().filter(simple).filter_map(Command::name);
    let mut names: Vec<Span> = names.map(|name| name.span).collect();
    names.sort_by_key(|span| span.start);
    names
}

fn names(script: &str) -> Vec<String> {
    let text = |span: &Span| String::from_utf8_lossy(span.of(script.as_bytes())).into_owned();
    name_spans(script).iter().map(text).collect()
}

#[test]
fn where_commands_begin() {
    for (script, expected) in [
        (
            "case x in (a|b) c;; (esac) d;; esac; e",
            &["c", "d", "e"][..],
        ),
        ("cat <<-\"E\" | b\n\t$(c)\n\tE\nd", &["cat", "b", "d"]),
        ("cat <<E\nfoo\\\nE\n$(a)\nE\nb", &["cat", "a", "b"]),
        ("i\\\nf a; t\\\nhen b; fi", &["a", "b"]),
        ("x=1 if a", &["if"]),
        (
            "echo $(( $(a) + ${b:-$(c)} )) \"$(d \"$(e)\")\"",
            &["echo", "a", "c", "d", "e"],
        ),
        ("f() if a; then b; fi; g", &["a", "b", "g"]),
        (
            "time -p a | time b; ! time c; coproc N { d; }; coproc e f",
            &["time", "time", "time", "d", "e"],
        ),
        (
            "a=(x $(b) [3]=y); declare -A c=([d e]=f); a[1 + 2]=g h",
            &["b", "declare", "h"],
        ),
        (
            "\"${a:-\"$(b '}')\"}\" c; echo ${#} ${#a} ${a#\\#} ${a//#/b} # $(d)",
            &["\"${a:-\"$(b '}')\"}\"", "b", "echo"],
        ),
        ("for x do a \"$x\"; done <y", &["a"]),
        ("[[ -f a && ( b == c* || ! -d d ) ]] && e", &["e"]),
        ("a=$(cat <<E\n$(b) )\nE\n) c", &["cat", "b", "c"]),
        ("a &>b | c |& d; e;", &["a", "c", "d", "e"]),
        (
            "echo ${a[$(b)]} ${!c@Q} ${d^^} ${e:1:$((f+1))} $'it\\'s' ${g%'}'}",
            &["echo", "b"],
        ),
        (
            "if a\nthen (b) elif c; then { d; } else ((e)) fi",
            &["a", "b", "c", "d"],
        ),
        (
            "while :; do case $1 in -*) shift;; *) break; esac; done",
            &[":", "shift", "break"],
        ),
        ("((a) && (b))", &["a", "b"]),
        ("echo $((a) )", &["echo", "a"]),
        ("for ((i = 0; i < (3); i++)) { a; }", &["a"]),
        ("a <(b) >(c) 3< <(d)", &["a", "b", "c", "d"]),
        ("function f { a; }; function g() (b)", &["a", "b"]),
        ("! (a); !(b)", &["a", "b"]),
        ("echo \\\n a; b \\\n; c", &["echo", "b", "c"]),
    ] {
        assert_eq!(names(script), expected, "{script}");
    }
}

/// Chains as long as a text of 1 MiB has room for, and nests deeper than any shell's stack allows: none of
/// it takes this program's stack. `cargo xtask bench` measures the time.
#[test]
fn a_mebibyte_of_commands_is_read() {
    const SIZE: usize = 1 << 20;
    for unit in ["a&&", "a|", "a;", "a\n"] {
        let count = SIZE / unit.len();
        let script = format!("{}a", unit.repeat(count));
        assert_eq!(name_spans(&script).len(), count + 1, "{unit}");
    }
    for (open, close, found) in [
        ("$( ", ")", 50_001),
        ("\"$(b ", ")\"", 50_001),
        ("${a:-", "}", 1),
    ] {
        let (open, close) = (open.repeat(50_000), close.repeat(50_000));
        let script = format!("echo {open}c{close}");
        assert_eq!(name_spans(&script).len(), found, "{}", &script[..20]);
    }
    for open in ["$( ", "\"$(", "(", "${a:-", "if "] {
        let script = open.repeat(SIZE / open.len());
        let whole = MappedText::of_file(script.as_bytes(), Span::new(0, script.len()));
        assert!(commands(&whole).is_err(), "{open}");
    }
}
