//! systemd's unit files and drop-ins: `systemd.unit(5)` and the pages of the unit types.

pub mod context;
pub mod directives;
pub mod drop_ins;
pub mod exec;
pub mod lines;
pub mod place;
pub mod relations;
mod syntax;
pub mod systemd_units;

use crate::command_line::{Context, scan_command, scan_variable};
use crate::encoding::Encoding;
use crate::format::{Files, Format, Paths};
use crate::mapped_text::MappedText;
use crate::paths::base_name;
use crate::reference::{Account, Declaration, Lookup, Meaning, ProblemKind, Reference, Role, Scan};
use crate::words::{Escapes, all_words, read_specifiers};
use directives::syntax_of;
use lines::{Assignment, Line};
use place::{UnitPlace, parse_boolean};
use syntax::Syntax;

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
            "etc/systemd/nspawn/x.nspawn",
            "share/containers/systemd/x.container",
            "etc/containers/systemd/users/x.volume",
        ],
    },
    scan,
    paths: Paths::All,
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
        b"\nRootImage=/usr/lib/x/x.raw",
        b"\nExtensionImages=-/usr/lib/x/x.raw:root:ro",
        b"[Mount]\nOptions=ro,lowerdir=/usr/share/x:/usr/share/y,upperdir=/z",
        b"[Files]\nBind=/usr/share/x:/y:ro\nOverlay=/usr/share/x::/y",
        b"[Container]\nVolume=/usr/share/x:/y:ro",
        b"\nMount=type=bind,src=/usr/share/x,dst=/y",
        b"\nEnvironmentFile=/usr/share/x '",
        b"\nPathExists=",
    ],
};

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
            }
            Line::BadSection(header) => scan.problem(ProblemKind::BadSection, header),
            Line::TooLong(part) => scan.problem(ProblemKind::LineTooLong, part),
            Line::Other(_) => {}
        }
    }
    scan
}

fn scan_assignment(scan: &mut Scan, assignment: &Assignment) {
    let Some((field, syntax)) = syntax_of(&assignment.section, assignment.key.bytes()) else {
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
        Syntax::Nothing | Syntax::Machine | Syntax::Inside => {}
        Syntax::Command => scan_exec(scan, assignment, field),
        Syntax::Condition => {
            let mut marks = bytes.iter().take_while(|byte| b"|!".contains(byte));
            let meaning = if marks.any(|mark| *mark == b'!') {
                Meaning::NoFile
            } else {
                Meaning::File
            };
            let text = whole(b"|!");
            if text.bytes().starts_with(b"/") {
                scan.references.push(Reference {
                    optional: true,
                    meaning,
                    ..Reference::new(Role::Condition, field, text)
                });
            }
        }
        Syntax::EnvironmentFile => {
            add(Role::File, whole(b"-"), bytes.starts_with(b"-"));
            if !bytes.is_empty() {
                scan.declarations.push(Declaration::SetsPath);
            }
        }
        Syntax::PamName => {
            if !bytes.is_empty() {
                scan.declarations.push(Declaration::SetsPath);
            }
        }
        Syntax::File => add(Role::File, whole(b""), false),
        Syntax::Directory => add(Role::Directory, whole(b""), false),
        Syntax::WorkingDirectory => add(Role::Directory, whole(b"-"), bytes.starts_with(b"-")),
        Syntax::Stream => {
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
        Syntax::OpenFile | Syntax::FileBeforeColon => {
            let end = memchr::memchr(b':', bytes).unwrap_or(bytes.len());
            add(Role::File, read_specifiers(&line().slice(0..end)), false);
        }
        Syntax::VolumeSource => {
            let end = memchr::memchr(b':', bytes).unwrap_or(bytes.len());
            add(
                Role::Directory,
                read_specifiers(&line().slice(0..end)),
                false,
            );
        }
        // Without a colon it is the destination of a volume without a name.
        Syntax::Volume => {
            if let Some(end) = memchr::memchr(b':', bytes) {
                add(
                    Role::Directory,
                    read_specifiers(&line().slice(0..end)),
                    false,
                );
            }
        }
        Syntax::NspawnBind | Syntax::NspawnOverlay | Syntax::NspawnReadOnlyOverlay => {
            for path in nspawn_sources(&line(), syntax) {
                add(Role::Directory, read_specifiers(&path), false);
            }
        }
        Syntax::MountOptions => {
            for path in lower_layers(&line()) {
                add(Role::Directory, read_specifiers(&path), false);
            }
        }
        Syntax::SearchPath => {
            let text = read_specifiers(&line());
            if !text.is_empty() {
                scan.declarations.push(Declaration::SetsPath);
                scan.declarations
                    .push(Declaration::SearchPath(text.clone()));
                scan.references
                    .push(Reference::new(Role::ProgramSearchPath, field, text));
            }
        }
        Syntax::Paths
        | Syntax::InaccessiblePaths
        | Syntax::TemporaryPaths
        | Syntax::ExecPaths { .. }
        | Syntax::Binds
        | Syntax::Images
        | Syntax::FileWords
        | Syntax::ContainerMount
        | Syntax::Environment
        | Syntax::PassEnvironment
        | Syntax::Documentation => match all_words(value, Escapes::C) {
            Ok(words) => {
                for word in words {
                    scan_word(scan, field, syntax, &read_specifiers(&word.text));
                }
            }
            Err(kind) => scan.problem(kind, assignment.span),
        },
        Syntax::RootDirectory | Syntax::RootImage => {
            let role = match syntax {
                Syntax::RootImage => Role::File,
                _ => Role::Directory,
            };
            if bytes != b"/" {
                add(role, whole(b""), false);
            }
            if !matches!(bytes, b"" | b"/") {
                scan.declarations.push(Declaration::OtherRoot);
                scan.declarations.push(Declaration::HidesPath {
                    field: field.into(),
                    place: value.clone(),
                    path: b"/".to_vec(),
                    is_final: false,
                });
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
        // systemd ignores a line with an open quote.
        Syntax::Units => {
            let words = all_words(value, Escapes::C).unwrap_or_default();
            for word in words.iter().filter(|word| !word.text.is_empty()) {
                scan.declarations.push(Declaration::NamesUnit {
                    field: field.into(),
                    name: read_specifiers(&word.text),
                });
            }
        }
    }
}

/// The items of a value between separators. Of one with quotes or backslashes, which may make a separator a part
/// of a name, there are none.
fn items(value: &MappedText, separator: u8) -> Vec<MappedText> {
    if value.bytes().iter().any(|byte| b"\"'\\".contains(byte)) {
        return Vec::new();
    }
    let mut items = Vec::new();
    let mut start = 0;
    for part in value.bytes().split(|byte| *byte == separator) {
        let mut text = MappedText::new();
        let encoding = Some(Encoding::Item(separator));
        text.push(value, start..start + part.len(), encoding);
        items.push(text);
        start += part.len() + 1;
    }
    items
}

/// The directories of the host in `Bind=` and `Overlay=`: systemd.nspawn(5), systemd-nspawn(1). With `+` in
/// front, a path lies in the container. Without a destination, the source is the destination as well.
fn nspawn_sources(value: &MappedText, syntax: Syntax) -> Vec<MappedText> {
    let mut items = items(value, b':');
    let sources = match syntax {
        Syntax::NspawnBind => usize::from(items.len() > 1),
        Syntax::NspawnReadOnlyOverlay => items.len().saturating_sub(1),
        // The last but one is written to, and is the destination if it is the second.
        _ if items.len() == 2 => 1,
        _ => items.len().saturating_sub(2),
    };
    items.truncate(sources);
    items
}

/// The lower layers that mount options name for overlayfs: `lowerdir=/a:/b`, and `lowerdir+=/a`; nothing is
/// written to them (filesystems/overlayfs).
fn lower_layers(value: &MappedText) -> Vec<MappedText> {
    let mut layers = Vec::new();
    for option in items(value, b',') {
        let named = ["lowerdir=", "lowerdir+=", "datadir+="];
        let mut named = named.iter();
        let prefix = named.find(|name| option.bytes().starts_with(name.as_bytes()));
        if let Some(prefix) = prefix {
            layers.extend(items(&option.slice(prefix.len()..option.len()), b':'));
        }
    }
    layers
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
            if &bytes[..equals] == b"PATH" {
                scan.declarations.push(Declaration::SetsPath);
            }
            return scan_variable(scan, field, &bytes[..equals], &value);
        }
        Syntax::FileWords => (Role::File, word.clone(), false),
        Syntax::ContainerMount => match mount_source(word) {
            Some(source) => (Role::Directory, source, false),
            None => return,
        },
        Syntax::PassEnvironment => {
            if bytes == b"PATH" {
                scan.declarations.push(Declaration::SetsPath);
            }
            return;
        }
        Syntax::TemporaryPaths => {
            let path = word.slice(0..find(b':').unwrap_or(word.len()));
            return hides(scan, field, path, false);
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
                Syntax::Binds | Syntax::Images => find(b':').unwrap_or(word.len()),
                _ => word.len(),
            };
            let optional = bytes[..start].contains(&b'-');
            (Role::Directory, word.slice(start..end), optional)
        }
    };
    let is_path = text.bytes().starts_with(b"/") || role == Role::ProgramSearchPath;
    if !is_path || text.is_empty() {
        return;
    }
    match syntax {
        Syntax::ExecPaths { is_allowed } => {
            let path = text.clone();
            scan.declarations
                .push(Declaration::ExecPath { path, is_allowed });
        }
        Syntax::InaccessiblePaths => hides(scan, field, text.clone(), true),
        Syntax::Binds | Syntax::Images => {
            let destination = bytes.split(|byte| *byte == b':').nth(1);
            let start = find(b':').map_or(0, |colon| colon + 1);
            match destination {
                Some(destination) if destination.starts_with(b"/") => {
                    let shown = word.slice(start..start + destination.len());
                    scan.declarations.push(Declaration::ShowsPath(shown));
                }
                _ if syntax == Syntax::Binds => {
                    let shown = text.clone();
                    scan.declarations.push(Declaration::ShowsPath(shown));
                }
                _ => {}
            }
        }
        _ => {}
    }
    let is_in_place = syntax == Syntax::Binds && find(b':').is_none();
    scan.references.push(Reference {
        optional,
        meaning: if is_in_place {
            Meaning::FileInPlace
        } else {
            Meaning::File
        },
        ..Reference::new(role, field, text)
    });
}

/// Adds a path below which a unit's processes see nothing of the system's.
fn hides(scan: &mut Scan, field: &'static str, place: MappedText, is_final: bool) {
    scan.declarations.push(Declaration::HidesPath {
        field: field.into(),
        path: place.bytes().to_vec(),
        place,
        is_final,
    });
}

/// The source of a mount of podman that is a path of the host: `type=bind,source=/x,destination=/y`
/// (podman-run(1), `--mount`). Without a type it is a volume.
fn mount_source(word: &MappedText) -> Option<MappedText> {
    let options = items(word, b',');
    let is_bind = |option: &MappedText| matches!(option.bytes(), b"type=bind" | b"type=glob");
    if !options.iter().any(is_bind) {
        return None;
    }
    options.iter().find_map(|option| {
        let mut names = ["source=", "src="].iter();
        let name = names.find(|name| option.bytes().starts_with(name.as_bytes()))?;
        Some(option.slice(name.len()..option.len()))
    })
}
