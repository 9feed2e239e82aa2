use super::*;
use crate::Declaration;

const KINDS: [(StatementKind, &str); 2] =
    [(StatementKind::Variable, "="), (StatementKind::Field, ":")];

/// The statements as `name=value` or `name:value`, and the texts of the problems.
fn shown(file: &str) -> (Vec<String>, Vec<String>) {
    let found = scan(file.as_bytes());
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let statements = found.statements.iter().map(|statement| {
        let operator = KINDS.iter().find(|(kind, _)| *kind == statement.kind);
        let operator = operator.map_or("?", |(_, operator)| operator);
        let (name, value) = (text(&statement.name), text(statement.value.text.bytes()));
        format!("{name}{operator}{value}")
    });
    let problems = found.problems.iter();
    let problems = problems.map(|problem| text(problem.span.of(file.as_bytes())));
    (statements.collect(), problems.collect())
}

#[test]
fn statements() {
    for (file, expected) in [
        ("", &[][..]),
        ("prefix=/usr\n", &["prefix=/usr"]),
        ("prefix = /usr \t\n", &["prefix=/usr"]),
        ("  prefix=/usr", &["prefix=/usr"]),
        ("a=\nb=c", &["a=", "b=c"]),
        (
            "Libs: -lx\nLibs.private : -ly",
            &["Libs:-lx", "Libs.private:-ly"],
        ),
        ("Description: a=b: c", &["Description:a=b: c"]),
        ("url=http://x", &["url=http://x"]),
        ("a=b\r\nc=d\r\n", &["a=b", "c=d"]),
        ("a=b\rc=d", &["a=b", "c=d"]),
        ("# a=b\na=b # c\n#", &["a=b"]),
        ("a=b\\#c", &["a=b#c"]),
        ("a=b\\\\#c", &["a=b\\\\"]),
        ("a=b\\\n  c\nd=e", &["a=bc", "d=e"]),
        ("a=b \\\r\n\tc\r\nd=e", &["a=b c", "d=e"]),
        ("a=b # c \\\nd=e", &["a=b", "d=e"]),
        ("a=\\${b}\\x", &["a=\\${b}\\x"]),
        ("a=b\\", &["a=b\\"]),
        ("lib.dir=x", &["lib.dir=x"]),
    ] {
        let (statements, problems) = shown(file);
        assert_eq!(statements, expected, "{file:?}");
        assert!(problems.is_empty(), "{file:?}: {problems:?}");
    }
}

#[test]
fn what_is_no_statement() {
    for (file, problem) in [
        ("prefix /usr\na=b", "prefix /usr"),
        ("=b\na=b", "=b"),
        ("\u{feff}\na=b", "\u{feff}"),
        ("a-b=c\na=b", "a-b=c"),
        ("x\na=b", "x"),
    ] {
        assert_eq!(shown(file), (vec!["a=b".into()], vec![problem.into()]));
    }
}

#[test]
fn a_variable_that_is_never_closed_is_text() {
    let file = "a=x${b";
    assert_eq!(shown(file).1, ["${b"]);
    let found = scan(file.as_bytes());
    let pieces = [Piece::Literal(0..1), Piece::Unbalanced(1..4)];
    assert_eq!(found.statements[0].value.pieces, pieces);
    assert_eq!(shown("a=$${b} x$${c}${d").1, ["$${b}", "$${c}", "${d"]);
    let mut variables = Variables::default();
    variables.read(&found.statements[0]);
    assert_eq!(variables.get(b"a"), Some(&b"x${b"[..]));
}

#[test]
fn no_path_stands_where_braces_are_not_understood() {
    for (value, words) in [
        ("$${ /usr/lib ${x}/lib", &[][..]),
        ("/usr/lib ${ /usr/lib", &["/usr/lib"]),
        ("$${x} ${y}/lib:/usr/lib$${z}:/lib", &["${y}/lib", "/lib"]),
        ("${pc_sysrootdir}$${x}/lib", &[]),
    ] {
        let file = format!("a={value}");
        let found = scan(file.as_bytes());
        let value = &found.statements[0].value;
        let found = path_words(value);
        let found = found.iter().map(|word| value.bytes(word.range.clone()));
        let words: Vec<_> = words.iter().map(|word| word.as_bytes()).collect();
        assert_eq!(found.collect::<Vec<_>>(), words, "{file}");
    }
}

#[test]
fn values_are_worked_out_from_what_stands_further_up() {
    let file =
        b"late=${prefix}\nprefix=${pcfiledir}/../..\nlib=${prefix}/lib\nboth=${lib}:${prefix}\n";
    let mut variables = Variables::of_file_in(b"/s/lib/pkgconfig");
    for statement in scan(file).statements {
        variables.read(&statement);
    }
    for (name, value) in [
        ("late", None),
        ("prefix", Some("/s/lib/pkgconfig/../..")),
        ("lib", Some("/s/lib/pkgconfig/../../lib")),
        (
            "both",
            Some("/s/lib/pkgconfig/../../lib:/s/lib/pkgconfig/../.."),
        ),
        ("none", None),
    ] {
        let found = variables.get(name.as_bytes());
        assert_eq!(found, value.map(str::as_bytes), "{name}");
    }
    assert!(variables.is_defined(b"late") && !variables.is_defined(b"none"));
}

#[test]
fn values_that_grow_without_bound_are_not_known() {
    let doubled = (1..64).map(|index| {
        let last = index - 1;
        format!("a{index}=${{a{last}}}${{a{last}}}\n")
    });
    let file = format!("a0=0123456789abcdef\n{}", doubled.collect::<String>());
    let mut variables = Variables::default();
    for statement in scan(file.as_bytes()).statements {
        variables.read(&statement);
    }
    assert_eq!(variables.get(b"a4").map(<[u8]>::len), Some(256));
    assert_eq!(variables.get(b"a63"), None);
}

#[test]
fn paths_in_values() {
    for (value, expected) in [
        ("/usr", &["/usr"][..]),
        ("${prefix}", &["${prefix}"]),
        ("${prefix}/lib", &["${prefix}/lib"]),
        ("lib", &[]),
        ("", &[]),
        ("/a:/b:${c}/d", &["/a", "/b", "${c}/d"]),
        (
            "-I/usr/include -L${libdir} -lx",
            &["/usr/include", "${libdir}"],
        ),
        ("-isystem${x}/y -I /z", &["${x}/y", "/z"]),
        ("-DDIR=/usr/share/x", &["/usr/share/x"]),
        ("-DDIR=\\\"/usr/share/x\\\"", &["/usr/share/x"]),
        ("-I\\${prefix}/include", &["${prefix}/include"]),
        ("-l${x} -l/usr", &[]),
        ("-Wl,-rpath,/usr/lib/x", &["/usr/lib/x"]),
        ("-I${pc_sysrootdir}/usr/include", &["/usr/include"]),
        ("-I${pc_sysrootdir}${dir}", &["${dir}"]),
        ("\"/usr/My Dir\"", &["/usr/My"]),
        ("$(prefix)/lib", &[]),
        ("${a b}/c", &["${a b}/c"]),
    ] {
        let file = format!("x={value}");
        let value = &scan(file.as_bytes()).statements[0].value;
        let words = path_words(value);
        let found: Vec<_> = words
            .iter()
            .map(|word| String::from_utf8_lossy(value.bytes(word.range.clone())))
            .collect();
        assert_eq!(found, expected, "{file}");
    }
}

#[test]
fn a_path_with_an_escape_is_known_to_be_a_part() {
    let file = b"x=/usr/My\\ Dir /usr/y";
    let words = path_words(&scan(file).statements[0].value);
    let partial: Vec<bool> = words.iter().map(|word| word.is_partial).collect();
    assert_eq!(partial, [true, false]);
}

#[test]
fn a_replacement_is_encoded() {
    let file = b"x=/a\\#b";
    let value = &scan(file).statements[0].value;
    assert_eq!(value.text.bytes(), b"/a#b");
    assert_eq!(value.text.editable_span(), Some(Span::new(2, 7)));
    assert_eq!(value.text.encode(b"/c#d").as_deref(), Ok(&b"/c\\#d"[..]));
    for refused in [b"/a b", b"/a\nb", b"/a\\b", b"/a\"b"] {
        assert!(value.text.encode(refused).is_err());
    }
}

#[test]
fn what_is_put_into_others_is_bounded() {
    let chain = |length: usize| {
        let lines = (0..length).map(|number| format!("v{}=${{v{number}}}/x\n", number + 1));
        format!("v0=/a\n{}", lines.collect::<String>())
    };
    let again = |length: usize| {
        format!(
            "v=/{}\nCflags:{}\n",
            "a".repeat(60_000),
            " -I${v}".repeat(length)
        )
    };
    for file in [chain(10_000), again(10_000)] {
        let worked_out: usize = facts(file.as_bytes())
            .declarations
            .iter()
            .map(|fact| match fact {
                Declaration::PkgConfigPath { path, .. } => path.len(),
                Declaration::PkgConfigVariable { value, .. } => value.as_ref().map_or(0, Vec::len),
                _ => 0,
            })
            .sum();
        let written = file.len();
        assert!(
            worked_out < 3 * MAX_INSERTED + 2 * written,
            "{worked_out} of {written}"
        );
    }
    // As long as nobody writes it.
    let values = facts(chain(500).as_bytes()).declarations;
    let is_known =
        |fact: &Declaration| !matches!(fact, Declaration::PkgConfigVariable { value: None, .. });
    assert!(values.iter().all(is_known));
}
