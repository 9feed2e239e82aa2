//! What the tool can find, and how each finding is worded.

use bstr::ByteSlice;
use hermetic_out::resolve::{UnresolvedReason, is_place_of_packages};
use hermetic_out::{FindingKind, Severity, finding_kinds};
use hermetic_out_formats::tables::provider_of;
use hermetic_out_formats::{ProblemKind, Reference, Role};

finding_kinds! {
    /// A path in an argument is not found
    ARGUMENT_NOT_FOUND = "argument-not-found", Note,
    "An argument, a redirection or a variable names a file below /usr, /bin, /lib, /sbin or /opt that \
     neither the package nor a dependency has. Whether that matters only the program knows that is \
     given it.\n\nAdd the package that has the file to the dependencies, or patch the line.";
    /// A line does not have the fields that its format asks for
    BAD_LINE = "bad-line", Note,
    "The program that reads the file ignores such a line, and so does this tool.\n\nCorrect the line, \
     or remove it.";
    /// A section header is never closed
    BAD_SECTION = "bad-section", Warning,
    "systemd refuses the whole file for it.\n\nAdd the missing `]`.";
    /// A file is not well-formed XML
    BAD_XML = "bad-xml", Warning,
    "polkit does not load such a file; nothing in it was looked at.\n\nCorrect the file.";
    /// A condition names a program or file that is not found
    CONDITION_NOT_FOUND = "condition-not-found", Note,
    "A `Condition…=`, an `Assert…=`, a test in a script or udev's `TEST` names a file that neither the \
     package nor a dependency has. What it guards is skipped without an error.\n\nIf it guards \
     something you want, add the package that has the file to the dependencies.";
    /// Programs may not be run from the store
    EXEC_PATHS_WITHOUT_STORE = "exec-paths-without-store", Warning,
    "`NoExecPaths=/` forbids to run or map anything that `ExecPaths=` does not allow. The program is \
     allowed, but its interpreter and libraries lie in other store paths: it will not start.\n\nAdd \
     `ExecPaths=` with the store directory to the unit.";
    /// A file is too large to be read
    FILE_TOO_LARGE = "file-too-large", Warning,
    "Files of these kinds are text of some kilobytes. One of more than 16 MiB was left alone.\n\nFind \
     out why it is so large.";
    /// A store path is referred to that was forbidden
    FORBIDDEN_REFERENCE = "forbidden-reference", Error,
    "A replacement would make the package refer to a store path that `--forbid-reference` names. \
     Nothing was written.\n\nTake the program from another package, with `--replace`, or leave the \
     reference alone, with `--keep`.";
    /// A line is too long
    LINE_TOO_LONG = "line-too-long", Warning,
    "systemd refuses a file with a line of more than 1 MiB, continuations included; nothing in it was \
     looked at.\n\nFind out why it is so long.";
    /// A getty runs the login program compiled into it
    LOGIN_PROGRAM_COMPILED_IN = "login-program-compiled-in", Note,
    "agetty(8) runs /bin/login unless it is told another program, and there is no /bin/login on a \
     system without a merged /bin.\n\nGive `--replace /bin/login=PATH`, or a dependency with \
     bin/login: the line gains `--login-program`.";
    /// The program lies in a place that only the running machine knows
    MACHINE_STATE_PROGRAM = "machine-state-program", Note,
    "A program below /var, /run, /home or the like is put there at run time. It is left alone.\n\nMake \
     sure that something on the machine puts it there.";
    /// Two outputs would refer to each other
    OUTPUT_CYCLE = "output-cycle", Warning,
    "Nix refuses outputs that refer to each other. The replacement would close such a cycle, and \
     moving the file to another output does not open it, so the reference was left alone.\n\nMove the \
     program and the unit to one output, or choose where units go with `--unit-output`.";
    /// Only an output that is not needed at run time has the file
    OUTPUT_NOT_RUNTIME = "output-not-runtime", Warning,
    "A reference to a doc, man, dev, info or debug output would make everybody who uses the package \
     download it, so it was left alone.\n\nMove the file to an output that is needed at run time.";
    /// A program is run by its name alone
    PROGRAM_BY_NAME = "program-by-name", Note,
    "A program such as env or find is given a bare name and looks it up on PATH. In a service that is \
     the search path compiled into systemd.\n\nWrite the store path in its place, or set \
     `Environment=PATH=` or `ExecSearchPath=` for the unit.";
    /// A program is found, but nobody may run it
    PROGRAM_NOT_EXECUTABLE = "program-not-executable", Warning,
    "The file is there, without an execute bit.\n\nSet it in the build: `chmod +x`.";
    /// A program is not found
    PROGRAM_NOT_FOUND = "program-not-found", Warning,
    "Neither an output of the package nor a directory of the search path has the program. Where the \
     line is run, it fails.\n\nAdd the package that has it to buildInputs, say what it should be with \
     `--replace`, or that it is right with `--keep` (in a derivation: patchSystemdUnitsReplace, \
     patchSystemdUnitsKeep).";
    /// A program is neither an absolute path nor a name
    RELATIVE_PROGRAM = "relative-program", Warning,
    "systemd takes absolute paths and names without a slash, nothing else, and ignores the \
     line.\n\nCorrect the line.";
    /// A replacement given on the command line does not exist
    REPLACEMENT_NOT_FOUND = "replacement-not-found", Warning,
    "`--replace FROM=TO` or `--fallback FROM=TO` names a store path at which there is no such file, or \
     one that cannot be run.\n\nCorrect TO.";
    /// A search path names no directory that provides a program
    SEARCH_PATH_NOT_FOUND = "search-path-not-found", Note,
    "`PATH` or `ExecSearchPath=` names directories such as /usr/bin. The package has no programs of its \
     own, and the unit runs none by a bare name, so nothing is known to put there.\n\nSet it to the \
     directories that the service needs.";
    /// A program that needs its setuid bit is taken from the wrappers
    SETUID_WRAPPER = "setuid-wrapper", Note,
    "No file of a store can have a setuid bit. In a unit that does not run as root such a program is \
     taken from /run/wrappers/bin, where the running system has one with the bit.\n\nOn NixOS declare \
     it in `security.wrappers`, if it is not there already.";
    /// A command in a shell script is not found
    SHELL_COMMAND_NOT_FOUND = "shell-command-not-found", Warning,
    "The script runs a command that neither the package nor a directory of the search path has; in a \
     service it is looked up on the search path compiled into systemd.\n\nAdd the package that has it \
     to buildInputs, say what it should be with `--replace`, or that it is right with `--keep`.";
    /// A shell script cannot be understood
    SHELL_SYNTAX = "shell-syntax", Warning,
    "Neither bash nor a POSIX shell would run the script. Nothing in it was changed.\n\nCorrect it.";
    /// A store path does not exist
    STORE_PATH_NOT_FOUND = "store-path-not-found", Warning,
    "The file names a store path at which there is nothing.\n\nCorrect the build that wrote it.";
    /// A quote is never closed
    UNBALANCED_QUOTE = "unbalanced-quote", Warning,
    "The program that reads the file refuses the line.\n\nClose the quote.";
    /// A file moves to another output
    UNIT_MOVED = "unit-moved", Note,
    "Left where it was, the file would make two outputs refer to each other, which Nix refuses. It moves \
     to the output that has its program, with its drop-ins and the links to it.\n\nIf it should be \
     elsewhere, name the output with `--unit-output`.";
    /// A replacement cannot be written at its place
    UNWRITABLE_PLACE = "unwritable-place", Warning,
    "The text stands in pieces (quotes in the middle of a name, a continued line), or the place has no \
     notation for a byte of the new path. It was left alone.\n\nWrite the line more plainly.";
    /// A path is completed by a variable or a specifier
    VARIABLE_IN_PATH = "variable-in-path", Note,
    "Which file is meant is known only at run time, so the path was left alone. Its beginning names a \
     place that a system without /usr does not have.\n\nLook at the line: write the store path in front \
     of the variable, if all that it can name is there.";
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kinds_are_sorted_and_named_once() {
        for pair in KINDS.windows(2) {
            assert!(
                pair[0].name < pair[1].name,
                "{} before {}",
                pair[0].name,
                pair[1].name
            );
        }
    }

    #[test]
    fn each_kind_is_explained() {
        for kind in KINDS {
            assert!(
                !kind.summary.is_empty() && !kind.summary.ends_with('.'),
                "{}",
                kind.name
            );
            assert!(
                kind.explanation.contains("\n\n"),
                "{} says what to do",
                kind.name
            );
        }
    }
}
