use hermetic_out_formats::shell::{CommandKind, commands};
use hermetic_out_formats::{MappedText, Span};
#[test]
fn ten() {
    let mut right = 0;
    for (script, expected) in [
        ("case x in (a|b) c;; (esac) d;; esac; e", &["c", "d", "e"][..]),
        ("cat <<-\"E\" | b\n\t$(c)\n\tE\nd", &["cat", "b", "d"]),
        ("cat <<E\nfoo\\\nE\n$(a)\nE\nb", &["cat", "a", "b"]),
        ("i\\\nf a; t\\\nhen b; fi", &["a", "b"]),
        ("x=1 if a", &["if"]),
        ("echo $(( $(a) + ${b:-$(c)} )) \"$(d \"$(e)\")\"", &["echo", "a", "c", "d", "e"]),
        ("f() if a; then b; fi; g", &["a", "b", "g"]),
        ("time -p a | time b; ! time c; coproc N { d; }; coproc e f", &["time", "time", "time", "d", "e"]),
        ("a=(x $(b) [3]=y); declare -A c=([d e]=f); a[1 + 2]=g h", &["b", "declare", "h"]),
        ("\"${a:-\"$(b '}')\"}\" c; echo ${#} ${#a} ${a#\\#} ${a//#/b} # $(d)", &["\"${a:-\"$(b '}')\"}\"", "b", "echo"]),
        // beyond the ten
        ("for x do a \"$x\"; done <y", &["a"]),
        ("[[ -f a && ( b == c* || ! -d d ) ]] && e", &["e"]),
        ("a=$(cat <<E\n$(b) )\nE\n) c", &["cat", "b", "c"]),
        ("a &>b | c |& d; e;", &["a", "c", "d", "e"]),
        ("echo ${a[$(b)]} ${!c@Q} ${d^^} ${e:1:$((f+1))} $'it\\'s' ${g%'}'}", &["echo", "b"]),
        ("if a\nthen (b) elif c; then { d; } else ((e)) fi", &["a", "b", "c", "d"]),
        ("while :; do case $1 in -*) shift;; *) break; esac; done", &[":", "shift", "break"]),
        ("((a) && (b))", &["a", "b"]),
        ("echo $((a) )", &["echo", "a"]),
        ("for ((i = 0; i < (3); i++)) { a; }", &["a"]),
        ("a <(b) >(c) 3< <(d)", &["a", "b", "c", "d"]),
        ("function f { a; }; function g() (b)", &["a", "b"]),
        ("! (a); !(b)", &["a", "b"]),
        ("echo \\\n a; b \\\n; c", &["echo", "b", "c"]),
    ] {
        let text = MappedText::of_file(script.as_bytes(), Span::new(0, script.len()));
        let found = commands(&text).map(|(commands, _)| {
            let mut names: Vec<_> = commands.iter().filter(|c| c.kind == CommandKind::Simple).filter_map(|c| c.name()).map(|n| (n.span.start, String::from_utf8_lossy(n.span.of(script.as_bytes())).into_owned())).collect();
            names.sort();
            names.into_iter().map(|(_, n)| n).collect::<Vec<_>>()
        });
        if found.as_deref() == Ok(&expected.iter().map(|s| s.to_string()).collect::<Vec<_>>()[..]) { right += 1 } else { println!("WRONG {script:?}: {found:?}") }
    }
    println!("RIGHT {right}");
}
