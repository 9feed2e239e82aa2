//! What a command line names: its program, the programs and paths among its arguments, and the
//! scripts that it hands to a shell.

use std::collections::BTreeMap;

use crate::mapped_text::MappedText;
use crate::paths::PathInText;
use crate::reference::{Lookup, Reference, Role, Scan};
use crate::shell::{Names, scan_script};

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

    /// A reference that stands in this command line.
    pub(crate) fn reference(&self, role: Role, text: MappedText) -> Reference {
        let lookup = match role {
            Role::Program => self.lookup.clone(),
            Role::ShellCommand | Role::PrefixedProgram => Lookup::SearchPath,
            _ => Lookup::Nowhere,
        };
        Reference {
            role,
            text,
            field: self.field.into(),
            lookup,
            optional: self.optional,
            privileged: self.privileged,
            inside_root: false,
        }
    }
}

/// The last component of a path; all of a bare name.
pub(crate) fn base_name(path: &[u8]) -> &[u8] {
    path.rsplit(|byte| *byte == b'/').next().unwrap_or_default()
}

/// Adds what a command line names. `words` are decoded; the first is the program.
pub(crate) fn scan_command(scan: &mut Scan, context: &Context, words: &[MappedText]) {
    let Some((program, arguments)) = words.split_first() else {
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
    scan_arguments(scan, context, program, arguments);
}

/// Adds what the arguments of `program` name.
pub(crate) fn scan_arguments(
    scan: &mut Scan,
    context: &Context,
    program: &MappedText,
    arguments: &[MappedText],
) {
    let scripts = scripts(program, arguments);
    let carried = prefixed_program(program.bytes(), arguments);
    for (index, argument) in arguments.iter().enumerate() {
        match scripts.get(&index) {
            Some(names) => scan_script(scan, context, argument, *names),
            None if carried == Some(index) && is_name(argument) => {
                scan.references
                    .push(context.reference(Role::PrefixedProgram, argument.clone()));
            }
            None => scan_argument(scan, context.field, argument),
        }
    }
}

fn is_name(word: &MappedText) -> bool {
    word.is_literal() && !word.is_empty() && !word.bytes().contains(&b'/')
}

const SHELLS: &[&[u8]] = &[b"sh", b"bash", b"dash", b"ash", b"ksh", b"mksh", b"zsh"];
const LOGIN_PROGRAMS: &[&[u8]] = &[b"su", b"runuser"];

/// The arguments that are scripts, by their positions: of `sh -c`, wherever in the line the shell
/// stands (it may be an argument of `env`, `ionice` …), and of `su -c`.
pub(crate) fn scripts(program: &MappedText, arguments: &[MappedText]) -> BTreeMap<usize, Names> {
    let mut scripts = BTreeMap::new();
    let shells = std::iter::once((0, program)).chain((1..).zip(arguments));
    for (next, word) in shells {
        // A script that ends in `/bin/sh` is no shell.
        if next > 0 && scripts.contains_key(&(next - 1)) {
            continue;
        }
        let name = base_name(word.bytes());
        let following = arguments.get(next..).unwrap_or_default();
        if SHELLS.contains(&name) {
            if let Some(index) = script_of_shell(following) {
                scripts.insert(next + index, Names::Resolved);
            }
        } else if next == 0 && LOGIN_PROGRAMS.contains(&name) {
            let option = following
                .iter()
                .position(|word| matches!(word.bytes(), b"-c" | b"--command"));
            if let Some(option) = option.filter(|option| option + 1 < following.len()) {
                scripts.insert(option + 1, Names::Left);
            }
        }
    }
    scripts
}

/// Which of a shell's arguments is its script: the first that is no option, if one of the options
/// has a `c` (POSIX, sh; bash(1), OPTIONS).
fn script_of_shell(arguments: &[MappedText]) -> Option<usize> {
    let mut takes_script = false;
    let mut at = 0;
    while let Some(argument) = arguments.get(at) {
        let bytes = argument.bytes();
        at += 1;
        match bytes {
            b"--" => break,
            b"-o" | b"+o" | b"-O" | b"+O" | b"--rcfile" | b"--init-file" => at += 1,
            _ if bytes.starts_with(b"--") => {}
            [b'-' | b'+', letters @ ..] if !letters.is_empty() => {
                takes_script |= bytes[0] == b'-' && letters.contains(&b'c');
                // `-eo pipefail`
                at += usize::from(letters.ends_with(b"o"));
            }
            _ => {
                at -= 1;
                break;
            }
        }
    }
    (takes_script && at < arguments.len()).then_some(at)
}

/// A program that runs the program named by its arguments.
struct CommandPrefix {
    name: &'static [u8],
    /// Its options that take the next word as their value.
    valued: &'static [&'static [u8]],
    /// How many words stand between its options and the program.
    operands: usize,
}

const fn command_prefix(
    name: &'static [u8],
    valued: &'static [&'static [u8]],
    operands: usize,
) -> CommandPrefix {
    CommandPrefix {
        name,
        valued,
        operands,
    }
}

/// Such programs, by their manuals (coreutils, util-linux, findutils, sudo, POSIX for the shell's
/// own).
const COMMAND_PREFIXES: &[CommandPrefix] = &[
    command_prefix(b"chrt", &[b"-D", b"-P", b"-T"], 1),
    command_prefix(b"command", &[], 0),
    command_prefix(b"env", &[b"-u", b"--unset", b"-C", b"--chdir"], 0),
    command_prefix(b"exec", &[b"-a"], 0),
    command_prefix(b"ionice", &[b"-c", b"-n", b"--class", b"--classdata"], 0),
    command_prefix(b"nice", &[b"-n", b"--adjustment"], 0),
    command_prefix(b"nohup", &[], 0),
    command_prefix(b"setsid", &[], 0),
    command_prefix(b"stdbuf", &[b"-i", b"-o", b"-e"], 0),
    command_prefix(
        b"sudo",
        &[b"-u", b"-g", b"-C", b"-D", b"-h", b"-p", b"-r", b"-t"],
        0,
    ),
    command_prefix(b"time", &[b"-f", b"-o"], 0),
    command_prefix(b"timeout", &[b"-k", b"--kill-after", b"-s", b"--signal"], 1),
    command_prefix(
        b"xargs",
        &[b"-I", b"-L", b"-n", b"-P", b"-s", b"-d", b"-a", b"-E"],
        0,
    ),
];

/// Which argument of `program` is a program that it runs, by its position.
pub(crate) fn prefixed_program(program: &[u8], arguments: &[MappedText]) -> Option<usize> {
    let name = base_name(program);
    if name == b"find" {
        let runs =
            |word: &MappedText| matches!(word.bytes(), b"-exec" | b"-execdir" | b"-ok" | b"-okdir");
        let option = arguments.iter().position(runs)?;
        return (option + 1 < arguments.len()).then_some(option + 1);
    }
    let command_prefix = COMMAND_PREFIXES
        .iter()
        .find(|command_prefix| command_prefix.name == name)?;
    let mut at = 0;
    let mut operands = command_prefix.operands;
    while let Some(argument) = arguments.get(at) {
        let bytes = argument.bytes();
        if bytes == b"--" {
            return (at + 1 + operands < arguments.len()).then_some(at + 1 + operands);
        }
        if name == b"command" && matches!(bytes, b"-v" | b"-V") {
            return None;
        }
        let is_assignment = matches!(name, b"env" | b"sudo") && bytes.contains(&b'=');
        if command_prefix.valued.contains(&bytes) {
            at += 2;
        } else if bytes.starts_with(b"-") || is_assignment {
            at += 1;
        } else if operands > 0 {
            operands -= 1;
            at += 1;
        } else {
            return Some(at);
        }
    }
    None
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
        for path in paths(value) {
            scan.references
                .push(context.reference(Role::SearchPathEntry, path));
        }
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
    for path in paths(word) {
        scan.references
            .push(context.reference(Role::Argument, path));
    }
}

/// The absolute paths in a word that can be references: whole names, without those that a glob or a
/// substitution completes unless that is what the text ends with.
pub(crate) fn paths(word: &MappedText) -> Vec<MappedText> {
    let whole = |path: &PathInText| !path.goes_on && path.text.len() > 1;
    let found = crate::paths::paths(word).into_iter().filter(whole);
    found.map(|path| path.text).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mapped_text::Span;

    fn text(bytes: &str) -> MappedText {
        MappedText::of_file(bytes.as_bytes(), Span::new(0, bytes.len()))
    }

    #[test]
    fn the_paths_in_a_word() {
        for (word, expected) in [
            ("/usr/bin/x", &["/usr/bin/x"][..]),
            ("--opt=/usr/bin/x", &["/usr/bin/x"]),
            ("-c/etc/x.conf", &["/etc/x.conf"]),
            ("-ab/etc/x.conf", &[]),
            ("A=/x:/y,/z", &["/x", "/y", "/z"]),
            ("exec /usr/bin/x --y '/z w'", &["/usr/bin/x", "/z"]),
            ("http://host/path", &[]),
            ("file:///usr/x", &["///usr/x"]),
            ("unix:/run/x", &["/run/x"]),
            ("a/b", &[]),
            ("s/^MD_/UDISKS_/g", &[]),
            ("/usr/lib/x*", &[]),
            ("/usr/lib/x=y", &[]),
            ("/", &[]),
            ("{/usr/bin/x}", &["/usr/bin/x"]),
        ] {
            let found = paths(&text(word));
            let found: Vec<_> = found
                .iter()
                .map(|path| String::from_utf8_lossy(path.bytes()))
                .collect();
            assert_eq!(found, expected, "{word}");
        }
    }

    #[test]
    fn the_script_of_a_shell() {
        for (line, script) in [
            ("sh -c x", Some(1)),
            ("/bin/sh -ec x", Some(1)),
            ("bash -e -c x y", Some(2)),
            ("bash --norc -c x", Some(2)),
            ("bash -o pipefail -c x", Some(3)),
            ("bash -eo pipefail -c x", Some(3)),
            ("sh -c -- x", Some(2)),
            ("sh -c", None),
            ("sh x -c y", None),
            ("env A=b sh -c x", Some(3)),
            ("su - user -c x", Some(3)),
            ("ssh -c x", None),
        ] {
            let words: Vec<MappedText> = line.split(' ').map(text).collect();
            let found = scripts(&words[0], &words[1..]);
            assert_eq!(found.keys().next().copied(), script, "{line}");
        }
    }

    #[test]
    fn the_program_that_a_program_runs() {
        for (line, carried) in [
            ("env A=b -u C x y", Some(3)),
            ("nice -n 5 x", Some(2)),
            ("nice -5 x", Some(1)),
            ("timeout -k 3 5 x", Some(3)),
            ("/usr/bin/find / -exec rm -v {} ;", Some(2)),
            ("command -v x", None),
            ("setsid -f x", Some(1)),
            ("chrt -f 5 x", Some(2)),
            ("cat x", None),
            ("env", None),
        ] {
            let words: Vec<MappedText> = line.split(' ').map(text).collect();
            assert_eq!(
                prefixed_program(words[0].bytes(), &words[1..]),
                carried,
                "{line}"
            );
        }
    }
}
