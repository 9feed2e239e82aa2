//! What the tool can find, and how each finding is worded.

use std::path::Path;

use hermetic_out::{Finding, FindingKind, finding_kinds};
use hermetic_out_formats::{ProblemKind, Span};

finding_kinds! {
    PC_DEV_DIRECTORY {
        id: "pc-dev-directory",
        aliases: [],
        severity: Warning,
        group: PkgConfig,
        summary: "A directory lies in an output that must not be referred to",
        explanation: "The `.pc` file is in an output that is needed at run time, and the directory \
            it names only in one that is not, such as dev. That output refers to the others \
            already, and Nix refuses outputs that refer to each other, so the path was left alone.",
        example: "",
        remedy: "move the `.pc` file to the output for developers: stdenv does so by itself, \
            unless `outputDev` says otherwise",
    }
    PC_DIRECTORY_NOT_FOUND {
        id: "pc-directory-not-found",
        aliases: [],
        severity: Warning,
        group: PkgConfig,
        summary: "A directory is in no output",
        explanation: "A variable or a flag names a directory below /usr, /lib, /bin or a build \
            directory that no output of the package has. Whoever uses the file is sent to a place \
            that does not exist.",
        example: "",
        remedy: "install what belongs there, correct the file, or say what it should be with \
            `--replace` or that it is right with `--keep` (in a derivation: \
            rewritePkgConfigPrefixReplace, rewritePkgConfigPrefixKeep)",
    }
    PC_DUPLICATE_VARIABLE {
        id: "pc-duplicate-variable",
        aliases: [],
        severity: Warning,
        group: PkgConfig,
        summary: "A variable is defined twice",
        explanation: "pkg-config 0.29.2 refuses such a file; pkgconf takes the last definition. If \
            the variable is `prefix`, the file was left alone.",
        example: "",
        remedy: "remove one of the definitions",
    }
    PC_FILE_TOO_LARGE {
        id: "pc-file-too-large",
        aliases: [],
        severity: Warning,
        group: PkgConfig,
        summary: "A file is too large to be read",
        explanation: "`.pc` files have a few hundred bytes. One of more than 16 MiB was left \
            alone.",
        example: "",
        remedy: "find out why it is so large",
    }
    PC_INSTALL_NOT_ABSOLUTE {
        id: "pc-install-not-absolute",
        aliases: [],
        severity: Note,
        group: PkgConfig,
        summary: "An install variable is no absolute path",
        explanation: "The variable says where others are to install files, but its value is not an \
            absolute path, so it is not known what it should be in the package's own output.",
        example: "",
        remedy: "look at the provider's file; pass the directory to the build by hand",
    }
    PC_LINE_TOO_LONG {
        id: "pc-line-too-long",
        aliases: [],
        severity: Warning,
        group: PkgConfig,
        summary: "A line is longer than readers take",
        explanation: "pkgconf reads no more than 65535 bytes of a line, with those that continue \
            it. A file with a longer one was left alone.",
        example: "",
        remedy: "find out why it is so long",
    }
    PC_MAKE_VARIABLE {
        id: "pc-make-variable",
        aliases: [],
        severity: Warning,
        group: PkgConfig,
        summary: "A variable is written as make does",
        explanation: "`$(prefix)` means nothing in a `.pc` file: it is handed to whoever asks as \
            it stands. It was left alone.",
        example: "",
        remedy: "write `${prefix}`",
    }
    PC_NO_STATEMENT {
        id: "pc-no-statement",
        aliases: [],
        severity: Note,
        group: PkgConfig,
        summary: "A line is neither a variable nor a field",
        explanation: "Readers skip a line that is neither `name=value` nor `Name: value`, and so \
            does this tool.",
        example: "",
        remedy: "correct the line, or remove it",
    }
    PC_PATH_IN_PIECES {
        id: "pc-path-in-pieces",
        aliases: [],
        severity: Warning,
        group: PkgConfig,
        summary: "A path cannot be rewritten at its place",
        explanation: "The path has an escape in it, or stands on two lines, or the new one has a \
            byte that a `.pc` file cannot hold. It was left alone.",
        example: "",
        remedy: "write the line more plainly",
    }
    PC_RELATIVE_PREFIX {
        id: "pc-relative-prefix",
        aliases: [],
        severity: Warning,
        group: PkgConfig,
        summary: "The prefix is no absolute path",
        explanation: "What is written through a prefix such as `usr/` depends on the directory in \
            which somebody asks. What is meant is not known, so the file's prefix was left alone.",
        example: "",
        remedy: "correct the build that writes the file",
    }
    PC_SEARCH_PATH_NOT_FOUND {
        id: "pc-search-path-not-found",
        aliases: [],
        severity: Note,
        group: PkgConfig,
        summary: "A part of a search path is in no output",
        explanation: "A list of directories names some below /usr or /lib that no output of the \
            package has. Often the list is what a program searches on the machine, and says so to \
            others; it was left alone.",
        example: "",
        remedy: "if the package itself should have the directory, install what belongs there; else \
            set `--keep`",
    }
    PC_UNBALANCED_BRACE {
        id: "pc-unbalanced-brace",
        aliases: [],
        severity: Warning,
        group: PkgConfig,
        summary: "A variable is never closed",
        explanation: "A `${` has no `}`, or a `$` in front of it. Readers differ in what they make \
            of it, so it was taken as text.",
        example: "",
        remedy: "correct the line",
    }
    PC_UNDEFINED_VARIABLE {
        id: "pc-undefined-variable",
        aliases: [],
        severity: Warning,
        group: PkgConfig,
        summary: "A variable is used and not defined",
        explanation: "pkg-config 0.29.2 refuses such a file; pkgconf takes nothing for the \
            variable. A variable counts from the line on that defines it. What names it was left \
            alone.",
        example: "",
        remedy: "define it further up",
    }
}

/// The kind of finding of a place that the scanner could not understand, and what to say of it.
pub(crate) fn of_problem(
    problem: ProblemKind,
) -> (&'static FindingKind, &'static str, &'static str) {
    match problem {
        ProblemKind::UnbalancedBrace => (
            &PC_UNBALANCED_BRACE,
            "this variable is not closed, or a $ stands in front of it",
            "write ${name}",
        ),
        _ => (
            &PC_NO_STATEMENT,
            "this is neither a variable nor a field",
            "correct or remove the line",
        ),
    }
}

/// A finding about a place in a file.
pub(crate) fn at(
    kind: &'static FindingKind,
    file: &Path,
    content: &[u8],
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
    let message = format!("it has {size} bytes and was left alone");
    Finding::new(&PC_FILE_TOO_LARGE, file, message)
}

/// A file has a line that readers do not take.
pub(crate) fn line_too_long(file: &Path) -> Finding {
    let message = "it has a line of more than 65535 bytes and was left alone";
    Finding::new(&PC_LINE_TOO_LONG, file, message)
}
