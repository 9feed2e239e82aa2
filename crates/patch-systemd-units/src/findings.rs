//! What the tool can find, and how each finding is worded.

use bstr::ByteSlice;
use hermetic_out::resolve::{UnresolvedReason, is_place_of_packages};
use hermetic_out::{FindingKind, Severity, finding_kinds};
use hermetic_out_formats::tables::provider_of;
use hermetic_out_formats::{Lookup, ProblemKind, Reference, Role};

finding_kinds! {
    [
        BARE_PROGRAM
        CORE_PATTERN_TOO_LONG
        EXEC_PATHS_EXCLUDE_STORE
        HIDDEN_STORE
        LINE_TOO_LONG
        MALFORMED_LINE
        MISSING_CONDITION_FILE
        MISSING_PROGRAM
        MISSING_SHELL_COMMAND
        MISSING_STORE_FILE
        NEGATED_CONDITION
        OUTPUT_CYCLE
        PROGRAM_NOT_EXECUTABLE
        RELATIVE_PROGRAM
        SHELL_SYNTAX
        UNREAD_FILE
        UNWRITABLE_PLACE
    ]
    FORBIDDEN_REFERENCE {
        id: "forbidden-reference",
        aliases: [],
        severity: Error,
        group: Outputs,
        summary: "A replacement would refer to a forbidden store path",
        explanation: "A replacement would make the package refer to a store path that \
            `--forbid-reference` names. Nothing was written.",
        example: "--forbid-reference /nix/store/…-gcc, and ExecStart=/usr/bin/gcc",
        remedy: "name another provider with `--replace`, or keep the path with `--keep`",
    }
    LOGIN_PROGRAM_COMPILED_IN {
        id: "login-program-compiled-in",
        aliases: [],
        severity: Note,
        group: Units,
        summary: "A getty runs the login program that is compiled into it",
        explanation: "agetty(8) runs /bin/login unless an option names another program. A system without \
            a merged /bin has no /bin/login. If a dependency has bin/login, or `--replace` names one, the \
            line gets `--login-program`.",
        example: "ExecStart=-/sbin/agetty -o '-p -- \\u' --noclear %I $TERM",
        remedy: "give `--replace /bin/login=PATH`, or add a dependency with bin/login",
    }
    MACHINE_STATE_PROGRAM {
        id: "machine-state-program",
        aliases: [],
        severity: Note,
        group: Units,
        summary: "A program is in a directory that the running machine fills",
        explanation: "A program below /var, /run, /home or the like is installed at run time. The path was \
            left unchanged.",
        example: "ExecStart=/var/lib/x/bin/x",
        remedy: "make sure that the machine installs the program",
    }
    MISSING_ARGUMENT_FILE {
        id: "missing-argument-file",
        aliases: ["argument-not-found"],
        severity: Note,
        group: Units,
        summary: "A file in an argument does not exist",
        explanation: "An argument, a redirection or a variable names a file below /usr, /bin, /lib, /sbin \
            or /opt that neither the package nor a dependency has. Only the program that gets the path \
            knows whether that matters.",
        example: "ExecStart=/nix/store/…-x/bin/x --config /usr/share/x/x.conf",
        remedy: "add the package that has the file to the dependencies, or patch the line",
    }
    MISSING_REPLACEMENT {
        id: "missing-replacement",
        aliases: ["replacement-not-found"],
        severity: Warning,
        group: Units,
        summary: "A replacement that was given does not exist",
        explanation: "`--replace FROM=TO` or `--fallback FROM=TO` names a file that does not exist or that \
            cannot be executed.",
        example: "--replace /usr/bin/x=/nix/store/…-x/bin/gone",
        remedy: "correct TO in `--replace` or `--fallback`",
    }
    MISSING_SEARCH_PATH {
        id: "missing-search-path",
        aliases: ["search-path-not-found"],
        severity: Note,
        group: Units,
        summary: "No directory is known for a search path",
        explanation: "`PATH` or `ExecSearchPath=` names directories such as /usr/bin. The package has no \
            programs of its own, and the unit runs none by a bare name. So it is not known which \
            directories the service needs.",
        example: "Environment=PATH=/usr/sbin:/usr/bin",
        remedy: "set the search path to the directories that the service needs",
    }
    OUTPUT_NOT_RUNTIME {
        id: "output-not-runtime",
        aliases: [],
        severity: Warning,
        group: Outputs,
        summary: "Only an output that is not needed at run time has the file",
        explanation: "A reference to a doc, man, dev, info or debug output would add that output to the \
            closure of every user of the package. The path was left unchanged.",
        example: "ExecStart=/usr/bin/x-config, and only the output dev has bin/x-config",
        remedy: "move the file to an output that is needed at run time",
    }
    SETUID_WRAPPER {
        id: "setuid-wrapper",
        aliases: [],
        severity: Note,
        group: Units,
        summary: "A program that needs its setuid bit is taken from the wrappers",
        explanation: "No file of a store can have a setuid bit. In a unit that does not run as root, such a \
            program is taken from /run/wrappers/bin, where the system has a copy with the bit.",
        example: "[Service]\nUser=x\nExecStart=/usr/bin/sudo -n x",
        remedy: "declare the program in `security.wrappers` of NixOS, or with `--setuid` of assemble-image",
    }
    MALFORMED_JSON {
        id: "malformed-json",
        aliases: [],
        severity: Warning,
        group: IntegrationFiles,
        summary: "A file is not well-formed JSON",
        explanation: "Browsers do not load the file. It was not examined.",
        example: "{ \"path\": \"/usr/bin/x\", }",
        remedy: "correct the file",
    }
    MALFORMED_XML {
        id: "malformed-xml",
        aliases: ["bad-xml"],
        severity: Warning,
        group: IntegrationFiles,
        summary: "A file is not well-formed XML",
        explanation: "polkit does not load the file. It was not examined.",
        example: "<policyconfig><action id=\"org.x\"></policyconfig>",
        remedy: "correct the file",
    }
    UNBALANCED_QUOTE {
        id: "unbalanced-quote",
        aliases: [],
        severity: Warning,
        group: Units,
        summary: "A quote is never closed",
        explanation: "The program that reads the file refuses the line.",
        example: "ExecStart=/nix/store/…-x/bin/x \"a",
        remedy: "close the quote",
    }
    UNCLOSED_SECTION {
        id: "unclosed-section",
        aliases: ["bad-section"],
        severity: Warning,
        group: Units,
        summary: "A section header is never closed",
        explanation: "systemd refuses the whole file.",
        example: "[Service\nExecStart=/nix/store/…-x/bin/x",
        remedy: "add the missing `]`",
    }
    UNIT_MOVED {
        id: "unit-moved",
        aliases: [],
        severity: Note,
        group: Outputs,
        summary: "A file moves to another output",
        explanation: "At its old place, the file would make two outputs refer to each other, which Nix \
            refuses. It moves to the output that has its program, together with its drop-ins and the links \
            to it.",
        example: "out: ExecStart=/usr/bin/x, and bin/x is in the output bin, which refers to out",
        remedy: "name another output with `--unit-output` if the file should be elsewhere",
    }
    VARIABLE_IN_PATH {
        id: "variable-in-path",
        aliases: [],
        severity: Note,
        group: Units,
        summary: "A path contains a variable or a specifier",
        explanation: "The file that is meant is known only at run time, so the path was left unchanged. The \
            system may not have the directory that the path begins with.",
        example: "ExecStart=/usr/lib/x/${MODE}",
        remedy: "write the store path in front of the variable if all files that it can name are there",
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
    let runs = matches!(
        reference.role,
        Role::Program | Role::ShellCommand | Role::PrefixedProgram
    );
    let provider = provider_of(base_name(text));
    let package = provider.unwrap_or("the package that has it");
    let advice = format!(
        "add {package} to --search-path (in nixpkgs: buildInputs), or keep the path with --keep \
         (patchSystemdUnitsKeep)"
    );
    let remedy = |kind: &FindingKind| kind.remedy.to_owned();
    let (kind, severity, message, help) = match missing {
        // What may be a program may be something else.
        UnresolvedReason::NotFound
            if reference.lookup == Lookup::UnknownSearchPath && reference.optional =>
        {
            return None;
        }
        UnresolvedReason::NotFound if reference.lookup == Lookup::UnknownSearchPath => (
            &BARE_PROGRAM,
            Severity::Note,
            format!("the program {shown} is named without a path"),
            remedy(&BARE_PROGRAM),
        ),
        UnresolvedReason::NotFound
            if matches!(reference.role, Role::Program | Role::PrefixedProgram) =>
        {
            (
                &MISSING_PROGRAM,
                Severity::Warning,
                format!("no output or dependency has the program {shown}"),
                advice,
            )
        }
        UnresolvedReason::NotFound if reference.role == Role::ShellCommand => (
            &MISSING_SHELL_COMMAND,
            Severity::Warning,
            format!("no output or dependency has the command {shown}"),
            advice,
        ),
        UnresolvedReason::NotFound if !is_of_a_package(text) => return None,
        UnresolvedReason::NotFound if reference.role == Role::Condition => (
            &MISSING_CONDITION_FILE,
            Severity::Note,
            format!("no output or dependency has the file {shown} of a condition"),
            if reference.asks_for_directory() {
                // Dependencies provide files.
                "if the machine has the directory, keep the path with --keep (in nixpkgs: \
                 patchSystemdUnitsKeep)"
                    .to_owned()
            } else {
                advice
            },
        ),
        UnresolvedReason::NotFound => (
            &MISSING_ARGUMENT_FILE,
            Severity::Note,
            format!("no output or dependency has the file {shown}"),
            advice,
        ),
        UnresolvedReason::NotExecutable(path) => (
            &PROGRAM_NOT_EXECUTABLE,
            Severity::Warning,
            format!("the program {} is not executable", path.display()),
            remedy(&PROGRAM_NOT_EXECUTABLE),
        ),
        UnresolvedReason::NotInStore => (
            &MISSING_STORE_FILE,
            Severity::Warning,
            format!("the store path {shown} does not exist"),
            remedy(&MISSING_STORE_FILE),
        ),
        UnresolvedReason::NotAPath => (
            &RELATIVE_PROGRAM,
            Severity::Warning,
            format!("the program {shown:?} is neither an absolute path nor a name without a slash"),
            remedy(&RELATIVE_PROGRAM),
        ),
        UnresolvedReason::OnlyInOutput(output) => (
            &OUTPUT_NOT_RUNTIME,
            Severity::Warning,
            format!("only the output {output} has {shown}, and it is not needed at run time"),
            remedy(&OUTPUT_NOT_RUNTIME),
        ),
        UnresolvedReason::BadReplacement(path) => (
            &MISSING_REPLACEMENT,
            Severity::Warning,
            format!(
                "the replacement {} of {shown} does not exist or is not executable",
                path.display()
            ),
            remedy(&MISSING_REPLACEMENT),
        ),
        _ => return None,
    };
    let severity = match severity {
        severity if runs && reference.optional => severity.min(Severity::Note),
        severity => severity,
    };
    Some((kind, severity, message, help))
}

/// The kind of finding of a place that a scanner could not understand, and what to say of it.
pub(crate) fn of_problem(problem: ProblemKind) -> (&'static FindingKind, &'static str) {
    match problem {
        ProblemKind::UnbalancedQuote => (&UNBALANCED_QUOTE, "a quote on this line is never closed"),
        ProblemKind::ShellSyntax => (&SHELL_SYNTAX, "the script cannot be parsed"),
        ProblemKind::BadSection => (&UNCLOSED_SECTION, "the section header is never closed"),
        ProblemKind::BadJson => (&MALFORMED_JSON, "the file is not well-formed JSON"),
        ProblemKind::CorePatternTooLong => (
            &CORE_PATTERN_TOO_LONG,
            "the core pattern is longer than 127 bytes",
        ),
        ProblemKind::BadXml => (&MALFORMED_XML, "the file is not well-formed XML"),
        ProblemKind::LineTooLong => (&LINE_TOO_LONG, "the line is longer than 1 MiB"),
        _ => (
            &MALFORMED_LINE,
            "the line does not have the fields that its format requires",
        ),
    }
}

/// Whether a kind says that something a line runs is missing: what `--missing error` makes fatal.
pub(crate) fn is_missing_program(kind: &FindingKind) -> bool {
    [
        &MISSING_PROGRAM,
        &PROGRAM_NOT_EXECUTABLE,
        &MISSING_SHELL_COMMAND,
        &RELATIVE_PROGRAM,
        &MISSING_STORE_FILE,
        &OUTPUT_NOT_RUNTIME,
        &OUTPUT_CYCLE,
        &MISSING_REPLACEMENT,
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
