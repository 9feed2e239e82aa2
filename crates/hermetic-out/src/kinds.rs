//! The kinds of finding that more than one tool reports, sorted by id. A kind that one tool reports stands
//! in that tool; it moves here when a second one reports the same fact.
//!
//! The severity is the one for a finished package, where nothing mends it any more. A fixup reports what it
//! leaves unchanged with less, since a finding that is an error stops it.

use crate::{FindingKind, Group, Severity};

/// Defines the kinds of finding of a tool, `NAME { field: value, … }` with all fields of [`FindingKind`] in
/// their order, and `KINDS`, the list of them all. In front of them, `[NAME …]` are those of
/// this module that the tool reports, too.
#[macro_export]
macro_rules! finding_kinds {
    (
        [$($shared:ident)*]
        $($name:ident {
            id: $id:literal,
            aliases: $aliases:expr,
            severity: $severity:ident,
            group: $group:ident,
            summary: $summary:literal,
            explanation: $explanation:expr,
            example: $example:expr,
            remedy: $remedy:expr,
        })+
    ) => {
        pub use $crate::kinds::{$($shared),*};
        $(
            #[doc = $summary]
            pub static $name: $crate::FindingKind = $crate::FindingKind {
                id: $id,
                aliases: &$aliases,
                severity: $crate::Severity::$severity,
                group: $crate::Group::$group,
                summary: $summary,
                explanation: $explanation,
                example: $example,
                remedy: $remedy,
            };
        )+
        /// Every kind that the tool reports.
        pub static KINDS: &[&$crate::FindingKind] = &[$(&$shared,)* $(&$name),+];
    };
}

/// A program is named without a path.
pub static BARE_PROGRAM: FindingKind = FindingKind {
    id: "bare-program",
    aliases: &["program-by-name"],
    severity: Severity::Error,
    group: Group::Units,
    summary: "A program is named without a path and is not on the search path",
    explanation: "systemd looks for a name without a slash in the directories of `ExecSearchPath=`, or in \
        those compiled into it; `PATH` of the unit plays no part (systemd.service(5), \"COMMAND LINES\"). \
        In a store, the compiled-in directories hold systemd's own programs and no others. For D-Bus and \
        polkit, the search path of the daemon counts. Programs that run another program, such as env and \
        find, look it up on `PATH`. patch-systemd-units writes the path of such a program, unless the unit or \
        the program in front may set another `PATH`: then it reports the name as a note.",
    example: "ExecStart=chronyd -d",
    remedy: "write the store path of the program, or set `ExecSearchPath=`",
};

/// The kernel cuts a core pattern.
pub static CORE_PATTERN_TOO_LONG: FindingKind = FindingKind {
    id: "core-pattern-too-long",
    aliases: &[],
    severity: Severity::Error,
    group: Group::IntegrationFiles,
    summary: "The kernel cuts kernel.core_pattern",
    explanation: "The kernel keeps 127 bytes of `kernel.core_pattern` and drops the rest without an error \
        (core(5); `CORENAME_MAX_SIZE`): the program gets fewer arguments, or another program is named. A store \
        path makes a pattern longer. patch-systemd-units writes nothing rather than such a pattern.",
    example: "kernel.core_pattern=|/nix/store/…-systemd-257/lib/systemd/systemd-coredump %P %u %g %s %t \
        9223372036854775808 %h %d %F",
    remedy: "let tmpfiles.d make a short link to the program (`L /run/x/coredump - - - - STORE_PATH`) and name \
        the link (`--replace PROGRAM=/run/x/coredump`), or leave out arguments",
};

/// A store path has credentials.
pub static CREDENTIAL_IN_STORE: FindingKind = FindingKind {
    id: "credential-in-store",
    aliases: &[],
    severity: Severity::Warning,
    group: Group::Tree,
    summary: "A store path contains credentials that everybody can read",
    explanation: "systemd looks for credentials in `lib/credstore` and `lib/credstore.encrypted` \
        (systemd.exec(5), `LoadCredential=`). Every user of the machine can read the whole store, and so can \
        whoever gets the package from a binary cache.",
    example: "lib/credstore/x.password",
    remedy: "keep secrets out of packages: store them in /etc/credstore or /run/credstore of the machine",
};

/// A symbolic link leads nowhere.
pub static DANGLING_SYMLINK: FindingKind = FindingKind {
    id: "dangling-symlink",
    aliases: &[
        "dangling-link",
        "dangling-package-link",
        "dangling-store-link",
    ],
    severity: Severity::Warning,
    group: Group::Tree,
    summary: "The target of a symbolic link does not exist",
    explanation: "The target was removed after the link was made, it is in an output that does not have \
        it, or the link leads in a circle. Opening the link fails. Links into `/dev`, `/proc`, `/run`, \
        `/sys`, `/tmp` and `/var` are ignored: the machine makes their targets.\n\nassemble-image reports \
        a link of `/usr` or `/etc` as an error. It leaves a package's link out of them with a warning, and \
        reports links that nothing in `/usr` or `/etc` uses as a note.",
    example: "lib/libx.so -> libx.so.1.2 (removed)",
    remedy: "point the link to a file that exists, or remove the link",
};

/// A store path holds a store of its own.
pub static DESTDIR_NEST: FindingKind = FindingKind {
    id: "destdir-nest",
    aliases: &["nest-left"],
    severity: Severity::Warning,
    group: Group::Tree,
    summary: "A store path contains a store directory",
    explanation: "The package was installed with `DESTDIR` and a prefix that was complete already. The \
        files that belong in `$out/bin` are in `$out/nix/store/…/bin`, where nothing finds them. \
        relocate-etc-to-out moves the configuration in there to its place and leaves the rest.",
    example: "$out/nix/store/…-x-1.0/bin/x",
    remedy: "install with a prefix or with `DESTDIR`, not with both",
};

/// A program names a file below /etc that the package ships in its own etc.
pub static ETC_PATH_IN_PROGRAM: FindingKind = FindingKind {
    id: "etc-path-in-program",
    aliases: &["etc-file-not-read", "etc-in-binary"],
    severity: Severity::Warning,
    group: Group::Etc,
    summary: "A program names a file below /etc that the package ships in its own etc",
    explanation: "The read-only data of an ELF file contain a path below `/etc`, and the store path has \
        that file in its `etc`. The program reads `/etc`, so the file that the package ships has no \
        effect unless something links it there. relocate-etc-to-out adds a line to tmpfiles.d that makes \
        the link, and reports a note: the path in a program cannot become longer.",
    example: "bin/x contains \"/etc/x/x.conf\", and etc/x/x.conf exists",
    remedy: "configure the package with `--sysconfdir=$out/etc` (Meson: `-Dsysconfdir=`, CMake: \
        `-DCMAKE_INSTALL_SYSCONFDIR=`), or run relocate-etc-to-out over it",
};

/// A unit forbids to run anything from the store.
pub static EXEC_PATHS_EXCLUDE_STORE: FindingKind = FindingKind {
    id: "exec-paths-exclude-store",
    aliases: &["exec-paths-without-store"],
    severity: Severity::Error,
    group: Group::Units,
    summary: "A unit forbids programs and libraries in the store",
    explanation: "`NoExecPaths=/` forbids to execute or map any file that `ExecPaths=` does not allow \
        (systemd.exec(5)). The interpreter and the libraries of the program are in several store paths. \
        The program does not start unless the whole store is allowed.",
    example: "NoExecPaths=/\nExecPaths=/usr/sbin/x /lib",
    remedy: "add the store directory to `ExecPaths=`",
};

/// A store path has files for another distribution's tools.
pub static FOREIGN_PACKAGE_DIRECTORY: FindingKind = FindingKind {
    id: "foreign-package-directory",
    aliases: &["unused-directory"],
    severity: Severity::Note,
    group: Group::Tree,
    summary: "A store path contains files for the tools of another distribution",
    explanation: "`lib/rpm` contains macros for RPM packages, `lib/kernel` scripts for kernel-install(8), \
        which installs kernels for the boot loader of a mutable system. Nothing reads them in a store \
        path. Scripts in them keep the store paths that they refer to in the closure.",
    example: "lib/kernel/install.d/50-x.install",
    remedy: "remove the directory in the build, or with `--prune` of relocate-etc-to-out",
};

/// A unit does not see the store.
pub static HIDDEN_STORE: FindingKind = FindingKind {
    id: "hidden-store",
    aliases: &[],
    severity: Severity::Error,
    group: Group::Units,
    summary: "A unit hides the store from its programs",
    explanation: "Below a path of `TemporaryFileSystem=` or `InaccessiblePaths=`, and in another root directory \
        (`RootDirectory=`, `RootImage=`), processes of the unit do not see the files of the system \
        (systemd.exec(5)). The interpreter and the libraries of the program are in several store paths. The \
        program does not start unless the store is bound to its place. Below a path of `InaccessiblePaths=`, \
        nothing can be bound.",
    example: "TemporaryFileSystem=/\nBindReadOnlyPaths=/usr /lib64",
    remedy: "add the store directory to `BindReadOnlyPaths=`; take its parents out of `InaccessiblePaths=`",
};

/// A line is longer than the readers of the file allow.
pub static LINE_TOO_LONG: FindingKind = FindingKind {
    id: "line-too-long",
    aliases: &["pc-line-too-long"],
    severity: Severity::Warning,
    group: Group::Tree,
    summary: "A line is longer than the readers of the file allow",
    explanation: "systemd refuses a file with a line of more than 1 MiB, pkgconf one of more than 65535 \
        bytes; continuation lines count. The file was not examined.",
    example: "Libs: -L/nix/store/…-x/lib … (70000 bytes)",
    remedy: "split or shorten the line",
};

/// A line does not have the format of its file.
pub static MALFORMED_LINE: FindingKind = FindingKind {
    id: "malformed-line",
    aliases: &["bad-line", "pc-no-statement", "unreadable-line"],
    severity: Severity::Note,
    group: Group::IntegrationFiles,
    summary: "A line does not have the fields that the format of the file requires",
    explanation: "Programs that read the file ignore the line, and so do the fixups. assemble-image, which \
        has to create the users and files that the lines of sysusers.d and tmpfiles.d declare, reports \
        an error.",
    example: "d /run/x 0755 root \"root",
    remedy: "correct the line, or remove it",
};

/// A user or group is used and not declared.
pub static MISSING_ACCOUNT: FindingKind = FindingKind {
    id: "missing-account",
    aliases: &["undeclared-account", "unknown-user"],
    severity: Severity::Warning,
    group: Group::IntegrationFiles,
    summary: "A file names a user or group that no sysusers.d file declares",
    explanation: "A service whose user does not exist fails with `217/USER`. udev ignores the owner; \
        systemd-tmpfiles fails on the line, which is an error for an image. Users and groups of the base \
        system are known. On NixOS, a module may declare the account. Services with `DynamicUser=` need \
        no declaration; accounts in polkit rules are reported as a note.",
    example: "[Service]\nUser=x",
    remedy: "declare the account in a sysusers.d file: `u x - \"Purpose\"`",
};

/// A condition names a file that does not exist.
pub static MISSING_CONDITION_FILE: FindingKind = FindingKind {
    id: "missing-condition-file",
    aliases: &["condition-on-missing-file", "condition-not-found"],
    severity: Severity::Warning,
    group: Group::Units,
    summary: "A condition names a file that no package has",
    explanation: "A `Condition…=`, an `Assert…=`, a test in a script or udev's `TEST` names a file below \
        `/usr`, `/bin`, `/lib` or `/opt`, or a store path, that does not exist. A unit is skipped without \
        an error; with `Assert…=` it fails. Conditions that require that a file is absent (`!`), \
        alternatives (`|`), and files in `/etc` and in the state of the machine are ignored.",
    example: "ConditionFileIsExecutable=/usr/sbin/chronyd",
    remedy: "add the package that has the file to the dependencies, or remove the condition",
};

/// nsswitch.conf names a service whose module does not exist.
pub static MISSING_NSS_MODULE: FindingKind = FindingKind {
    id: "missing-nss-module",
    aliases: &["name-service-missing", "name-service-not-in-image"],
    severity: Severity::Warning,
    group: Group::Authentication,
    summary: "nsswitch.conf names a service whose module does not exist",
    explanation: "glibc loads `libnss_NAME.so.2` for each service of a line. If it cannot, the users, \
        groups or hosts that the service knows do not exist. `files` and `dns` are part of glibc.",
    example: "passwd: files winbind",
    remedy: "add the package that has the module, or remove the service from the line",
};

/// A PAM service includes a service that does not exist.
pub static MISSING_PAM_INCLUDE: FindingKind = FindingKind {
    id: "missing-pam-include",
    aliases: &["pam-include-missing"],
    severity: Severity::Warning,
    group: Group::Authentication,
    summary: "A PAM service includes a service that does not exist",
    explanation: "`include`, `substack` and `@include` insert the lines of another file of `etc/pam.d`. \
        If it is missing, libpam refuses the including service, which is an error for an image. The \
        distribution provides services such as `common-auth` and `system-auth`; on NixOS, \
        `security.pam.services` writes the files, and these names do not exist.",
    example: "auth include common-auth",
    remedy: "write the lines themselves, or ship the included service",
};

/// A PAM service names a module that does not exist.
pub static MISSING_PAM_MODULE: FindingKind = FindingKind {
    id: "missing-pam-module",
    aliases: &["pam-module-missing", "pam-module-not-in-image"],
    severity: Severity::Error,
    group: Group::Authentication,
    summary: "A PAM service names a module that does not exist",
    explanation: "If a module cannot be loaded, libpam refuses the service, and no authentication through \
        it succeeds (pam.d(5)). The lint knows the modules of Linux-PAM and systemd, whether they are in \
        the closure or not; an image has to contain them. The module of a line that begins with `-` may be \
        missing.",
    example: "auth required pam_gone.so",
    remedy: "add the package that has the module, or remove the line",
};

/// A .pc file names a directory that does not exist.
pub static MISSING_PC_DIRECTORY: FindingKind = FindingKind {
    id: "missing-pc-directory",
    aliases: &[
        "pc-directory-outside-outputs",
        "pc-directory-not-found",
        "missing-pc-search-path",
        "pc-search-path-not-found",
    ],
    severity: Severity::Warning,
    group: Group::PkgConfig,
    summary: "A .pc file names a directory that the package does not have",
    explanation: "A variable or a flag names a directory below `/usr`, `/lib`, `/opt` or a build \
        directory, or one of the store that does not exist. Builds that use the module look there: on a \
        system with a store they find nothing, or another version. `/etc`, `/var` and `/run` belong to the \
        running system and are accepted.",
    example: "includedir=/usr/include",
    remedy: "install the files, or write the directory of the output that has them",
};

/// A program that is run does not exist.
pub static MISSING_PROGRAM: FindingKind = FindingKind {
    id: "missing-program",
    aliases: &[
        "program-missing",
        "program-not-found",
        "program-not-in-image",
    ],
    severity: Severity::Error,
    group: Group::Units,
    summary: "A program does not exist",
    explanation: "A unit, a D-Bus activation file, a udev rule, a polkit action or a similar file names a \
        program that neither the package nor a dependency has. Running the line fails. It is a note if a \
        condition of the unit tests for the same file, or if `-` precedes the program.\n\n\
        patch-systemd-units reports a warning unless `--missing error` is given, and assemble-image a \
        warning, or an error for systemd itself.",
    example: "ExecStart=/nix/store/…-x/bin/gone",
    remedy: "add the package that has the program to the inputs of the build, or remove the line",
};

/// A shell script runs a command that does not exist.
pub static MISSING_SHELL_COMMAND: FindingKind = FindingKind {
    id: "missing-shell-command",
    aliases: &["unfound-shell-command", "shell-command-not-found"],
    severity: Severity::Warning,
    group: Group::Scripts,
    summary: "A shell script runs a command that is not on its search path",
    explanation: "A script after `sh -c`, or a command of modprobe.d, names a command without a path. The \
        shell looks for it on `PATH`. For services that is the one compiled into systemd unless the unit \
        sets another; in a store, it has systemd's own programs and no others. On NixOS, a module may set \
        `PATH` for the unit: then the finding is wrong.",
    example: "ExecStartPre=/nix/store/…-bash/bin/sh -c 'mkdir -p /run/x'",
    remedy: "write the store path of the command, as patch-systemd-units does if its package is in the \
        inputs",
};

/// A file of the store does not exist.
pub static MISSING_STORE_FILE: FindingKind = FindingKind {
    id: "missing-store-file",
    aliases: &["store-file-missing", "store-path-not-found"],
    severity: Severity::Warning,
    group: Group::Units,
    summary: "A unit or integration file names a store path that does not exist",
    explanation: "Nothing can create a file in a store path later. A unit whose `EnvironmentFile=`, \
        `WorkingDirectory=` or `LoadCredential=` is missing fails before its program starts. The lint has \
        rules of their own for programs, conditions and the sources of tmpfiles.d lines.",
    example: "EnvironmentFile=/nix/store/…-x/etc/default/x   # which does not exist",
    remedy: "install the file, or correct its name in the build",
};

/// A tmpfiles.d line links to or copies a file that does not exist.
pub static MISSING_TMPFILES_SOURCE: FindingKind = FindingKind {
    id: "missing-tmpfiles-source",
    aliases: &["tmpfiles-source-missing"],
    severity: Severity::Warning,
    group: Group::IntegrationFiles,
    summary: "A line of tmpfiles.d links to or copies a file that does not exist",
    explanation: "The source is a store path that does not exist, or a file below `/usr` or the like that \
        no package has. systemd-tmpfiles makes a link that leads nowhere, or skips the copy without an \
        error.",
    example: "L /etc/x.conf - - - - /usr/share/x/x.conf",
    remedy: "write the store path of the file, or remove the line",
};

/// A condition asks that a file of a package does not exist.
pub static NEGATED_CONDITION: FindingKind = FindingKind {
    id: "negated-condition",
    aliases: &[],
    severity: Severity::Note,
    group: Group::Units,
    summary: "A condition asks that a file of a package does not exist",
    explanation: "A condition or assertion with `!` holds only if the file is not there (systemd.unit(5)). A file \
        of a store path always is: with the store path in its place, the condition could never hold, and the \
        unit would never start. patch-systemd-units leaves such a path unchanged. Then it names a place where no \
        package puts files, and the condition always holds.",
    example: "ConditionFileIsExecutable=!/usr/sbin/chronyd",
    remedy: "remove the condition, or let it ask for something that the running system decides",
};

/// A change would make outputs refer to each other.
pub static OUTPUT_CYCLE: FindingKind = FindingKind {
    id: "output-cycle",
    aliases: &["etc-file-stays", "pc-dev-directory"],
    severity: Severity::Warning,
    group: Group::Outputs,
    summary: "A change would make two outputs refer to each other",
    explanation: "Nix refuses outputs that refer to each other. The replacement or the move would close \
        such a cycle, so the reference or the file was left unchanged: a unit that names a program of \
        another output, a file in the `etc` of the output dev, or a `.pc` file outside the output dev that \
        names a directory there.",
    example: "out: ExecStart=/usr/bin/x, and bin/x is in the output bin, which refers to out",
    remedy: "install the file and what it names in the same output",
};

/// A .pc file uses a variable that it does not define.
pub static PC_UNDEFINED_VARIABLE: FindingKind = FindingKind {
    id: "pc-undefined-variable",
    aliases: &["pc-variable-undefined"],
    severity: Severity::Warning,
    group: Group::PkgConfig,
    summary: "A .pc file uses a variable that it does not define",
    explanation: "A variable is defined from its line on. pkg-config 0.29 refuses a file that uses one \
        earlier, or one that is never defined (\"Variable 'x' not defined\"); pkgconf takes it for empty, \
        and the flags are wrong. rewrite-pkgconfig-prefix leaves paths with such a variable unchanged.",
    example: "Libs: -L${libdir} -lx",
    remedy: "define the variable above its first use",
};

/// A program cannot be executed.
pub static PROGRAM_NOT_EXECUTABLE: FindingKind = FindingKind {
    id: "program-not-executable",
    aliases: &["program-without-execute-bit"],
    severity: Severity::Error,
    group: Group::Units,
    summary: "A program that is run has no execute permission",
    explanation: "The file exists, but nobody may execute it: systemd fails with `203/EXEC`, other programs \
        with \"Permission denied\". The mode was lost when the file was copied, or the file is not meant \
        to be run by itself. patch-systemd-units reports a warning.",
    example: "ExecStart=/nix/store/…-x/libexec/x.sh   # mode 0644",
    remedy: "set the execute permission in the build: `chmod +x`",
};

/// A program is named by a relative path.
pub static RELATIVE_PROGRAM: FindingKind = FindingKind {
    id: "relative-program",
    aliases: &["relative-program-path"],
    severity: Severity::Error,
    group: Group::Units,
    summary: "A program is named by a relative path",
    explanation: "systemd accepts an absolute path or a name without a slash. It refuses any other line \
        (\"Neither a valid executable name nor an absolute path\"), and does not load a service without a \
        command. patch-systemd-units reports a warning.",
    example: "ExecStart=bin/x",
    remedy: "write the store path of the program",
};

/// A script is not understood.
pub static SHELL_SYNTAX: FindingKind = FindingKind {
    id: "shell-syntax",
    aliases: &["script-not-understood"],
    severity: Severity::Warning,
    group: Group::Scripts,
    summary: "A script cannot be parsed",
    explanation: "A quote or a substitution is never closed, the text is not POSIX shell or bash, or the \
        script is longer than 1 MiB. The script was left unchanged; relocate-etc-to-out links the files \
        below `/etc` that it names.",
    example: "ExecStart=/bin/sh -c 'echo \"x'",
    remedy: "correct the script, or move it to a file of its own",
};

/// A file was not read.
pub static UNREAD_FILE: FindingKind = FindingKind {
    id: "unread-file",
    aliases: &["file-too-large", "etc-file-too-large", "pc-file-too-large"],
    severity: Severity::Error,
    group: Group::Tree,
    summary: "A file was not read, or not completely",
    explanation: "The file or directory cannot be opened, disappeared while it was read, is larger than \
        16 MiB although its format is a text of some kilobytes, or names more paths than are examined. \
        Other rules may have missed something, and fixups leave the file unchanged. A file that is too \
        large is a warning.",
    example: "lib/x with mode 0000, read by an unprivileged user",
    remedy: "make the file readable, or run the tool as a user who may read it",
};

/// A replacement cannot be written at its place.
pub static UNWRITABLE_PLACE: FindingKind = FindingKind {
    id: "unwritable-place",
    aliases: &["pc-path-in-pieces"],
    severity: Severity::Warning,
    group: Group::Units,
    summary: "A replacement cannot be written at its place",
    explanation: "The path is in pieces (quotes or an escape in the middle of a name, a continued line), \
        or the syntax of the place has no notation for a byte of the new path. The path was left \
        unchanged.",
    example: "ExecStart=\"/usr\"/bin/x",
    remedy: "write the path without quotes, escapes and line breaks in it",
};
