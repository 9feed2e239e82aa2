//! What scripts name that are in a language for which there is no reader: Perl, Ruby, Lua, Tcl, JavaScript,
//! PHP. Only what a line says for certain is known: that it opens a file for reading, that it writes one, or that it
//! shows a text.

use super::prose::natural_words;
use super::{Mention, Mentions, Verdict};
use crate::mapped_text::{MappedText, Span};
use crate::paths::paths;
use crate::script::interpreter;

/// Functions that write the file that follows them.
const WRITING: &[&str] = &[
    "File.delete",
    "File.unlink",
    "File.write",
    "FileUtils.rm",
    "FileUtils.rm_f",
    "FileUtils.touch",
    "IO.write",
    "appendFile",
    "appendFileSync",
    "file delete",
    "file_put_contents",
    "os.remove",
    "os.rename",
    "rename",
    "rmtree",
    "unlink",
    "unlinkSync",
    "writeFile",
    "writeFileSync",
];

/// Functions that write a file behind their first argument.
const CHANGING: &[&str] = &["chmod", "chown", "utime"];

/// Functions that open a file, with a mode of fopen(3) behind it.
const OPENING: &[&str] = &[
    "File.open",
    "IO.open",
    "fopen",
    "fs.openSync",
    "io.open",
    "open",
    "openSync",
];

/// A language, and what reads in it.
struct Language {
    /// Beginnings of its interpreters' names.
    interpreters: &'static [&'static str],
    /// Functions and operators that read the file that follows them as their only argument, or as their first.
    reading: &'static [&'static str],
    /// Functions that open a file: for reading, if no mode follows.
    opening: &'static [&'static str],
}

/// perlfunc(1) (`-X`, `do`, `open`, `require`); the documentation of Ruby's classes File, IO, Dir, YAML; the reference
/// manual of Lua (6.1, 6.8); Tcl's file(n), open(n), source(n).
const LANGUAGES: &[Language] = &[
    Language {
        interpreters: &["perl"],
        reading: &[
            "-d", "-e", "-f", "-r", "-s", "do", "lstat", "require", "stat",
        ],
        opening: &[],
    },
    Language {
        interpreters: &["ruby", "jruby"],
        reading: &[
            "Dir.entries",
            "Dir.exist?",
            "File.directory?",
            "File.exist?",
            "File.file?",
            "File.foreach",
            "File.mtime",
            "File.read",
            "File.readable?",
            "File.readlines",
            "File.size",
            "File.stat",
            "IO.binread",
            "IO.foreach",
            "IO.read",
            "IO.readlines",
            "YAML.load_file",
            "YAML.safe_load_file",
        ],
        opening: &["File.new", "File.open", "open"],
    },
    Language {
        interpreters: &["lua", "texlua"],
        reading: &["dofile", "io.lines", "loadfile"],
        opening: &["io.open"],
    },
    Language {
        interpreters: &["expect", "tclsh", "wish"],
        reading: &[
            "file exists",
            "file isdirectory",
            "file isfile",
            "file mtime",
            "file readable",
            "file size",
            "source",
        ],
        opening: &["open"],
    },
];

/// Functions that show a text to a person.
const SHOWING: &[&str] = &[
    "abort",
    "carp",
    "cluck",
    "confess",
    "console.error",
    "console.log",
    "console.warn",
    "croak",
    "die",
    "error",
    "print",
    "printf",
    "puts",
    "raise",
    "say",
    "warn",
];

/// What such a script names.
pub(super) fn mentions(content: &[u8]) -> Mentions {
    let mut mentions = Mentions::default();
    let interpreter = interpreter(content).unwrap_or_default();
    let runs = |known: &&str| interpreter.starts_with(known.as_bytes());
    let language = LANGUAGES
        .iter()
        .find(|known| known.interpreters.iter().any(runs));
    for line in lines(content) {
        for path in paths(&line) {
            let start = path.text.covering_span().map_or(0, |span| span.start);
            let begins = line.covering_span().map_or(0, |span| span.start);
            let start = start.saturating_sub(begins);
            let (before, rest) = line.bytes().split_at(start.min(line.len()));
            let after = rest.get(path.text.len()..).unwrap_or_default();
            let (verdict, reason) = if writes(before, after) {
                (Verdict::Written, "where it is written")
            } else if shows(before, rest) {
                (Verdict::Shown, "in a message")
            } else if language.is_some_and(|known| !path.goes_on && known.reads(before, after)) {
                (Verdict::Read, "where it is read")
            } else {
                (Verdict::Unknown, "in a script, where its use is not known")
            };
            mentions.list.push(Mention::new(&path, verdict, reason));
        }
    }
    mentions
}

/// The lines of a script that begin with no `#` and are no documentation of Perl (perlpod(1)).
fn lines(content: &[u8]) -> Vec<MappedText> {
    let mut texts = Vec::new();
    let mut in_pod = false;
    let mut start = 0;
    for end in memchr::memchr_iter(b'\n', content).chain([content.len()]) {
        let span = Span::new(start, end);
        start = end + 1;
        let line = span.of(content);
        if let [b'=', letter, ..] = line
            && letter.is_ascii_alphabetic()
        {
            in_pod = !line.starts_with(b"=cut");
        } else if !in_pod && !line.trim_ascii_start().starts_with(b"#") {
            texts.push(MappedText::of_file(content, span));
        }
    }
    texts
}

/// Whether a text ends with one of some names, which nothing joins.
fn ends_with_name(text: &[u8], names: &[&str]) -> bool {
    let ends = |name: &&str| {
        let before = text.strip_suffix(name.as_bytes());
        let last = before.map(<[u8]>::last);
        last.is_some_and(|last| {
            !last.is_some_and(|byte| byte.is_ascii_alphanumeric() || b"_$@%>".contains(byte))
        })
    };
    names.iter().any(ends)
}

fn without_quote(text: &[u8]) -> &[u8] {
    match text {
        [text @ .., b'"' | b'\''] => text,
        _ => text,
    }
}

/// A text without the call's parenthesis and blanks at its end.
fn callee(text: &[u8]) -> &[u8] {
    let text = text.trim_ascii_end();
    text.strip_suffix(b"(").unwrap_or(text).trim_ascii_end()
}

/// Whether a program in an argument (of awk, sed, perl, python …) writes the path between two parts of it: awk(1)
/// (`print > "FILE"`), sed(1) (`w FILE`), and what a script can say.
pub(super) fn program_writes(before: &[u8], after: &[u8]) -> bool {
    let redirects = without_quote(before).trim_ascii_end().ends_with(b">");
    let of_sed = before.strip_suffix(b"w ").is_some_and(|before| {
        let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
        !before.last().is_some_and(is_name) || before.ends_with(b"/g")
    });
    redirects || of_sed || writes(before, after)
}

fn writes(before: &[u8], after: &[u8]) -> bool {
    // `> /etc/x`, as a shell and perl's open with two arguments have it.
    let redirected = before.trim_ascii_end().strip_suffix(b">");
    if redirected.is_some_and(|before| {
        let before = before.strip_suffix(b">").unwrap_or(before);
        before
            .last()
            .is_none_or(|byte| b" \t\"'+|&012".contains(byte))
    }) {
        return true;
    }
    let start = without_quote(before);
    let is_quoted = start.len() < before.len();
    if ends_with_name(callee(start), WRITING) {
        return true;
    }
    let Some(arguments) = start.trim_ascii_end().strip_suffix(b",") else {
        let opens = ends_with_name(callee(start), OPENING);
        return opens && mode_after(after, is_quoted).is_some_and(is_writing_mode);
    };
    // `open(F, '>', '/etc/x')`, `chmod(0644, '/etc/x')`
    let first = without_quote(arguments.trim_ascii_end());
    let mode = first.iter().rposition(|byte| b"\"'".contains(byte));
    let mode = mode.map_or(&b""[..], |quote| &first[quote + 1..]);
    let is_mode = first.len() < arguments.trim_ascii_end().len()
        && (mode.starts_with(b">") || mode.starts_with(b"+"));
    let changed = arguments.iter().rposition(|byte| b"( \t".contains(byte));
    let changed = changed.map_or(&b""[..], |end| &arguments[..end]);
    is_mode || ends_with_name(callee(changed), CHANGING)
}

impl Language {
    fn reads(&self, before: &[u8], after: &[u8]) -> bool {
        let is_perl = self.opening.is_empty();
        // `open(F, '<', '/etc/x')`, `open F, "</etc/x"`, `open(F, '/etc/x')`: of two arguments, what else the
        // string holds would count.
        if is_perl && let Some(quote) = before.last().filter(|byte| b"\"'<".contains(byte)) {
            let start = without_quote(before.strip_suffix(b"<").unwrap_or(before));
            let is_closed = after.first().is_some_and(|byte| b"\"'".contains(byte));
            let arguments = start.trim_ascii_end().strip_suffix(b",");
            if is_closed && let Some(arguments) = arguments {
                let mode = arguments.trim_ascii_end();
                let handle = mode
                    .rsplitn(2, |byte| *byte == b',')
                    .last()
                    .unwrap_or_default();
                let is_mode = *quote != b'<'
                    && mode.len() > handle.len()
                    && is_reading_layer(mode[handle.len() + 1..].trim_ascii());
                let handle = if is_mode { handle } else { mode };
                return opens_handle(handle);
            }
        }
        let start = without_quote(before);
        let is_quoted = start.len() < before.len();
        let quote = before.last().copied().unwrap_or_default();
        if is_quoted && after.first() != Some(&quote) {
            return false;
        }
        let callee = callee(start);
        let is_tcl = self.interpreters.contains(&"tclsh");
        if !is_quoted && !is_tcl {
            return false;
        }
        if ends_with_name(callee, self.reading) {
            return true;
        }
        if !ends_with_name(callee, self.opening) {
            return false;
        }
        // Nothing, or a mode, may follow.
        let rest = if is_quoted {
            after.get(1..).unwrap_or_default()
        } else {
            after
        };
        let rest = rest.trim_ascii_start();
        let ends = matches!(rest.first(), None | Some(b')' | b']' | b';'))
            || rest.starts_with(b"do ")
            || rest.starts_with(b"or ");
        let mode = if is_tcl {
            mode_after(rest, false)
        } else {
            mode_after(after, is_quoted)
        };
        ends || mode.is_some_and(|mode| matches!(mode, b"r" | b"rb" | b"rt" | b"r:UTF-8"))
    }
}

/// Whether a text calls `open` with a file handle that is its last argument so far: `open(F`, `open my $f`.
fn opens_handle(text: &[u8]) -> bool {
    let is_handle = |byte: &u8| byte.is_ascii_alphanumeric() || b"_$".contains(byte);
    let text = text.trim_ascii_end();
    let handle = text.iter().rev().take_while(|byte| is_handle(byte)).count();
    let rest = text[..text.len() - handle].trim_ascii_end();
    let rest = rest.strip_suffix(b"my").unwrap_or(rest);
    handle > 0 && ends_with_name(callee(rest), &["open"])
}

/// Whether it is a mode of Perl's `open` that reads: `'<'`, `"<:encoding(UTF-8)"`.
fn is_reading_layer(mode: &[u8]) -> bool {
    let inside = without_quote(mode);
    let inside = inside
        .strip_prefix(b"'")
        .or_else(|| inside.strip_prefix(b"\""))
        .unwrap_or_default();
    inside == b"<" || inside.starts_with(b"<:") || inside.starts_with(b"< :")
}

/// The mode that follows a path: `", "w"`, of Tcl ` w`.
fn mode_after(after: &[u8], is_quoted: bool) -> Option<&[u8]> {
    let rest = if is_quoted {
        let rest = after.get(1..)?.trim_ascii_start().strip_prefix(b",")?;
        let rest = rest.trim_ascii_start();
        rest.strip_prefix(b"\"")
            .or_else(|| rest.strip_prefix(b"'"))?
    } else {
        after.trim_ascii_start()
    };
    let end = rest.iter().position(|byte| b"\"'] \t;)".contains(byte));
    Some(&rest[..end.unwrap_or(rest.len())])
}

/// fopen(3)
fn is_writing_mode(mode: &[u8]) -> bool {
    mode.len() <= 4
        && mode.iter().all(|letter| b"rwaxbt+".contains(letter))
        && mode.iter().any(|letter| b"wax+".contains(letter))
}

/// Whether a path stands in a string with other words that a function shows.
fn shows(before: &[u8], rest: &[u8]) -> bool {
    let Some(open) = before.iter().rposition(|byte| b"\"'".contains(byte)) else {
        return false;
    };
    let quote = before[open];
    let end = memchr::memchr(quote, rest).unwrap_or(rest.len());
    let words = natural_words(&before[open + 1..]) + natural_words(&rest[..end]);
    let mut function = callee(&before[..open]);
    for stream in ["STDERR", "STDOUT"] {
        function = function.strip_suffix(stream.as_bytes()).unwrap_or(function);
    }
    words > 0 && ends_with_name(callee(function), SHOWING)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_several_languages() {
        use Verdict::{Shown, Unknown, Written};
        for (script, expected) in [
            ("open(F, '/etc/x');", Some(Unknown)),
            ("open(F, '</etc/x');", Some(Unknown)),
            ("open(F, '>/etc/x');", Some(Written)),
            ("open F, \">> /etc/x\" or die;", Some(Written)),
            ("open(my $f, '>', '/etc/x');", Some(Written)),
            ("open(my $f, '+<:utf8', \"/etc/x\");", Some(Written)),
            ("open(my $f, '<', '/etc/x');", Some(Unknown)),
            ("unlink '/etc/x';", Some(Written)),
            ("chmod 0644, '/etc/x';", Some(Written)),
            ("chmod(0644, '/etc/x');", Some(Written)),
            ("system(\"echo a > /etc/x\");", Some(Written)),
            ("my %a = (file => '/etc/x');", Some(Unknown)),
            ("$a->{b}->'/etc/x'", Some(Unknown)),
            ("print '<b>/etc/x</b>';", Some(Unknown)),
            ("File.open('/etc/x', 'w')", Some(Written)),
            ("File.open('/etc/x', 'r')", Some(Unknown)),
            ("File.write(\"/etc/x\", a)", Some(Written)),
            ("f = io.open(\"/etc/x\", \"a+\")", Some(Written)),
            ("set f [open /etc/x w]", Some(Written)),
            ("set f [open /etc/x r]", Some(Unknown)),
            ("fs.writeFileSync('/etc/x', a)", Some(Written)),
            ("die \"cannot read /etc/x: $!\";", Some(Shown)),
            ("print STDERR \"see the file /etc/x\\n\";", Some(Shown)),
            ("print F \"the file /etc/x\";", Some(Unknown)),
            ("print $f \"the file /etc/x\";", Some(Unknown)),
            ("puts \"the file /etc/x\"", Some(Shown)),
            ("console.log('the file /etc/x')", Some(Shown)),
            ("print \"/etc/x\";", Some(Unknown)),
            ("# /etc/x\n", None),
            ("=pod\n\n/etc/x\n\n=cut\n", None),
        ] {
            let found = mentions(script.as_bytes()).list;
            let of_x = found
                .iter()
                .find(|mention| mention.text.bytes() == b"/etc/x");
            assert_eq!(of_x.map(|mention| mention.verdict), expected, "{script}");
        }
    }

    #[test]
    fn what_opens_a_file_for_reading() {
        use Verdict::{Read, Unknown, Written};
        for (interpreter, script, expected) in [
            ("perl", "open(F, '/etc/x');", Read),
            ("perl", "open(F, '</etc/x') || die;", Read),
            ("perl", "open(my $f, '<', '/etc/x') or die;", Read),
            ("perl", "open my $f, '<:encoding(UTF-8)', \"/etc/x\";", Read),
            ("perl", "open(F, $mode, '/etc/x');", Unknown),
            ("perl", "open(F, '/etc/x |');", Unknown),
            ("perl", "open(F, '+<', '/etc/x');", Written),
            ("perl", "if (-e '/etc/x') {", Read),
            ("perl", "do '/etc/x';", Read),
            ("perl", "do_it '/etc/x';", Unknown),
            ("perl", "$c = '/etc/x';", Unknown),
            ("ruby", "File.read('/etc/x')", Read),
            ("ruby", "File.open('/etc/x', 'r')", Read),
            ("ruby", "File.open('/etc/x') do |f|", Read),
            ("ruby", "File.open('/etc/x', mode)", Unknown),
            ("ruby", "YAML.load_file '/etc/x'", Read),
            ("lua5.4", "f = io.open(\"/etc/x\")", Read),
            ("lua", "f = io.open(\"/etc/x\", \"rb\")", Read),
            ("lua", "for l in io.lines('/etc/x') do", Read),
            ("lua", "f = io.open(\"/etc/x\", \"w\")", Written),
            ("tclsh", "set f [open /etc/x]", Read),
            ("tclsh", "set f [open \"/etc/x\" r]", Read),
            ("tclsh", "source /etc/x", Read),
            ("tclsh", "set f [open /etc/x a]", Written),
            ("tclsh", "hello /etc/x", Unknown),
            ("other", "open(F, '<', '/etc/x');", Unknown),
        ] {
            let script = format!("#!/usr/bin/{interpreter}\n{script}\n");
            let found = mentions(script.as_bytes()).list;
            let of_x = found
                .iter()
                .find(|mention| mention.text.bytes() == b"/etc/x");
            assert_eq!(
                of_x.map(|mention| mention.verdict),
                Some(expected),
                "{script}"
            );
        }
    }
}
