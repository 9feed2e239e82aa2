//! What a command line names: its program, the programs and paths among its arguments, and the
//! scripts that it hands to a shell.

use crate::encoding::Encoding;
use crate::launchers::{self, Launch, Part, Place};
use crate::mapped_text::MappedText;
use crate::paths::{self, PathInText};
use crate::quoted_words;
use crate::reference::{Lookup, Meaning, Reference, Role, Scan};
use crate::shell::{Names, scan_script};
use crate::words::read_variables;

/// Where a command line stands, and what holds for all it names.
#[derive(Clone, Debug)]
pub(crate) struct Context {
    /// The directive or key that holds it.
    pub(crate) field: &'static str,
    /// How its program is found if it is no absolute path.
    pub(crate) lookup: Lookup,
    /// Whether its failure is tolerated.
    pub(crate) optional: bool,
    /// Whether it runs with full privileges, whatever the file's user.
    pub(crate) privileged: bool,
}

impl Context {
    /// A command line whose failure counts, run as whoever the file's user is.
    pub(crate) fn new(field: &'static str, lookup: Lookup) -> Self {
        Self {
            field,
            lookup,
            optional: false,
            privileged: false,
        }
    }

    /// A program that is run by its bare name by another one.
    pub(crate) fn launched(&self, text: MappedText, unknown_path: bool) -> Reference {
        let mut reference = self.reference(Role::PrefixedProgram, text);
        if unknown_path {
            reference.lookup = Lookup::UnknownSearchPath;
        }
        reference
    }

    /// A reference that stands in this command line.
    pub(crate) fn reference(&self, role: Role, text: MappedText) -> Reference {
        let lookup = match role {
            Role::Program => self.lookup.clone(),
            Role::ShellCommand | Role::PrefixedProgram => Lookup::SearchPath,
            _ => Lookup::Nowhere,
        };
        Reference {
            lookup,
            optional: self.optional,
            privileged: self.privileged,
            ..Reference::new(role, self.field, text)
        }
    }
}

/// Adds what a command line names. `words` are decoded; the first is the program.
pub(crate) fn scan_command(scan: &mut Scan, context: &Context, words: &[MappedText]) {
    let Some(program) = words.first() else {
        return;
    };
    if !program.is_empty() {
        scan.references
            .push(context.reference(Role::Program, program.clone()));
    }
    let holds = |word: &MappedText, text: &[u8]| memchr::memmem::find(word.bytes(), text).is_some();
    let names_etc =
        |word: &MappedText| holds(word, b"/etc/") || holds(word, b"CONFIGURATION_DIRECTORY");
    if words.iter().any(names_etc) {
        scan.command_lines.push(words.to_vec());
    }
    walk(words, &mut |word, piece| {
        match piece {
            Piece::Program { unknown_path, .. } => {
                if word.bytes().starts_with(b"/") {
                    let program = context.reference(Role::Program, word.clone());
                    scan.references.push(program);
                } else if is_name(word) {
                    let program = context.launched(word.clone(), unknown_path);
                    scan.references.push(program);
                } else {
                    scan_argument(scan, context.field, word);
                }
            }
            piece => scan_piece(scan, context, word, &piece),
        }
        false
    });
}

/// Adds the references of a word that are not programs.
pub(crate) fn scan_piece(scan: &mut Scan, context: &Context, word: &MappedText, piece: &Piece<'_>) {
    match piece {
        Piece::Program { .. } => {}
        Piece::Argument => scan_argument(scan, context.field, word),
        Piece::Candidate => scan.references.push(Reference {
            optional: true,
            ..context.launched(word.clone(), true)
        }),
        Piece::Script { unknown_path } => {
            let names = if *unknown_path {
                Names::Left
            } else {
                Names::Resolved
            };
            scan_script(scan, context, word, names);
        }
        Piece::Source { is_in_place } => {
            if word.bytes().starts_with(b"/") {
                let meaning = if *is_in_place {
                    Meaning::FileInPlace
                } else {
                    Meaning::File
                };
                scan.references.push(Reference {
                    meaning,
                    ..context.reference(Role::Argument, word.clone())
                });
            }
        }
    }
}

/// Whether a word can be the name of a program that is looked up on a search path.
fn is_name(word: &MappedText) -> bool {
    let is_of_name = |byte: &u8| byte.is_ascii_alphanumeric() || b"._+@[-".contains(byte);
    let bytes = word.bytes();
    word.is_literal() && !bytes.is_empty() && bytes.iter().all(is_of_name)
}

/// What a word of a command line is, beside its program.
pub(crate) enum Piece<'a> {
    /// A program that is run by the one in front, and its arguments. If it is a bare name, it may be looked
    /// up on a search path that is not known.
    Program {
        arguments: &'a [MappedText],
        unknown_path: bool,
    },
    /// It may be a program: an option in front of it is not known.
    Candidate,
    /// An argument.
    Argument,
    /// A script for a shell; its search path may not be known.
    Script { unknown_path: bool },
    /// A file that is shown elsewhere: in the same place, if nothing else is said.
    Source { is_in_place: bool },
}

/// How deep programs that run programs are read.
const MAX_DEPTH: usize = 32;
/// How deep words are split into words.
const MAX_SPLITS: usize = 4;

/// Shows what the arguments of a command line are, of which the first word is the program. `visit` says
/// whether it has seen to the arguments of a program itself.
pub(crate) fn walk(words: &[MappedText], visit: &mut dyn FnMut(&MappedText, Piece<'_>) -> bool) {
    walk_in(words, Place::default(), 0, visit);
}

/// A command whose arguments are being shown.
struct Level<'a> {
    program: &'a MappedText,
    arguments: &'a [MappedText],
    launch: Launch,
    place: Place,
    /// The argument that is next.
    at: usize,
    /// The command that is next.
    command: usize,
}

impl<'a> Level<'a> {
    fn new(words: &'a [MappedText], place: Place, depth: usize) -> Option<Self> {
        let (program, arguments) = words.split_first()?;
        let is_known = depth < MAX_DEPTH && program.is_literal();
        let known = Some(program).filter(|_| is_known);
        let launch = known.and_then(|program| launchers::read(program.bytes(), arguments));
        let mut launch = launch.unwrap_or_else(Launch::none);
        launch.add_shells(arguments);
        let place = Place {
            unknown_path: place.unknown_path || launch.place.unknown_path,
            elsewhere: place.elsewhere || launch.place.elsewhere,
        };
        Some(Self {
            program,
            arguments,
            launch,
            place,
            at: 0,
            command: 0,
        })
    }

    /// The words of the command that begins at its next argument, if one does. It goes on behind them.
    fn command(&mut self) -> Option<&'a [MappedText]> {
        let range = self.launch.commands.get(self.command)?;
        if range.start != self.at {
            return None;
        }
        self.at = range.end;
        self.command += 1;
        self.arguments.get(range.clone())
    }
}

fn walk_in(
    words: &[MappedText],
    place: Place,
    splits: usize,
    visit: &mut dyn FnMut(&MappedText, Piece<'_>) -> bool,
) {
    let mut open: Vec<Level<'_>> = Level::new(words, place, 0).into_iter().collect();
    // The program of an option, whose arguments follow.
    let mut named: Option<MappedText> = None;
    while let Some(level) = open.last_mut() {
        let Some(argument) = level.arguments.get(level.at) else {
            open.pop();
            continue;
        };
        let Place {
            unknown_path,
            elsewhere,
        } = level.place;
        if let Some(command) = level.command() {
            let (place, is_applet) = (level.place, level.launch.is_applet);
            let is_joined = level.launch.is_joined;
            if elsewhere {
                continue;
            }
            if let Some(program) = named.take() {
                let line = [vec![program], command.to_vec()].concat();
                if splits < MAX_SPLITS {
                    walk_in(&line, place, splits + 1, visit);
                }
                continue;
            }
            let is_plain = is_name(argument) || argument.bytes().starts_with(b"/");
            if is_joined && command.len() == 1 && !is_plain {
                visit(argument, Piece::Script { unknown_path });
                continue;
            }
            let launched = Piece::Program {
                arguments: command.get(1..).unwrap_or_default(),
                unknown_path,
            };
            if is_applet || !visit(argument, launched) {
                let depth = open.len();
                open.extend(Level::new(command, place, depth));
            }
            continue;
        }
        let part = level.launch.parts.get(&level.at).copied();
        let (part, from) = part.unwrap_or((Part::Argument, 0));
        let value = || argument.slice(from..argument.len());
        level.at += 1;
        match part {
            Part::Elsewhere => {}
            Part::Candidate if is_name(argument) => {
                visit(argument, Piece::Candidate);
            }
            Part::Argument | Part::Candidate => {
                visit(argument, Piece::Argument);
            }
            Part::Bind | Part::Volume | Part::Mount => visit_source(&value(), part, visit),
            Part::Script if elsewhere => {}
            Part::Script => {
                visit(&value(), Piece::Script { unknown_path });
            }
            Part::Program if elsewhere => {}
            Part::Program => {
                let program = value();
                let arguments = level.launch.commands.first().cloned().unwrap_or(0..0);
                let arguments = level.arguments.get(arguments).unwrap_or_default();
                let launched = Piece::Program {
                    arguments,
                    unknown_path,
                };
                visit(&program, launched);
                named = Some(program);
            }
            Part::Words => {
                let words = split_words(&value()).filter(|_| splits < MAX_SPLITS);
                let rest = level.command().unwrap_or_default();
                if let Some(words) = words {
                    let program = std::slice::from_ref(level.program);
                    let line = [program, &words, rest].concat();
                    walk_in(&line, level.place, splits + 1, visit);
                } else {
                    for word in [&[value()], rest].concat() {
                        visit(&word, Piece::Argument);
                    }
                }
            }
        }
    }
}

/// Shows the source of a word that says what is to be seen where.
fn visit_source(
    word: &MappedText,
    part: Part,
    visit: &mut dyn FnMut(&MappedText, Piece<'_>) -> bool,
) {
    if part == Part::Mount {
        let mut start = 0;
        for item in word.bytes().split(|byte| *byte == b',') {
            let end = start + item.len();
            let keys: [&[u8]; 2] = [b"src=", b"source="];
            if let Some(key) = keys.iter().find(|key| item.starts_with(key)) {
                let is_in_place = false;
                visit(
                    &word.slice(start + key.len()..end),
                    Piece::Source { is_in_place },
                );
            }
            start = end + 1;
        }
        return;
    }
    let colon = memchr::memchr(b':', word.bytes());
    if part == Part::Volume && colon.is_none() {
        return;
    }
    let source = word.slice(0..colon.unwrap_or(word.len()));
    let is_in_place = colon.is_none();
    visit(&source, Piece::Source { is_in_place });
}

/// The words of the value of `env -S`: env(1). `None` if it has escapes or comments.
fn split_words(value: &MappedText) -> Option<Vec<MappedText>> {
    if value.bytes().iter().any(|byte| b"\\#".contains(byte)) {
        return None;
    }
    let words = quoted_words::split(value, |_| Encoding::EnvWord).ok()?;
    Some(words.iter().map(read_variables).collect())
}

/// Variables that hold directories in which libraries and modules are looked for, separated by
/// colons: ld.so(8), python(1), perlrun(1), and the manuals of node, Qt, the GNOME
/// libraries and ruby.
const SEARCH_PATHS: &[&[u8]] = &[
    b"GI_TYPELIB_PATH",
    b"GST_PLUGIN_PATH",
    b"GST_PLUGIN_SYSTEM_PATH",
    b"LD_LIBRARY_PATH",
    b"NODE_PATH",
    b"PERL5LIB",
    b"PYTHONPATH",
    b"QT_PLUGIN_PATH",
    b"RUBYLIB",
];

/// Adds what the value of an environment variable names.
pub(crate) fn scan_variable(scan: &mut Scan, field: &'static str, name: &[u8], value: &MappedText) {
    let context = Context::new(field, Lookup::Nowhere);
    if name == b"PATH" {
        if has_literal_item(value) {
            scan.references
                .push(context.reference(Role::ProgramSearchPath, value.clone()));
        }
    } else if SEARCH_PATHS.contains(&name) {
        let entries = paths(&context, Role::SearchPathEntry, value);
        let whole = entries.filter(|entry| entry.meaning != Meaning::OwnFile);
        scan.references.extend(whole);
    } else {
        scan_argument(scan, field, value);
    }
}

/// Whether one of the directories of a search path is known here.
fn has_literal_item(value: &MappedText) -> bool {
    let mut start = 0;
    value.bytes().split(|byte| *byte == b':').any(|item| {
        let end = start + item.len();
        let literal = !item.is_empty() && value.slice(start..end).is_literal();
        start = end + 1;
        literal
    })
}

/// Adds the absolute paths in a word, an assignment's value or an option: the whole of it, after
/// `--option=`, glued to `-x`, and the items of a list.
pub(crate) fn scan_argument(scan: &mut Scan, field: &'static str, word: &MappedText) {
    let context = Context::new(field, Lookup::Nowhere);
    scan.references
        .extend(paths(&context, Role::Argument, word));
}

/// References to the absolute paths in a word. Where a path ends is not always known: a name may hold what
/// separates words elsewhere. What a glob or a substitution completes is left out unless that is what the
/// text ends with.
pub(crate) fn paths(
    context: &Context,
    role: Role,
    word: &MappedText,
) -> impl Iterator<Item = Reference> {
    let found = paths::paths(word).into_iter();
    let is_whole = |path: &PathInText| (!path.goes_on || path.may_end) && path.text.len() > 1;
    found.filter(is_whole).map(move |path| Reference {
        meaning: if path.goes_on || path.is_attached {
            Meaning::OwnFile
        } else {
            Meaning::File
        },
        longer: paths::longer(word, &path.range),
        ..context.reference(role, path.text)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mapped_text::Span;

    fn text(bytes: &str) -> MappedText {
        MappedText::of_file(bytes.as_bytes(), Span::new(0, bytes.len()))
    }

    /// The paths in a word, each in front of the longer texts that it may stand for; a `?` marks one that has
    /// to be the package's own.
    #[test]
    fn the_paths_in_a_word() {
        for (word, expected) in [
            ("/usr/bin/x", &["/usr/bin/x"][..]),
            ("--opt=/usr/bin/x", &["/usr/bin/x"]),
            ("-c/etc/x.conf", &["/etc/x.conf"]),
            ("-ab/etc/x.conf", &[]),
            ("A=/x:/y,/z", &["/x", "/y", "/z"]),
            (
                "exec /usr/bin/x --y '/z w'",
                &["/usr/bin/x", "/usr/bin/x --y", "/z", "/z w"],
            ),
            ("http://host/path", &[]),
            ("file:///usr/x", &["/usr/x"]),
            ("unix:/run/x", &["/run/x"]),
            ("a/b", &[]),
            ("s/^MD_/UDISKS_/g", &[]),
            ("/usr/lib/x*", &[]),
            ("/usr/lib/x=y", &["?/usr/lib/x", "/usr/lib/x=y"]),
            ("/usr/lib/x=*", &["?/usr/lib/x"]),
            ("-javaagent:/x.jar=7:/y", &["?/x.jar", "/x.jar=7", "/y"]),
            ("--map=/x=/y", &["?/x", "/y"]),
            ("src=/x,dst=/y", &["/x", "/x,dst", "/y"]),
            ("@/x", &["?/x"]),
            ("/x:ro", &["/x", "/x:ro"]),
            ("a=/x;b;c", &["/x", "/x;b;c", "/x;b"]),
            ("file:///x#y", &["?/x", "/x#y"]),
            ("/", &[]),
            ("{/usr/bin/x}", &["/usr/bin/x"]),
        ] {
            let context = Context::new("ExecStart", Lookup::Nowhere);
            let mut found = Vec::new();
            for path in paths(&context, Role::Argument, &text(word)) {
                let is_own = path.meaning == Meaning::OwnFile;
                let mark = if is_own { "?" } else { "" };
                let shown = |text: &MappedText| String::from_utf8_lossy(text.bytes()).into_owned();
                found.push(format!("{mark}{}", shown(&path.text)));
                found.extend(path.longer.iter().map(shown));
            }
            assert_eq!(found, expected, "{word}");
        }
    }

    fn words(line: &str) -> Vec<MappedText> {
        line.split(' ').map(text).collect()
    }

    /// The words of a line that are programs (`!`, or `~` on a search path that is not known), scripts (`$`),
    /// candidates (`?`), sources (`<`), and other arguments.
    fn pieces(line: &str) -> String {
        let mut found = Vec::new();
        walk(&words(line), &mut |word, piece| {
            let mark = match piece {
                Piece::Program { unknown_path, .. } => {
                    if unknown_path {
                        "~"
                    } else {
                        "!"
                    }
                }
                Piece::Script { unknown_path } => {
                    if unknown_path {
                        "~$"
                    } else {
                        "$"
                    }
                }
                Piece::Candidate => "?",
                Piece::Source { is_in_place } => {
                    if is_in_place {
                        "<="
                    } else {
                        "<"
                    }
                }
                Piece::Argument => "",
            };
            found.push(format!("{mark}{}", String::from_utf8_lossy(word.bytes())));
            false
        });
        found.join(" ")
    }

    #[test]
    fn the_words_of_launchers() {
        let table = include_str!("../tests/launchers.txt");
        for line in crate::tables::entries(table) {
            let (line, expected) = line
                .split_once(" => ")
                .unwrap_or((line.trim_end_matches(" =>"), ""));
            assert_eq!(pieces(line), expected, "{line}");
        }
    }
}
