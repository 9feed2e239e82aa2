//! What a scanner finds: references, declarations and problems.

use std::borrow::Cow;

use crate::mapped_text::{MappedText, Span};

/// What is done with the file that a reference names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub enum Role {
    /// It is run: the program of an Exec line, of a udev `RUN`, a binfmt interpreter, a login shell.
    Program,
    /// It is run by a shell script: a command word.
    ShellCommand,
    /// It is run by a program that gets its bare name as an argument (`env`, `find -exec`) and looks
    /// it up on a search path.
    PrefixedProgram,
    /// It is an argument of a program: what becomes of it is known to that program only.
    Argument,
    /// It is read: `EnvironmentFile=`, `LoadCredential=`, the source of a tmpfiles.d link …
    File,
    /// It is looked at before anything is run: `ConditionPathExists=`, udev's `TEST` …
    Condition,
    /// It is a directory to be in, or a place that is bound, made executable or hidden.
    Directory,
    /// A list of directories, separated by colons, in which *programs* are looked for: `PATH`,
    /// `ExecSearchPath=`.
    ProgramSearchPath,
    /// It is a directory in which something other than programs is looked for, one of a list:
    /// `LD_LIBRARY_PATH` and similar variables.
    SearchPathEntry,
    /// It is documentation: nothing breaks if it is missing.
    Documentation,
    /// It is a module of PAM that is loaded.
    PamModule,
    /// It is a service of PAM whose lines are taken in: `include`, `substack`, `@include`.
    PamService,
    /// It is a service that the C library loads to answer for a database: nsswitch.conf.
    NameService,
}

/// Where a reference that is not an absolute path is looked for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub enum Lookup {
    /// Names without a slash on a search path of programs (systemd's own, the shell's `PATH`).
    SearchPath,
    /// Names without a slash on a search path of programs that is not known here: `sudo`, `env PATH=…`, a login
    /// shell.
    UnknownSearchPath,
    /// Relative to `lib/udev`, where udev keeps its helpers.
    UdevHelpers,
    /// Relative to this directory of the running system (the one that a tmpfiles.d link is in).
    Directory(Vec<u8>),
    /// In directories that the program knows that reads the file: PAM's modules and services, the
    /// libraries of name services.
    ByReader,
    /// Not at all: only absolute paths have a meaning there.
    Nowhere,
}

/// What a reference says beside that it names a file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub enum Meaning {
    /// Nothing.
    #[default]
    File,
    /// It is a condition that the file is not there.
    NoFile,
    /// The same word says where the file is to be seen: `BindPaths=` without a destination.
    FileInPlace,
    /// It is a reference only if the package itself has such a file: what follows the path may belong to it.
    OwnFile,
}

/// One place where a file names another file.
#[derive(Clone, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Reference {
    /// What is done with the file named.
    pub role: Role,
    /// The name or path, decoded, with where it stands.
    pub text: MappedText,
    /// The directive, key or field that holds it, as its manual calls it: `ExecStart`, `RUN`.
    pub field: Cow<'static, str>,
    /// How a name that is not an absolute path is found.
    pub lookup: Lookup,
    /// Whether its failure is tolerated there (`-` in front).
    pub optional: bool,
    /// Whether it is run with full privileges, whatever user the rest of the file runs as (`+`,
    /// `!`).
    pub privileged: bool,
    /// Whether the unit's processes look it up, inside their root directory if the unit has another
    /// (`RootDirectory=`); else the service manager does.
    pub inside_root: bool,
    /// What it says beside that it names a file.
    pub meaning: Meaning,
    /// Longer texts that are meant in its place if the package has a file of such a name, the longest first.
    pub longer: Vec<MappedText>,
}

impl Reference {
    /// Whether it is a condition on a directory: systemd.unit(5), systemd.path(5).
    #[must_use]
    pub fn asks_for_directory(&self) -> bool {
        let mut endings = ["DirectoryNotEmpty", "PathIsDirectory", "PathIsMountPoint"].iter();
        self.role == Role::Condition && endings.any(|ending| self.field.ends_with(ending))
    }

    /// A reference to an absolute path whose failure counts.
    #[must_use]
    pub fn new(role: Role, field: &'static str, text: MappedText) -> Self {
        Self {
            role,
            text,
            field: Cow::Borrowed(field),
            lookup: Lookup::Nowhere,
            optional: false,
            privileged: false,
            inside_root: false,
            meaning: Meaning::File,
            longer: Vec::new(),
        }
    }
}

/// A user or a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Account {
    /// A user.
    User,
    /// A group.
    Group,
}

/// What a file declares about itself.
#[derive(Clone, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub enum Declaration {
    /// `RootDirectory=` or `RootImage=`: the paths of programs lie inside another root.
    OtherRoot,
    /// `User=` names somebody else than root (or a specifier does), or `DynamicUser=` is on.
    RunsAsUser,
    /// Directories, separated by colons, in which the names of the unit's programs are looked up:
    /// `ExecSearchPath=`.
    SearchPath(MappedText),
    /// A path below which the unit may run and map files (`ExecPaths=`), or may not (`NoExecPaths=`).
    ExecPath {
        /// The path.
        path: MappedText,
        /// Whether it may.
        is_allowed: bool,
    },
    /// It may set `PATH` for what it runs: `Environment=`, `EnvironmentFile=`, `PassEnvironment=`,
    /// `ExecSearchPath=`, `PAMName=`.
    SetsPath,
    /// The unit's processes see something else below a path than other processes, or nothing.
    HidesPath {
        /// The directive that says so.
        field: Cow<'static, str>,
        /// What stands there.
        place: MappedText,
        /// The path.
        path: Vec<u8>,
        /// Whether nothing can be shown below it all the same.
        is_final: bool,
    },
    /// A path at which something of the running system is shown to the unit's processes.
    ShowsPath(MappedText),
    /// A D-Bus name that the file answers.
    BusName(MappedText),
    /// The unit that a D-Bus activation file starts in place of its program.
    SystemdService(MappedText),
    /// A user that sysusers.d declares.
    User(MappedText),
    /// A group that sysusers.d declares.
    Group(MappedText),
    /// A user or group that the file makes use of: a process runs as it, a file or device becomes
    /// its. Numbers are left out.
    UsesAccount {
        /// Which of the two.
        account: Account,
        /// The directive, key or field that names it.
        field: Cow<'static, str>,
        /// The name.
        name: MappedText,
    },
    /// A path of the running system that a line of tmpfiles.d makes, changes or removes.
    Makes(MappedText),
    /// Another unit that the file names, or a name that the unit itself has as well (`Alias`).
    NamesUnit {
        /// The directive or key that names it.
        field: Cow<'static, str>,
        /// The unit.
        name: MappedText,
    },
    /// A line of udev rules that has to do with the unit that systemd makes of a device.
    DeviceUnit {
        /// The subsystems that the line is for (`SUBSYSTEM==`), patterns among them; none if it does not
        /// ask for one.
        subsystems: Vec<Vec<u8>>,
        /// Whether it gives the device the tag `systemd`.
        is_tagged: bool,
        /// The units that it lets the device want, as they stand.
        wants: Option<MappedText>,
    },
    /// An action that polkit can be asked about.
    PolkitAction {
        /// Its name; it stands in this element.
        id: MappedText,
        /// Who may do it: the implicit answers of `<defaults>`, as `name=answer` words, sorted.
        answers: Vec<u8>,
    },
    /// An action of polkit that is named, but not declared.
    NamesPolkitAction {
        /// Where: the annotation `imply` of another action, or `action.id` in rules.
        field: Cow<'static, str>,
        /// Its name.
        id: MappedText,
    },
    /// A line `KEY=VALUE` of a unit.
    Directive {
        /// The section that it stands in; empty before the first.
        section: Vec<u8>,
        /// The directive.
        key: MappedText,
        /// The value, without blanks at its ends.
        value: MappedText,
    },
    /// A path that stands behind another path or a variable, with two slashes in between.
    DoubledPath(MappedText),
    /// A variable of a `.pc` file.
    PkgConfigVariable {
        /// Its name.
        name: Vec<u8>,
        /// Its value, worked out; `None` if that is not known.
        value: Option<Vec<u8>>,
        /// The value as it stands.
        text: MappedText,
    },
    /// An absolute path in a variable or in the flags of a `.pc` file.
    PkgConfigPath {
        /// The variable or field.
        name: Vec<u8>,
        /// The path, worked out.
        path: Vec<u8>,
        /// The word as it stands.
        text: MappedText,
        /// Whether it is a part of a search path: a variable with a list of directories.
        in_search_path: bool,
    },
    /// A field of a `.pc` file that asks for modules.
    PkgConfigRequires {
        /// The field: `Requires.private`.
        field: Vec<u8>,
        /// The modules.
        modules: Vec<Vec<u8>>,
        /// The field's value as it stands.
        text: MappedText,
    },
    /// A variable that a `.pc` file uses where it is not defined.
    PkgConfigUndefined {
        /// Its name.
        name: Vec<u8>,
        /// Whether it is defined further down.
        is_late: bool,
        /// The `${name}`.
        text: MappedText,
    },
    /// A getty's command line: where an option can be inserted, directly after its program.
    Getty {
        /// The end of the program word.
        insert_at: usize,
        /// The program, as written.
        program: MappedText,
    },
}

/// What is the matter with a place that a scanner could not understand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub enum ProblemKind {
    /// A quote that is never closed: the reading program refuses the line.
    UnbalancedQuote,
    /// A shell script that neither bash nor a POSIX shell understands: nothing in it is edited.
    ShellSyntax,
    /// A section header that is never closed: systemd refuses the whole file.
    BadSection,
    /// JSON that is not well-formed.
    BadJson,
    /// XML that is not well-formed.
    BadXml,
    /// A line longer than 1 MiB: nothing of the file is read.
    LineTooLong,
    /// A line that does not have the fields its format asks for.
    BadLine,
    /// A core pattern that the kernel cuts.
    CorePatternTooLong,
    /// A `${` that is never closed, or that follows a `$`: readers differ in what they make of it.
    UnbalancedBrace,
}

/// A place that a scanner could not understand.
#[derive(Clone, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Problem {
    /// What is the matter.
    pub kind: ProblemKind,
    /// Where it is.
    pub span: Span,
}

/// All that a scanner found in one file, in the order of the file.
#[derive(Clone, Debug, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Scan {
    /// Which files it names.
    pub references: Vec<Reference>,
    /// What it declares.
    pub declarations: Vec<Declaration>,
    /// What could not be understood.
    pub problems: Vec<Problem>,
    /// Its command lines that name something below /etc: the words of each, of which the first is the
    /// program.
    #[cfg_attr(feature = "serde", serde(skip))]
    pub command_lines: Vec<Vec<MappedText>>,
}

impl Scan {
    /// Adds a user or group that the file makes use of, unless it is a number or nothing.
    pub(crate) fn uses_account(&mut self, account: Account, field: &'static str, name: MappedText) {
        let is_number = name.bytes().iter().all(u8::is_ascii_digit);
        if !is_number && name.bytes() != b"-" {
            self.declarations.push(Declaration::UsesAccount {
                account,
                field: Cow::Borrowed(field),
                name,
            });
        }
    }

    /// Adds a place that could not be understood.
    pub(crate) fn problem(&mut self, kind: ProblemKind, span: Span) {
        self.problems.push(Problem { kind, span });
    }

    /// Adds a text that could not be understood.
    pub(crate) fn problem_in(&mut self, kind: ProblemKind, text: &MappedText) {
        if let Some(span) = text.covering_span() {
            self.problem(kind, span);
        }
    }
}
