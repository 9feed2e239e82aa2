//! What the tool can find, and how each finding is worded.

use std::path::Path;

use hermetic_out::{Finding, FindingKind, Place, finding_kinds};
use hermetic_out_formats::{ProblemKind, Span};

finding_kinds! {
    /// A directory lies in an output that must not be referred to
    PC_DEV_DIRECTORY = "pc-dev-directory", Warning,
    "The `.pc` file is in an output that is needed at run time, and the directory it names only in one \
     that is not, such as dev. That output refers to the others already, and Nix refuses outputs that \
     refer to each other, so the path was left alone.\n\nMove the `.pc` file to the output for \
     developers: stdenv does so by itself, unless `outputDev` says otherwise.";
    /// A directory is in no output
    PC_DIRECTORY_NOT_FOUND = "pc-directory-not-found", Warning,
    "A variable or a flag names a directory below /usr, /lib, /bin or a build directory that no output \
     of the package has. Whoever uses the file is sent to a place that does not exist.\n\nInstall what \
     belongs there, correct the file, or say what it should be with `--replace` or that it is right \
     with `--keep` (in a derivation: rewritePkgConfigPrefixReplace, rewritePkgConfigPrefixKeep).";
    /// A variable is defined twice
    PC_DUPLICATE_VARIABLE = "pc-duplicate-variable", Warning,
    "pkg-config 0.29.2 refuses such a file; pkgconf takes the last definition. If the variable is \
     `prefix`, the file was left alone.\n\nRemove one of the definitions.";
    /// A file is too large to be read
    PC_FILE_TOO_LARGE = "pc-file-too-large", Warning,
    "`.pc` files have a few hundred bytes. One of more than 16 MiB was left alone.\n\nFind out why it is \
     so large.";
    /// An install variable is no absolute path
    PC_INSTALL_NOT_ABSOLUTE = "pc-install-not-absolute", Note,
    "The variable says where others are to install files, but its value is not an absolute path, so it \
     is not known what it should be in the package's own output.\n\nLook at the provider's file; pass \
     the directory to the build by hand.";
    /// A line is longer than readers take
    PC_LINE_TOO_LONG = "pc-line-too-long", Warning,
    "pkgconf reads no more than 65535 bytes of a line, with those that continue it. A file with a longer \
     one was left alone.\n\nFind out why it is so long.";
    /// A variable is written as make does
    PC_MAKE_VARIABLE = "pc-make-variable", Warning,
    "`$(prefix)` means nothing in a `.pc` file: it is handed to whoever asks as it stands. It was left \
     alone.\n\nWrite `${prefix}`.";
    /// A line is neither a variable nor a field
    PC_NO_STATEMENT = "pc-no-statement", Note,
    "Readers skip a line that is neither `name=value` nor `Name: value`, and so does this tool.\n\n\
     Correct the line, or remove it.";
    /// A path cannot be rewritten at its place
    PC_PATH_IN_PIECES = "pc-path-in-pieces", Warning,
    "The path has an escape in it, or stands on two lines, or the new one has a byte that a `.pc` file \
     cannot hold. It was left alone.\n\nWrite the line more plainly.";
    /// The prefix is no absolute path
    PC_RELATIVE_PREFIX = "pc-relative-prefix", Warning,
    "What is written through a prefix such as `usr/` depends on the directory in which somebody asks. \
     What is meant is not known, so the file's prefix was left alone.\n\nCorrect the build that writes \
     the file.";
    /// A part of a search path is in no output
    PC_SEARCH_PATH_NOT_FOUND = "pc-search-path-not-found", Note,
    "A list of directories names some below /usr or /lib that no output of the package has. Often the \
     list is what a program searches on the machine, and says so to others; it was left alone.\n\nIf \
     the package itself should have the directory, install what belongs there; else set `--keep`.";
    /// A variable is never closed
    PC_UNBALANCED_BRACE = "pc-unbalanced-brace", Warning,
    "A `${` has no `}`, or a `$` in front of it. Readers differ in what they make of it, so it was taken \
     as text.\n\nCorrect the line.";
    /// A variable is used and not defined
    PC_UNDEFINED_VARIABLE = "pc-undefined-variable", Warning,
    "pkg-config 0.29.2 refuses such a file; pkgconf takes nothing for the variable. A variable counts \
     from the line on that defines it. What names it was left alone.\n\nDefine it further up.";
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
    Finding {
        kind,
        severity: kind.severity,
        file: file.to_owned(),
        place: Some(Place::new(content, span)),
        subject: span.of(content).to_vec(),
        message,
        help: help.to_owned(),
    }
}

/// A file of so many bytes was not read.
pub(crate) fn too_large(file: &Path, size: u64) -> Finding {
    let message = format!("it has {size} bytes and was left alone");
    of_file(
        &PC_FILE_TOO_LARGE,
        file,
        message,
        "find out why it is so large",
    )
}

/// A file has a line that readers do not take.
pub(crate) fn line_too_long(file: &Path) -> Finding {
    let message = "it has a line of more than 65535 bytes and was left alone".to_owned();
    of_file(
        &PC_LINE_TOO_LONG,
        file,
        message,
        "find out why it is so long",
    )
}

fn of_file(kind: &'static FindingKind, file: &Path, message: String, help: &str) -> Finding {
    Finding {
        kind,
        severity: kind.severity,
        file: file.to_owned(),
        place: None,
        subject: Vec::new(),
        message,
        help: help.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kinds_are_sorted_and_named_once() {
        for pair in KINDS.windows(2) {
            assert!(pair[0].name < pair[1].name, "{}", pair[1].name);
        }
    }

    #[test]
    fn each_kind_is_explained() {
        for kind in KINDS {
            let summary = kind.summary;
            assert!(!summary.is_empty() && !summary.ends_with('.'), "{summary}");
            assert!(
                kind.explanation.contains("\n\n"),
                "{} says what to do",
                kind.name
            );
        }
    }
}
