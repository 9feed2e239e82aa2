//! systemd's unit files and drop-ins: `systemd.unit(5)` and the pages of the unit types.

pub mod context;
pub mod directives;
pub mod exec;
pub mod lines;
pub mod place;
pub mod relations;
pub mod systemd_units;

use crate::command_line::{Context, base_name, scan_command, scan_variable};
use crate::encoding::Encoding;
use crate::format::{Files, Format};
use crate::mapped_text::MappedText;
use crate::reference::{Account, Declaration, Lookup, ProblemKind, Reference, Role, Scan};
use crate::words::{Escapes, all_words, read_specifiers};
use lines::{Assignment, Line};
use place::{UnitPlace, parse_boolean};

pub(crate) static FORMAT: Format = Format {
    directories: &place::PATHS,
    files: Files::Matching {
        is: |path| UnitPlace::of(path).is_some(),
        examples: &[
            "etc/systemd/system/x.service",
            "lib/systemd/system/x.mount",
            "lib/systemd/system/x.service.d/y.conf",
            "lib/systemd/system/x.socket",
            "lib/systemd/system/x.timer",
        ],
    },
    scan,
    names_paths: true,
    pieces: &[
        b"[Service]\n",
        b"[Unit]\n",
        b"[Socket]\n",
        b"[Path]\n",
        b"[S",
        b"\nExecStart=",
        b"\nExecStart=-",
        b"\nExecStart=@!!",
        b"\nExecStartPre=:+",
        b"\n ExecStop = ",
        b"\nExecStart=/bin/sh -c '",
        b"\nExecStart=/bin/sh -c \"",
        b"\nExecStart=/sbin/agetty -o '-p -- \\\\u' --noclear %I $TERM",
        b"\nConditionPathExists=|!",
        b"\nAssertPathExistsGlob=",
        b"\nEnvironmentFile=-",
        b"\nEnvironment=PATH=/usr/bin:/bin",
        b"\nEnvironment=\"LD_LIBRARY_PATH=",
        b"\nExecSearchPath=/usr/bin:",
        b"\nBindPaths=-/usr/a:/b",
        b"\nExecPaths=+",
        b"\nLoadCredential=id:",
        b"\nOpenFile=/usr/x:",
        b"\nStandardInput=file:",
        b"\nWorkingDirectory=-",
        b"\nDocumentation=file:",
        b"\nSourcePath=",
        b"\nRootDirectory=/r",
        b"\nUser=",
        b"\nPathExists=",
    ],
};

/// How the value of a directive is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Syntax {
    /// Command lines.
    Exec,
    /// `|` and `!`, then a path that may be a glob.
    Condition,
    /// A path that is read; `-` in front tolerates its absence. It may be a glob.
    File,
    /// A path to be in; `-` or `~`.
    WorkingDirectory,
    /// Paths with `-` and `+` in front.
    Paths,
    /// `[-]source[:destination[:options]]` words.
    Binds,
    /// `id:path`.
    Credential,
    /// `path[:name:options]`.
    OpenFile,
    /// `file:path`, beside other words.
    StandardStream,
    /// A path, as it is.
    Path,
    /// `NAME=value` words.
    Environment,
    /// Directories, separated by colons.
    SearchPath,
    /// URIs.
    Documentation,
    /// A path; the unit's programs lie inside it.
    OtherRoot,
    /// A user name.
    User,
    /// Names of users or groups that the unit makes use of.
    Accounts(Account),
    /// A boolean that makes a user.
    DynamicUser,
    /// Paths with `-` and `+` in front, below which files may be run, or may not.
    ExecPaths { is_allowed: bool },
}

impl Syntax {
    /// Whether a path in the value is looked up by the unit's processes, inside another root directory; the
    /// others are read by the service manager, outside (`systemd.exec(5)`, `RootDirectory=`).
    fn is_inside_root(self) -> bool {
        matches!(
            self,
            Self::Exec
                | Self::Environment
                | Self::ExecPaths { is_allowed: true }
                | Self::SearchPath
                | Self::WorkingDirectory
        )
    }
}

/// The unit types whose sections hold the settings of `systemd.exec(5)`.
const EXEC_CONTEXT: &[&str] = &["Service", "Socket", "Mount", "Swap"];

/// The directives that name files: sections, key, syntax. Only those that systemd knows in that
/// section count: it ignores others, so they break nothing.
const DIRECTIVES: &[(&[&str], &str, Syntax)] = &[
    // systemd.service(5); `ExecReloadPost` is new in 259.
    (&["Service"], "ExecCondition", Syntax::Exec),
    (&["Service"], "ExecReload", Syntax::Exec),
    (&["Service"], "ExecReloadPost", Syntax::Exec),
    (&["Service", "Socket"], "ExecStartPre", Syntax::Exec),
    (&["Service"], "ExecStart", Syntax::Exec),
    (&["Service", "Socket"], "ExecStartPost", Syntax::Exec),
    (&["Service"], "ExecStop", Syntax::Exec),
    (&["Service", "Socket"], "ExecStopPost", Syntax::Exec),
    (&["Socket"], "ExecStopPre", Syntax::Exec),
    (&["Service"], "OpenFile", Syntax::OpenFile),
    // systemd.unit(5)
    (&["Unit"], "Documentation", Syntax::Documentation),
    (&["Unit"], "SourcePath", Syntax::Path),
    // systemd.exec(5)
    (EXEC_CONTEXT, "BindPaths", Syntax::Binds),
    (EXEC_CONTEXT, "BindReadOnlyPaths", Syntax::Binds),
    (EXEC_CONTEXT, "DynamicUser", Syntax::DynamicUser),
    (EXEC_CONTEXT, "Environment", Syntax::Environment),
    (EXEC_CONTEXT, "EnvironmentFile", Syntax::File),
    (
        EXEC_CONTEXT,
        "ExecPaths",
        Syntax::ExecPaths { is_allowed: true },
    ),
    (EXEC_CONTEXT, "ExecSearchPath", Syntax::SearchPath),
    (EXEC_CONTEXT, "Group", Syntax::Accounts(Account::Group)),
    (EXEC_CONTEXT, "ExtensionDirectories", Syntax::Paths),
    (EXEC_CONTEXT, "ExtensionImages", Syntax::Binds),
    (EXEC_CONTEXT, "InaccessiblePaths", Syntax::Paths),
    (EXEC_CONTEXT, "LoadCredential", Syntax::Credential),
    (EXEC_CONTEXT, "LoadCredentialEncrypted", Syntax::Credential),
    (EXEC_CONTEXT, "MountImages", Syntax::Binds),
    (
        EXEC_CONTEXT,
        "NoExecPaths",
        Syntax::ExecPaths { is_allowed: false },
    ),
    (EXEC_CONTEXT, "ReadOnlyPaths", Syntax::Paths),
    (EXEC_CONTEXT, "ReadWritePaths", Syntax::Paths),
    (EXEC_CONTEXT, "RootDirectory", Syntax::OtherRoot),
    (EXEC_CONTEXT, "RootImage", Syntax::OtherRoot),
    (EXEC_CONTEXT, "StandardError", Syntax::StandardStream),
    (EXEC_CONTEXT, "StandardInput", Syntax::StandardStream),
    (EXEC_CONTEXT, "StandardOutput", Syntax::StandardStream),
    (
        EXEC_CONTEXT,
        "SupplementaryGroups",
        Syntax::Accounts(Account::Group),
    ),
    (EXEC_CONTEXT, "User", Syntax::User),
    (EXEC_CONTEXT, "WorkingDirectory", Syntax::WorkingDirectory),
    // systemd.socket(5)
    (&["Socket"], "SocketGroup", Syntax::Accounts(Account::Group)),
    (&["Socket"], "SocketUser", Syntax::Accounts(Account::User)),
    // systemd.path(5)
    (&["Path"], "DirectoryNotEmpty", Syntax::Condition),
    (&["Path"], "PathChanged", Syntax::Condition),
    (&["Path"], "PathExists", Syntax::Condition),
    (&["Path"], "PathExistsGlob", Syntax::Condition),
    (&["Path"], "PathModified", Syntax::Condition),
    // systemd.mount(5), systemd.swap(5)
    (&["Mount", "Swap"], "What", Syntax::Path),
];

/// The tests of `systemd.unit(5)` that take a path: `Condition…=` and `Assert…=` each.
const TESTS: &[(&str, &str)] = &[
    ("ConditionDirectoryNotEmpty", "AssertDirectoryNotEmpty"),
    ("ConditionFileIsExecutable", "AssertFileIsExecutable"),
    ("ConditionFileNotEmpty", "AssertFileNotEmpty"),
    ("ConditionNeedsUpdate", "AssertNeedsUpdate"),
    ("ConditionPathExists", "AssertPathExists"),
    ("ConditionPathExistsGlob", "AssertPathExistsGlob"),
    ("ConditionPathIsDirectory", "AssertPathIsDirectory"),
    ("ConditionPathIsEncrypted", "AssertPathIsEncrypted"),
    ("ConditionPathIsMountPoint", "AssertPathIsMountPoint"),
    ("ConditionPathIsReadWrite", "AssertPathIsReadWrite"),
    ("ConditionPathIsSymbolicLink", "AssertPathIsSymbolicLink"),
];

fn directive(section: &[u8], key: &[u8]) -> Option<(&'static str, Syntax)> {
    let known = DIRECTIVES.iter().find(|(sections, name, _)| {
        name.as_bytes() == key && sections.iter().any(|known| known.as_bytes() == section)
    });
    if let Some((_, name, syntax)) = known {
        return Some((name, *syntax));
    }
    if section != b"Unit" {
        return None;
    }
    let tests = TESTS
        .iter()
        .flat_map(|(condition, assert)| [*condition, *assert]);
    let name = tests.into_iter().find(|name| name.as_bytes() == key)?;
    Some((name, Syntax::Condition))
}

/// Finds what a unit or drop-in names and declares.
#[must_use]
pub fn scan(file: &[u8]) -> Scan {
    let mut scan = Scan::default();
    for line in lines::lines(file) {
        match line {
            Line::Assignment(assignment) => {
                scan.declarations.push(Declaration::Directive {
                    section: assignment.section.clone(),
                    key: assignment.key.clone(),
                    value: assignment.value.clone(),
                });
                scan_assignment(&mut scan, &assignment);
                relations::scan_assignment(&mut scan, &assignment);
            }
            Line::BadSection(header) => scan.problem(ProblemKind::BadSection, header),
            Line::TooLong(part) => scan.problem(ProblemKind::LineTooLong, part),
            Line::Other(_) => {}
        }
    }
    scan
}

fn scan_assignment(scan: &mut Scan, assignment: &Assignment) {
    let Some((field, syntax)) = directive(&assignment.section, assignment.key.bytes()) else {
        return;
    };
    let first = scan.references.len();
    scan_value(scan, assignment, field, syntax);
    for reference in &mut scan.references[first..] {
        reference.inside_root = syntax.is_inside_root();
    }
}

fn scan_value(scan: &mut Scan, assignment: &Assignment, field: &'static str, syntax: Syntax) {
    let value = &assignment.value;
    let bytes = value.bytes();
    // As values without words are read: nothing is quoted, nothing escaped.
    let line = || {
        let mut line = MappedText::new();
        line.push(value, 0..value.len(), Some(Encoding::Line));
        line
    };
    let whole = |prefixes: &[u8]| {
        let start = bytes
            .iter()
            .take_while(|byte| prefixes.contains(byte))
            .count();
        read_specifiers(&line().slice(start..value.len()).trim())
    };
    let mut add = |role, text: MappedText, optional| {
        if text.bytes().starts_with(b"/") {
            scan.references.push(Reference {
                optional,
                ..Reference::new(role, field, text)
            });
        }
    };
    match syntax {
        Syntax::Exec => scan_exec(scan, assignment, field),
        Syntax::Condition => add(Role::Condition, whole(b"|!"), true),
        Syntax::File => add(Role::File, whole(b"-"), bytes.starts_with(b"-")),
        Syntax::Path => add(Role::File, whole(b""), false),
        Syntax::WorkingDirectory => add(Role::Directory, whole(b"-"), bytes.starts_with(b"-")),
        Syntax::StandardStream => {
            if bytes.starts_with(b"file:") {
                add(
                    Role::File,
                    read_specifiers(&line().slice(5..value.len())),
                    false,
                );
            }
        }
        Syntax::Credential => {
            if let Some(colon) = memchr::memchr(b':', bytes) {
                let path = line().slice(colon + 1..value.len());
                add(Role::File, read_specifiers(&path), false);
            }
        }
        Syntax::OpenFile => {
            let end = memchr::memchr(b':', bytes).unwrap_or(bytes.len());
            add(Role::File, read_specifiers(&line().slice(0..end)), false);
        }
        Syntax::SearchPath => {
            let text = read_specifiers(&line());
            if !text.is_empty() {
                scan.declarations
                    .push(Declaration::SearchPath(text.clone()));
                scan.references
                    .push(Reference::new(Role::ProgramSearchPath, field, text));
            }
        }
        Syntax::Paths
        | Syntax::ExecPaths { .. }
        | Syntax::Binds
        | Syntax::Environment
        | Syntax::Documentation => match all_words(value, Escapes::C) {
            Ok(words) => {
                for word in words {
                    scan_word(scan, field, syntax, &read_specifiers(&word.text));
                }
            }
            Err(kind) => scan.problem(kind, assignment.span),
        },
        Syntax::OtherRoot => {
            if !matches!(bytes, b"" | b"/") {
                scan.declarations.push(Declaration::OtherRoot);
            }
        }
        Syntax::User => {
            if !matches!(bytes, b"" | b"root" | b"0") {
                scan.declarations.push(Declaration::RunsAsUser);
            }
            scan.uses_account(Account::User, field, read_specifiers(&line()));
        }
        Syntax::Accounts(account) => {
            for word in all_words(value, Escapes::C).unwrap_or_default() {
                scan.uses_account(account, field, read_specifiers(&word.text));
            }
        }
        Syntax::DynamicUser => {
            if parse_boolean(bytes) == Some(true) {
                scan.declarations.push(Declaration::RunsAsUser);
            }
        }
    }
}

fn scan_exec(scan: &mut Scan, assignment: &Assignment, field: &'static str) {
    let commands = match exec::commands(&assignment.value) {
        Ok(commands) => commands,
        Err(kind) => return scan.problem(kind, assignment.span),
    };
    for command in commands {
        // Nothing but prefixes: systemd ignores the line.
        if command.program.is_empty() {
            scan.problem(ProblemKind::BadLine, assignment.span);
            continue;
        }
        let context = Context {
            field,
            lookup: Lookup::SearchPath,
            optional: command.optional,
            privileged: command.privileged,
        };
        scan_getty(scan, &command);
        let mut words = vec![command.program];
        words.extend(command.arguments);
        scan_command(scan, &context, &words);
    }
}

/// A getty that is told no login program runs the one compiled in: agetty(8), `--login-program`.
fn scan_getty(scan: &mut Scan, command: &exec::Command) {
    let told = command.arguments.iter().any(|argument| {
        let argument = argument.bytes();
        argument.starts_with(b"--login-program") || argument.starts_with(b"-l")
    });
    if base_name(command.program.bytes()) != b"agetty" || told {
        return;
    }
    if let Some(insert_at) = command.program_end {
        scan.declarations.push(Declaration::Getty {
            insert_at,
            program: command.program.clone(),
        });
    }
}

/// One word of a list.
fn scan_word(scan: &mut Scan, field: &'static str, syntax: Syntax, word: &MappedText) {
    let bytes = word.bytes();
    let find = |byte| memchr::memchr(byte, bytes);
    let (role, text, optional) = match syntax {
        Syntax::Environment => {
            let Some(equals) = find(b'=') else { return };
            let value = word.slice(equals + 1..word.len());
            return scan_variable(scan, field, &bytes[..equals], &value);
        }
        Syntax::Documentation => {
            let start = if bytes.starts_with(b"file:///") { 7 } else { 5 };
            if !bytes.starts_with(b"file:/") {
                return;
            }
            (Role::Documentation, word.slice(start..word.len()), true)
        }
        _ => {
            let start = bytes.iter().take_while(|byte| b"-+".contains(byte)).count();
            let end = match syntax {
                Syntax::Binds => find(b':').unwrap_or(word.len()),
                _ => word.len(),
            };
            let optional = bytes[..start].contains(&b'-');
            (Role::Directory, word.slice(start..end), optional)
        }
    };
    let is_path = text.bytes().starts_with(b"/") || role == Role::ProgramSearchPath;
    if is_path && !text.is_empty() {
        if let Syntax::ExecPaths { is_allowed } = syntax {
            let path = text.clone();
            scan.declarations
                .push(Declaration::ExecPath { path, is_allowed });
        }
        scan.references.push(Reference {
            optional,
            ..Reference::new(role, field, text)
        });
    }
}
