//! Where a text file names absolute paths, and what can be done about each.

use hermetic_out_formats::configuration;
use hermetic_out_formats::paths::paths;
use hermetic_out_formats::script::Language;
use hermetic_out_formats::script::python::string_literals;
use hermetic_out_formats::shell::{self, Script, Use, Word};
use hermetic_out_formats::unit::lines::{Line, lines};
use hermetic_out_formats::{FileKind, MappedText, Reference, Role, Span, scan};

use crate::read::Format;

/// What can be done about a mention.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Handling {
    /// Another path can stand there.
    Replace,
    /// It stays, since it is not known what another path would do there: where it stands.
    Stays(&'static str),
    /// It stays, since a machine's own file is meant, or a path in another tree.
    StaysQuietly,
    /// It is written to.
    Written,
    /// A unit reads variables from it: where its assignment begins, and whether it may be missing.
    EnvironmentFile { assignment: usize, optional: bool },
    /// A shell reads commands from it: the command, which another one can replace.
    Sourced(Span),
}

/// An absolute path that a file names.
#[derive(Clone, Debug)]
pub(crate) struct Mention {
    pub(crate) text: MappedText,
    /// Whether the path is only the beginning of a name.
    pub(crate) goes_on: bool,
    pub(crate) way: Handling,
}

/// What a file names.
#[derive(Clone, Debug, Default)]
pub(crate) struct Mentions {
    pub(crate) list: Vec<Mention>,
    /// The files that it reads variables or commands from.
    pub(crate) layers: Vec<Vec<u8>>,
    /// Where it cannot be understood.
    pub(crate) problem: Option<Span>,
}

/// Directives about what a service may do with a path; nothing is read from it.
const PERMISSIONS: &[&str] = &[
    "ExecPaths",
    "InaccessiblePaths",
    "NoExecPaths",
    "ReadOnlyPaths",
];

/// Directives whose path is a place rather than a content: what is bound is seen under the same name, and
/// what is watched is the administrator's.
const PLACES: &[&str] = &[
    "BindPaths",
    "BindReadOnlyPaths",
    "DirectoryNotEmpty",
    "PathChanged",
    "PathExists",
    "PathExistsGlob",
    "PathModified",
    "RequiresMountsFor",
];

/// Commands that write all files they are given, and those that write the last one: coreutils, GNU ed,
/// GNU patch.
const WRITERS: &[&[u8]] = &[
    b"chgrp",
    b"chmod",
    b"chown",
    b"ed",
    b"ex",
    b"mkdir",
    b"mkfifo",
    b"mv",
    b"patch",
    b"rm",
    b"rmdir",
    b"tee",
    b"touch",
    b"truncate",
    b"unlink",
];
const WRITERS_OF_THE_LAST: &[&[u8]] = &[b"cp", b"install", b"ln", b"rsync"];

/// Commands whose arguments are programs in a language of their own.
const WITH_PROGRAM_TEXT: &[&[u8]] = &[
    b"awk", b"egrep", b"fgrep", b"gawk", b"grep", b"mawk", b"perl", b"python", b"python3", b"sed",
];

/// All absolute paths that a file names.
pub(crate) fn of(format: Format, content: &[u8]) -> Mentions {
    match format {
        Format::Known(kind) => known(kind, content),
        Format::Script(Language::Shell) => shell_script(content),
        Format::Script(Language::Python) => python(content),
        Format::Configuration => all_of(&configuration::texts(content), Handling::Replace),
        Format::Script(_) => all_of(
            &other_script(content),
            Handling::Stays("in a script of a language that is not read"),
        ),
    }
}

fn all_of(texts: &[MappedText], way: Handling) -> Mentions {
    let list = texts.iter().flat_map(|text| {
        paths(text).into_iter().map(move |path| Mention {
            text: path.text,
            goes_on: path.goes_on,
            way,
        })
    });
    Mentions {
        list: list.collect(),
        ..Mentions::default()
    }
}

fn known(kind: FileKind, content: &[u8]) -> Mentions {
    let scan = scan(kind, content);
    let mut mentions = Mentions::default();
    let mut environment_files = Vec::new();
    if kind == FileKind::Unit {
        for line in lines(content) {
            if let Line::Assignment(assignment) = line
                && assignment.key.bytes() == b"EnvironmentFile"
            {
                let value = assignment.value.bytes();
                let file = value.strip_prefix(b"-").unwrap_or(value);
                mentions.layers.push(file.to_vec());
                environment_files.push(assignment.span);
            }
        }
    }
    for reference in scan.references {
        let is_path = reference.text.literal_prefix().starts_with(b"/");
        let unread = matches!(
            reference.role,
            Role::ProgramSearchPath | Role::Documentation
        );
        if !is_path || unread || PERMISSIONS.contains(&reference.field.as_ref()) {
            continue;
        }
        let Some(extent) = reference.text.covering_span() else {
            continue;
        };
        // A condition that the file is *not* there: the package's own always is.
        let negated = reference.role == Role::Condition
            && extent.start > 0
            && content.get(extent.start - 1) == Some(&b'!');
        if negated {
            continue;
        }
        let holds = |span: &&Span| span.start <= extent.start && extent.end <= span.end;
        let assignment = environment_files.iter().find(holds);
        mentions.list.push(Mention {
            way: way_of(&reference, assignment.map(|span| span.start)),
            text: reference.text,
            goes_on: false,
        });
    }
    mentions
}

fn way_of(reference: &Reference, assignment: Option<usize>) -> Handling {
    match (reference.field.as_ref(), assignment) {
        ("EnvironmentFile", Some(assignment)) => Handling::EnvironmentFile {
            assignment,
            optional: reference.optional,
        },
        ("ReadWritePaths", _) => Handling::Written,
        (field, _) if PLACES.contains(&field) => Handling::StaysQuietly,
        _ => Handling::Replace,
    }
}

fn shell_script(content: &[u8]) -> Mentions {
    let script = shell::scan(content);
    let mut mentions = Mentions {
        problem: script.problem,
        ..Mentions::default()
    };
    for sourced in &script.sourced {
        mentions.layers.push(sourced.text.bytes().to_vec());
    }
    for word in &script.words {
        for path in paths(&word.text) {
            let is_whole = path.text.len() == word.text.len() && !path.goes_on;
            mentions.list.push(Mention {
                way: way_in_shell(&script, word, is_whole),
                text: path.text,
                goes_on: path.goes_on,
            });
        }
    }
    for body in &script.here_documents {
        let text = MappedText::of_file(content, *body);
        let inside = all_of(&[text], Handling::Stays("in a here-document"));
        mentions.list.extend(inside.list);
    }
    mentions
}

fn way_in_shell(script: &Script, word: &Word, is_whole: bool) -> Handling {
    let command = word.command.as_slice();
    let in_place = word.options.starts_with(b" -i") || {
        let mut options = word.options.split(|byte| *byte == b' ');
        options.any(|option| option.starts_with(b"-i") || option.starts_with(b"--in-place"))
    };
    let writes = match command {
        b"sed" | b"perl" => in_place && is_whole,
        b"dd" => word.text.bytes().starts_with(b"of="),
        _ if WRITERS_OF_THE_LAST.contains(&command) => word.is_last && is_whole,
        _ => WRITERS.contains(&command) && is_whole,
    };
    match word.place {
        _ if script.problem.is_some() => Handling::Stays("in a script that is not understood"),
        Use::Write => Handling::Written,
        Use::Data => Handling::Stays("in backquotes with backslashes"),
        Use::Pattern => Handling::Stays("in a pattern that is compared"),
        Use::Argument if writes => Handling::Written,
        Use::Argument if !is_whole && WITH_PROGRAM_TEXT.contains(&command) => {
            Handling::Stays("in a program of another language")
        }
        Use::Argument if is_whole => {
            let span = word.text.covering_span();
            let mut sourced = script.sourced.iter();
            let sourced = sourced.find(|known| known.text.covering_span() == span && known.alone);
            sourced.map_or(Handling::Replace, |known| Handling::Sourced(known.span))
        }
        _ => Handling::Replace,
    }
}

fn python(content: &[u8]) -> Mentions {
    let mut mentions = Mentions::default();
    for literal in string_literals(content) {
        let bytes = literal.span.of(content);
        // Of several lines: a text for people.
        if bytes.contains(&b'\n') {
            continue;
        }
        let text = MappedText::of_file(content, literal.span);
        for path in paths(&text) {
            let is_whole = path.text.len() == bytes.len() && !literal.has_substitutions;
            mentions.list.push(Mention {
                way: if is_whole {
                    Handling::Replace
                } else {
                    Handling::Stays("within a longer string")
                },
                text: path.text,
                goes_on: path.goes_on || literal.has_substitutions,
            });
        }
    }
    mentions
}

/// The lines of a script that begin with no `#` and are no documentation of Perl (perlpod(1)).
fn other_script(content: &[u8]) -> Vec<MappedText> {
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

#[cfg(test)]
mod tests {
    use super::*;

    /// The paths that a file names, with what can be done about each.
    fn ways(format: Format, content: &str) -> Vec<(String, Handling)> {
        let found = of(format, content.as_bytes()).list;
        let text = |mention: &Mention| String::from_utf8_lossy(mention.text.bytes()).into_owned();
        found
            .iter()
            .map(|mention| (text(mention), mention.way))
            .collect()
    }

    #[test]
    fn in_a_shell_script() {
        for (script, way) in [
            ("cat /etc/x", Handling::Replace),
            ("A=\"-c /etc/x\"", Handling::Replace),
            ("A=${A:-/etc/x}", Handling::Replace),
            ("echo a > /etc/x", Handling::Written),
            ("sed -i s/a/b/ /etc/x", Handling::Written),
            ("sed -n p /etc/x", Handling::Replace),
            (
                "sed 's,@A@,/etc/x,'",
                Handling::Stays("in a program of another language"),
            ),
            ("cp a /etc/x", Handling::Written),
            ("cp /etc/x a", Handling::Replace),
            ("rm -f /etc/x", Handling::Written),
            (
                "case $a in /etc/x) ;; esac",
                Handling::Stays("in a pattern that is compared"),
            ),
            (
                "cat <<E\n/etc/x\nE\n",
                Handling::Stays("in a here-document"),
            ),
            (". /etc/x", Handling::Sourced(Span::new(0, 8))),
            (". /etc/x a", Handling::Replace),
            (
                "cat /etc/x 'a",
                Handling::Stays("in a script that is not understood"),
            ),
        ] {
            let found = ways(Format::Script(Language::Shell), script);
            assert_eq!(found, [("/etc/x".into(), way)], "{script}");
        }
    }

    #[test]
    fn in_a_unit() {
        for (line, way) in [
            (
                "[Service]\nExecStart=/bin/x -c /etc/x",
                Some(Handling::Replace),
            ),
            ("[Service]\nReadWritePaths=/etc/x", Some(Handling::Written)),
            ("[Service]\nReadOnlyPaths=/etc/x", None),
            (
                "[Service]\nBindReadOnlyPaths=/etc/x",
                Some(Handling::StaysQuietly),
            ),
            ("[Path]\nPathChanged=/etc/x", Some(Handling::StaysQuietly)),
            ("[Unit]\nConditionPathExists=!/etc/x", None),
            (
                "[Unit]\nConditionPathExists=/etc/x",
                Some(Handling::Replace),
            ),
            (
                "[Service]\nEnvironmentFile=-/etc/x",
                Some(Handling::EnvironmentFile {
                    assignment: 10,
                    optional: true,
                }),
            ),
        ] {
            let found = ways(Format::Known(FileKind::Unit), line);
            let of_x = found.into_iter().find(|(path, _)| path == "/etc/x");
            assert_eq!(of_x.map(|(_, way)| way), way, "{line}");
        }
    }

    #[test]
    fn in_other_languages() {
        let other = Handling::Stays("in a script of a language that is not read");
        for (language, script, way) in [
            (Language::Python, "open('/etc/x')", Some(Handling::Replace)),
            (
                Language::Python,
                "a = 'see /etc/x'",
                Some(Handling::Stays("within a longer string")),
            ),
            (Language::Python, "# '/etc/x'", None),
            (Language::Python, "'''\n/etc/x\n'''", None),
            (Language::Other, "open(F, '/etc/x');", Some(other)),
            (Language::Other, "# /etc/x\n", None),
            (Language::Other, "=pod\n\n/etc/x\n\n=cut\n", None),
        ] {
            let found = ways(Format::Script(language), script);
            assert_eq!(found.first().map(|(_, way)| *way), way, "{script}");
        }
    }
}
