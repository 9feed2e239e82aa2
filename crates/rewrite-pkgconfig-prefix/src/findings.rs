//! What the tool can find, and how each finding is worded.

use std::path::Path;

use hermetic_out::{Finding, FindingKind, Severity, SourceText, finding_kinds};
use hermetic_out_formats::{ProblemKind, Span};

finding_kinds! {
    [
        LINE_TOO_LONG
        MALFORMED_LINE
        MISSING_PC_DIRECTORY
        OUTPUT_CYCLE
        PC_UNDEFINED_VARIABLE
        UNREAD_FILE
        UNWRITABLE_PLACE
    ]
    PC_DUPLICATE_VARIABLE {
        id: "pc-duplicate-variable",
        aliases: [],
        severity: Warning,
        group: PkgConfig,
        summary: "A .pc file defines a variable twice",
        explanation: "pkg-config 0.29 refuses the file; pkgconf takes the last definition. If the variable \
            is `prefix`, the file was left unchanged.",
        example: "libdir=/usr/lib\nlibdir=/usr/lib64",
        remedy: "remove one of the definitions",
    }
    PC_INSTALL_NOT_ABSOLUTE {
        id: "pc-install-not-absolute",
        aliases: [],
        severity: Note,
        group: PkgConfig,
        summary: "An install variable is not an absolute path",
        explanation: "The variable tells other packages where to install files. Since its value is not an \
            absolute path, it is not known what it should be in the package's own output.",
        example: "completionsdir=share/bash-completion/completions",
        remedy: "correct the file of the provider, or pass the directory to the build",
    }
    PC_MAKE_VARIABLE {
        id: "pc-make-variable",
        aliases: [],
        severity: Warning,
        group: PkgConfig,
        summary: "A .pc file uses the syntax of make for a variable",
        explanation: "`$(prefix)` has no meaning in a `.pc` file: pkg-config returns it as text. It was left \
            unchanged.",
        example: "libdir=$(prefix)/lib",
        remedy: "write the variable with braces: `${prefix}`",
    }
    PC_RELATIVE_PREFIX {
        id: "pc-relative-prefix",
        aliases: [],
        severity: Warning,
        group: PkgConfig,
        summary: "The prefix of a .pc file is not an absolute path",
        explanation: "Paths below a prefix such as `usr/` depend on the working directory of pkg-config. It \
            is not known what they should be, so the prefix was left unchanged.",
        example: "prefix=usr/",
        remedy: "correct the build that writes the file",
    }
    PC_UNBALANCED_BRACE {
        id: "pc-unbalanced-brace",
        aliases: [],
        severity: Warning,
        group: PkgConfig,
        summary: "A variable reference in a .pc file is not closed",
        explanation: "A `${` has no `}`, or follows a `$`. pkg-config and pkgconf read it differently; it was \
            treated as text.",
        example: "Libs: -L${libdir -lx",
        remedy: "write the variable as `${name}`",
    }
}

/// The kind of finding of a place that the scanner could not understand, and what to say of it.
pub(crate) fn of_problem(
    problem: ProblemKind,
) -> (&'static FindingKind, &'static str, &'static str) {
    match problem {
        ProblemKind::UnbalancedBrace => (
            &PC_UNBALANCED_BRACE,
            "the variable reference is not closed, or follows a $",
            PC_UNBALANCED_BRACE.remedy,
        ),
        _ => (
            &MALFORMED_LINE,
            "the line defines neither a variable nor a field",
            MALFORMED_LINE.remedy,
        ),
    }
}

/// A finding about a place in a file.
pub(crate) fn at(
    kind: &'static FindingKind,
    file: &Path,
    content: &SourceText,
    span: Span,
    message: String,
    help: &str,
) -> Finding {
    Finding::new(kind, file, message)
        .at(content, span)
        .with_subject(span.of(content))
        .with_help(help)
}

/// A file of so many bytes was not read.
pub(crate) fn too_large(file: &Path, size: u64) -> Finding {
    let message = format!("the file has {size} bytes and was left unchanged");
    Finding::new(&UNREAD_FILE, file, message)
        .with_severity(Severity::Warning)
        .with_help("find out why the file is so large")
}

/// A file has a line that readers do not take.
pub(crate) fn line_too_long(file: &Path) -> Finding {
    let message = "the file has a line of more than 65535 bytes and was left unchanged";
    Finding::new(&LINE_TOO_LONG, file, message)
}
