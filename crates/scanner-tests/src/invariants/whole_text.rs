//! What holds for whole scripts and for configuration of any syntax, of any bytes.

use hermetic_out_formats::configuration;
use hermetic_out_formats::paths::paths;
use hermetic_out_formats::script::python::string_literals;
use hermetic_out_formats::script::{interpreter, language};
use hermetic_out_formats::shell::{Command, Script, Use, scan};
use hermetic_out_formats::{MappedText, Span};

/// Pieces of which scripts are made.
pub const SCRIPTS: &[&[u8]] = &[
    b"#!/bin/sh\n",
    b"#!/usr/bin/env python3\n",
    b"cat /etc/x\n",
    b". /etc/default/x\n",
    b"A=${A:-/etc/x}\n",
    b"cat <<E >/y\n",
    b"cat <<-'E F'\n",
    b"\tE F\n",
    b"E\n",
    b"case $1 in\n",
    b"a|/b) ",
    b";; ",
    b"esac\n",
    b"if [ -f /etc/x ]; then ",
    b"; fi\n",
    b"f() { ",
    b"; }\n",
    b"a=(/x /y)\n",
    b"((1 << 2))",
    b"$((",
    b"))",
    b"$(",
    b"(",
    b")",
    b"`",
    b"\\`",
    b"${a",
    b":-",
    b"##",
    b"}",
    b"\"",
    b"'",
    b"$'",
    b"\\",
    b"\\\n",
    b"#",
    b" # it's /x\n",
    b"@(/a|/b)",
    b"2>",
    b"<",
    b">>",
    b"&>",
    b"|",
    b"&",
    b";",
    b"~",
    b"*",
    b"[",
    b"$X",
    b"/x",
    b"/x y",
    b" ",
    b"\n",
    b"\r\n",
    b"\0",
    b"\xff",
    b"'''",
    b"\"\"\"",
    b"f'",
];

/// Pieces of which configuration is made.
pub const CONFIGURATION: &[&[u8]] = &[
    b"include /etc/x.d/*.conf\n",
    b"a = \"/etc/x\" # /y\n",
    b"; /x\n",
    b"// /x\n",
    b"<a>/x</a>",
    b"<!--",
    b"-->",
    b" /*",
    b"*/ ",
    b"/*",
    b"-- ",
    b"dnl ",
    b"!",
    b"#",
    b"/x",
    b"file:///x",
    b"http://h/x",
    b"=",
    b":",
    b" ",
    b"\t",
    b"\n",
    b"\r\n",
    b"\0",
    b"\xff",
];

/// What another path is written as, in the tests: plain, and with something to quote.
const OTHERS: &[&[u8]] = &[b"/nix/store/h-x/etc/y", b"/a b/$c"];

fn assert_inside(file: &[u8], span: Span) {
    assert!(span.start <= span.end && span.end <= file.len(), "{span:?}");
}

fn assert_text(file: &[u8], text: &MappedText) {
    if let Some(extent) = text.covering_span() {
        assert_inside(file, extent);
    }
    for path in paths(text) {
        assert!(path.text.bytes().starts_with(b"/"));
    }
}

/// Checks all that holds for a shell script.
pub fn check_script(file: &[u8]) {
    let script = scan(file);
    for (_, word) in script.words_with_slash() {
        assert_text(file, &word.text);
    }
    for stretch in &script.stretches {
        assert_inside(file, stretch.span);
    }
    let mut end = 0;
    for document in &script.here_documents {
        let body = document.body;
        assert_inside(file, body);
        assert!(
            document
                .command
                .is_none_or(|command| command < script.commands.len())
        );
        assert!(
            body.start >= end,
            "here-documents stand one after the other"
        );
        end = body.end;
    }
    for sourced in script.commands.iter().filter_map(Command::sourced) {
        assert_inside(file, sourced.span);
    }
    for literal in string_literals(file) {
        assert_inside(file, literal.span);
    }
    assert_eq!(interpreter(file).is_some(), language(file).is_some());
    if script.problem.is_none() {
        check_replacements(file, &script);
    }
}

/// Another text in the place of a word is a word in the same place.
fn check_replacements(file: &[u8], script: &Script) {
    let words = script.words_with_slash();
    for (index, (_, word)) in words.iter().enumerate().take(8) {
        // What is read twice has no notation for anything.
        let can_change = word.text.is_literal() && word.place != Use::Data;
        let Some(span) = word.text.editable_span().filter(|_| can_change) else {
            continue;
        };
        for other in OTHERS {
            let Ok(encoded) = word.text.encode(other) else {
                continue;
            };
            let changed = [&file[..span.start], &encoded, &file[span.end..]].concat();
            let again = scan(&changed);
            let told = || changed.escape_ascii().to_string();
            assert!(again.problem.is_none(), "{}", told());
            let again = again.words_with_slash();
            assert_eq!(again.len(), words.len(), "{}", told());
            let found = again.get(index).map(|(_, word)| word.text.bytes());
            assert_eq!(found, Some(*other), "{}", told());
        }
    }
}

/// Checks all that holds for configuration.
pub fn check_configuration(file: &[u8]) {
    let mut end = 0;
    for text in configuration::texts(file) {
        assert_text(file, &text);
        let span = text.editable_span().expect("it stands in one piece");
        assert_eq!(span.of(file), text.bytes());
        assert!(span.start >= end, "the texts stand one after the other");
        end = span.end;
    }
}
