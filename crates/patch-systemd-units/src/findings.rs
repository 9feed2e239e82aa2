//! What the tool can find, and how each finding is worded.

use bstr::ByteSlice;
use hermetic_out::resolve::{UnresolvedReason, is_place_of_packages};
use hermetic_out::{FindingKind, Severity, finding_kinds};
use hermetic_out_formats::tables::provider_of;
use hermetic_out_formats::{ProblemKind, Reference, Role};

finding_kinds! {
    ARGUMENT_NOT_FOUND {
        id: "argument-not-found",
        aliases: [],
        severity: Note,
        group: Units,
        summary: "A path in an argument is not found",
        explanation: "An argument, a redirection or a variable names a file below /usr, /bin, \
            /lib, /sbin or /opt that neither the package nor a dependency has. Whether that \
            matters only the program knows that is given it.",
        example: "",
        remedy: "add the package that has the file to the dependencies, or patch the line",
    }
    BAD_LINE {
        id: "bad-line",
        aliases: [],
        severity: Note,
        group: IntegrationFiles,
        summary: "A line does not have the fields that its format asks for",
        explanation: "The program that reads the file ignores such a line, and so does this tool.",
        example: "",
        remedy: "correct the line, or remove it",
    }
    BAD_SECTION {
        id: "bad-section",
        aliases: [],
        severity: Warning,
        group: Units,
        summary: "A section header is never closed",
        explanation: "systemd refuses the whole file for it.",
        example: "",
        remedy: "add the missing `]`",
    }
    BAD_XML {
        id: "bad-xml",
        aliases: [],
        severity: Warning,
        group: IntegrationFiles,
        summary: "A file is not well-formed XML",
        explanation: "polkit does not load such a file; nothing in it was looked at.",
        example: "",
        remedy: "correct the file",
    }
    CONDITION_NOT_FOUND {
        id: "condition-not-found",
        aliases: [],
        severity: Note,
        group: Units,
        summary: "A condition names a program or file that is not found",
        explanation: "A `Condition…=`, an `Assert…=`, a test in a script or udev's `TEST` names a \
            file that neither the package nor a dependency has. What it guards is skipped without \
            an error.",
        example: "",
        remedy: "if it guards something you want, add the package that has the file to the \
            dependencies",
    }
    EXEC_PATHS_WITHOUT_STORE {
        id: "exec-paths-without-store",
        aliases: [],
        severity: Warning,
        group: Units,
        summary: "Programs may not be run from the store",
        explanation: "`NoExecPaths=/` forbids to run or map anything that `ExecPaths=` does not \
            allow. The program is allowed, but its interpreter and libraries lie in other store \
            paths: it will not start.",
        example: "",
        remedy: "add `ExecPaths=` with the store directory to the unit",
    }
    FILE_TOO_LARGE {
        id: "file-too-large",
        aliases: [],
        severity: Warning,
        group: Tree,
        summary: "A file is too large to be read",
        explanation: "Files of these kinds are text of some kilobytes. One of more than 16 MiB was \
            left alone.",
        example: "",
        remedy: "find out why it is so large",
    }
    FORBIDDEN_REFERENCE {
        id: "forbidden-reference",
        aliases: [],
        severity: Error,
        group: Outputs,
        summary: "A store path is referred to that was forbidden",
        explanation: "A replacement would make the package refer to a store path that \
            `--forbid-reference` names. Nothing was written.",
        example: "",
        remedy: "take the program from another package, with `--replace`, or leave the reference \
            alone, with `--keep`",
    }
    LINE_TOO_LONG {
        id: "line-too-long",
        aliases: [],
        severity: Warning,
        group: Units,
        summary: "A line is too long",
        explanation: "systemd refuses a file with a line of more than 1 MiB, continuations \
            included; nothing in it was looked at.",
        example: "",
        remedy: "find out why it is so long",
    }
    LOGIN_PROGRAM_COMPILED_IN {
        id: "login-program-compiled-in",
        aliases: [],
        severity: Note,
        group: Units,
        summary: "A getty runs the login program compiled into it",
        explanation: "agetty(8) runs /bin/login unless it is told another program, and there is no \
            /bin/login on a system without a merged /bin.",
        example: "",
        remedy: "give `--replace /bin/login=PATH`, or a dependency with bin/login: the line gains \
            `--login-program`",
    }
    MACHINE_STATE_PROGRAM {
        id: "machine-state-program",
        aliases: [],
        severity: Note,
        group: Units,
        summary: "The program lies in a place that only the running machine knows",
        explanation: "A program below /var, /run, /home or the like is put there at run time. It \
            is left alone.",
        example: "",
        remedy: "make sure that something on the machine puts it there",
    }
    OUTPUT_CYCLE {
        id: "output-cycle",
        aliases: [],
        severity: Warning,
        group: Outputs,
        summary: "Two outputs would refer to each other",
        explanation: "Nix refuses outputs that refer to each other. The replacement would close \
            such a cycle, and moving the file to another output does not open it, so the reference \
            was left alone.",
        example: "",
        remedy: "move the program and the unit to one output, or choose where units go with \
            `--unit-output`",
    }
    OUTPUT_NOT_RUNTIME {
        id: "output-not-runtime",
        aliases: [],
        severity: Warning,
        group: Outputs,
        summary: "Only an output that is not needed at run time has the file",
        explanation: "A reference to a doc, man, dev, info or debug output would make everybody \
            who uses the package download it, so it was left alone.",
        example: "",
        remedy: "move the file to an output that is needed at run time",
    }
    PROGRAM_BY_NAME {
        id: "program-by-name",
        aliases: [],
        severity: Note,
        group: Units,
        summary: "A program is run by its name alone",
        explanation: "A program such as env or find is given a bare name and looks it up on PATH. \
            In a service that is the search path compiled into systemd.",
        example: "",
        remedy: "write the store path in its place, or set `Environment=PATH=` or \
            `ExecSearchPath=` for the unit",
    }
    PROGRAM_NOT_EXECUTABLE {
        id: "program-not-executable",
        aliases: [],
        severity: Warning,
        group: Units,
        summary: "A program is found, but nobody may run it",
        explanation: "The file is there, without an execute bit.",
        example: "",
        remedy: "set it in the build: `chmod +x`",
    }
    PROGRAM_NOT_FOUND {
        id: "program-not-found",
        aliases: [],
        severity: Warning,
        group: Units,
        summary: "A program is not found",
        explanation: "Neither an output of the package nor a directory of the search path has the \
            program. Where the line is run, it fails.",
        example: "",
        remedy: "add the package that has it to buildInputs, say what it should be with \
            `--replace`, or that it is right with `--keep` (in a derivation: \
            patchSystemdUnitsReplace, patchSystemdUnitsKeep)",
    }
    RELATIVE_PROGRAM {
        id: "relative-program",
        aliases: [],
        severity: Warning,
        group: Units,
        summary: "A program is neither an absolute path nor a name",
        explanation: "systemd takes absolute paths and names without a slash, nothing else, and \
            ignores the line.",
        example: "",
        remedy: "correct the line",
    }
    REPLACEMENT_NOT_FOUND {
        id: "replacement-not-found",
        aliases: [],
        severity: Warning,
        group: Units,
        summary: "A replacement given on the command line does not exist",
        explanation: "`--replace FROM=TO` or `--fallback FROM=TO` names a store path at which \
            there is no such file, or one that cannot be run.",
        example: "",
        remedy: "correct TO",
    }
    SEARCH_PATH_NOT_FOUND {
        id: "search-path-not-found",
        aliases: [],
        severity: Note,
        group: Units,
        summary: "A search path names no directory that provides a program",
        explanation: "`PATH` or `ExecSearchPath=` names directories such as /usr/bin. The package \
            has no programs of its own, and the unit runs none by a bare name, so nothing is known \
            to put there.",
        example: "",
        remedy: "set it to the directories that the service needs",
    }
    SETUID_WRAPPER {
        id: "setuid-wrapper",
        aliases: [],
        severity: Note,
        group: Units,
        summary: "A program that needs its setuid bit is taken from the wrappers",
        explanation: "No file of a store can have a setuid bit. In a unit that does not run as \
            root such a program is taken from /run/wrappers/bin, where the running system has one \
            with the bit.",
        example: "",
        remedy: "on NixOS declare it in `security.wrappers`, if it is not there already",
    }
    SHELL_COMMAND_NOT_FOUND {
        id: "shell-command-not-found",
        aliases: [],
        severity: Warning,
        group: Scripts,
        summary: "A command in a shell script is not found",
        explanation: "The script runs a command that neither the package nor a directory of the \
            search path has; in a service it is looked up on the search path compiled into \
            systemd.",
        example: "",
        remedy: "add the package that has it to buildInputs, say what it should be with \
            `--replace`, or that it is right with `--keep`",
    }
    SHELL_SYNTAX {
        id: "shell-syntax",
        aliases: [],
        severity: Warning,
        group: Scripts,
        summary: "A shell script cannot be understood",
        explanation: "Nothing in a script that does not parse as POSIX shell or bash was changed.",
        example: "",
        remedy: "look at the script: move it to a file of its own, or write it more plainly",
    }
    SHELL_TOO_LONG {
        id: "shell-too-long",
        aliases: [],
        severity: Warning,
        group: Scripts,
        summary: "A shell script is too long",
        explanation: "Scripts of more than 8 KiB, or more than three deep in each other, are not \
            parsed; nothing in it was changed.",
        example: "",
        remedy: "move the script to a file of its own",
    }
    STORE_PATH_NOT_FOUND {
        id: "store-path-not-found",
        aliases: [],
        severity: Warning,
        group: Units,
        summary: "A store path does not exist",
        explanation: "The file names a store path at which there is nothing.",
        example: "",
        remedy: "correct the build that wrote it",
    }
    UNBALANCED_QUOTE {
        id: "unbalanced-quote",
        aliases: [],
        severity: Warning,
        group: Units,
        summary: "A quote is never closed",
        explanation: "The program that reads the file refuses the line.",
        example: "",
        remedy: "close the quote",
    }
    UNIT_MOVED {
        id: "unit-moved",
        aliases: [],
        severity: Note,
        group: Outputs,
        summary: "A file moves to another output",
        explanation: "Left where it was, the file would make two outputs refer to each other, \
            which Nix refuses. It moves to the output that has its program, with its drop-ins and \
            the links to it.",
        example: "",
        remedy: "if it should be elsewhere, name the output with `--unit-output`",
    }
    UNWRITABLE_PLACE {
        id: "unwritable-place",
        aliases: [],
        severity: Warning,
        group: Units,
        summary: "A replacement cannot be written at its place",
        explanation: "The text stands in pieces (quotes in the middle of a name, a continued \
            line), or the place has no notation for a byte of the new path. It was left alone.",
        example: "",
        remedy: "write the line more plainly",
    }
    VARIABLE_IN_PATH {
        id: "variable-in-path",
        aliases: [],
        severity: Note,
        group: Units,
        summary: "A path is completed by a variable or a specifier",
        explanation: "Which file is meant is known only at run time, so the path was left alone. \
            Its beginning names a place that a system without /usr does not have.",
        example: "",
        remedy: "look at the line: write the store path in front of the variable, if all that it \
            can name is there",
    }
}

/// What is the matter with a reference that could not be resolved. `None` if it need not be: a path
/// in an argument that nobody has may mean anything.
pub(crate) fn of_missing(
    reference: &Reference,
    missing: &UnresolvedReason,
) -> Option<(&'static FindingKind, Severity, String, String)> {
    let text = reference.text.bytes();
    let shown = text.as_bstr();
    let runs = matches!(reference.role, Role::Program | Role::ShellCommand);
    let provider = provider_of(base_name(text));
    let package = provider.unwrap_or("the package that has it");
    let advice = format!("add {package} to buildInputs, or set patchSystemdUnitsKeep");
    let (kind, message, help) = match missing {
        UnresolvedReason::NotFound if reference.role == Role::Program => (
            &PROGRAM_NOT_FOUND,
            format!("the program {shown} is not found"),
            advice,
        ),
        UnresolvedReason::NotFound if reference.role == Role::ShellCommand => (
            &SHELL_COMMAND_NOT_FOUND,
            format!("the command {shown} is not found"),
            advice,
        ),
        UnresolvedReason::NotFound if reference.role == Role::PrefixedProgram => (
            &PROGRAM_BY_NAME,
            format!("{shown} is run by its name alone"),
            "write its store path in its place".to_owned(),
        ),
        UnresolvedReason::NotFound if !is_of_a_package(text) => return None,
        UnresolvedReason::NotFound if reference.role == Role::Condition => (
            &CONDITION_NOT_FOUND,
            format!("{shown} is not found"),
            advice,
        ),
        UnresolvedReason::NotFound => {
            (&ARGUMENT_NOT_FOUND, format!("{shown} is not found"), advice)
        }
        UnresolvedReason::NotExecutable(path) => (
            &PROGRAM_NOT_EXECUTABLE,
            format!("{} is not executable", path.display()),
            "set its execute bit in the build".to_owned(),
        ),
        UnresolvedReason::NotInStore => (
            &STORE_PATH_NOT_FOUND,
            format!("{shown} does not exist"),
            "correct the build that wrote it".to_owned(),
        ),
        UnresolvedReason::NotAPath => (
            &RELATIVE_PROGRAM,
            format!("{shown:?} is neither an absolute path nor a name without a slash"),
            "correct the line".to_owned(),
        ),
        UnresolvedReason::OnlyInOutput(output) => (
            &OUTPUT_NOT_RUNTIME,
            format!("only the output {output} has {shown}"),
            "move it to an output that is needed at run time".to_owned(),
        ),
        UnresolvedReason::BadReplacement(path) => (
            &REPLACEMENT_NOT_FOUND,
            format!(
                "{} is to replace {shown}, but there is no such program or file",
                path.display()
            ),
            "correct --replace or --fallback".to_owned(),
        ),
        _ => return None,
    };
    let severity = match kind.severity {
        severity if runs && reference.optional => severity.min(Severity::Note),
        severity => severity,
    };
    Some((kind, severity, message, help))
}

/// The kind of finding of a place that a scanner could not understand, and what to say of it.
pub(crate) fn of_problem(problem: ProblemKind) -> (&'static FindingKind, &'static str) {
    match problem {
        ProblemKind::UnbalancedQuote => (&UNBALANCED_QUOTE, "a quote is never closed"),
        ProblemKind::ShellSyntax => (&SHELL_SYNTAX, "this script does not parse"),
        ProblemKind::ShellTooLong => (&SHELL_TOO_LONG, "this script is too long to be parsed"),
        ProblemKind::BadSection => (&BAD_SECTION, "this section header is never closed"),
        ProblemKind::BadXml => (&BAD_XML, "this is not well-formed XML"),
        ProblemKind::LineTooLong => (&LINE_TOO_LONG, "here a line is longer than 1 MiB"),
        _ => (
            &BAD_LINE,
            "this line does not have the fields that its format asks for",
        ),
    }
}

/// Whether a kind says that something a line runs is missing: what `--missing error` makes fatal.
pub(crate) fn is_missing_program(kind: &FindingKind) -> bool {
    [
        &PROGRAM_NOT_FOUND,
        &PROGRAM_NOT_EXECUTABLE,
        &SHELL_COMMAND_NOT_FOUND,
        &RELATIVE_PROGRAM,
        &STORE_PATH_NOT_FOUND,
        &OUTPUT_NOT_RUNTIME,
        &OUTPUT_CYCLE,
        &REPLACEMENT_NOT_FOUND,
    ]
    .contains(&kind)
}

/// Whether a path lies where only packages put files: below the hierarchy's prefixes, /etc apart.
pub(crate) fn is_of_a_package(path: &[u8]) -> bool {
    let below_top = path.split(|byte| *byte == b'/').nth(2);
    below_top.is_some_and(|part| !part.is_empty())
        && is_place_of_packages(path)
        && !path.starts_with(b"/etc/")
}

fn base_name(path: &[u8]) -> &[u8] {
    path.rsplit(|byte| *byte == b'/').next().unwrap_or_default()
}
