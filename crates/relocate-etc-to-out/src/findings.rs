//! What the tool can find.

use std::path::Path;

use hermetic_out::{Finding, FindingKind, Place, finding_kinds};
use hermetic_out_formats::Span;

finding_kinds! {
    /// Two places have different content for one file
    ETC_COLLISION = "etc-collision", Error,
    "Configuration that was installed in the wrong place (usr/etc, a DESTDIR nest, the dev output's etc, a \
     directory below etc that has a vendor's counterpart) would meet another file at its right place, with \
     other content. Nothing was written.\n\nRemove one of the two in the build, or let one stay with a \
     rule of the policy: `stay = true`.";
    /// Moving a file would make two outputs refer to each other
    ETC_FILE_STAYS = "etc-file-stays", Warning,
    "A file in the dev output's etc names an output that refers to the one it would move to. Nix refuses \
     outputs that refer to each other, so the file stays, where nothing reads it.\n\nInstall it without \
     the store path, or remove it.";
    /// A file is too large to be read
    ETC_FILE_TOO_LARGE = "etc-file-too-large", Warning,
    "Scripts, units and configuration are text of some kilobytes. One of more than 16 MiB was left \
     alone.\n\nFind out why it is so large.";
    /// A program names a file below /etc
    ETC_IN_BINARY = "etc-in-binary", Note,
    "The read-only data of an ELF file names a file below /etc, or a directory of such files, that the \
     package ships. A program cannot be given a longer path, so a tmpfiles.d line makes the link that it \
     needs.\n\nConfigure the package with `--sysconfdir` set to the output's etc (in nixpkgs: \
     `configureFlags = [ \"--sysconfdir=${placeholder \"out\"}/etc\" ]`; Meson: `-Dsysconfdir=`, CMake: \
     `-DCMAKE_INSTALL_SYSCONFDIR=`), and the link goes.";
    /// A name of a file below /etc cannot be replaced
    ETC_LINKED_INSTEAD = "etc-linked-instead", Note,
    "The name stands where it is not known what a replacement would do: in a here-document, in a script \
     of a language that is not read, in the program text of sed or awk, in a pattern that is compared, in \
     pieces; or the replacement would make two outputs refer to each other. It stays, and a tmpfiles.d \
     line makes the link that it needs.\n\nPatch the file in the build, if it is to read the package's \
     own file.";
    /// Something of the package writes a file that it ships
    ETC_WRITTEN = "etc-written", Note,
    "A script of the package writes, moves or removes a file below /etc that the package also ships. What is \
     written belongs to the machine: no name of it is replaced, and there is no link, since nobody could \
     write through it.\n\nIf the script does not matter, say what the path is to be with a rule of the \
     policy.";
    /// A DESTDIR nest holds more than configuration
    NEST_LEFT = "nest-left", Warning,
    "The package was installed with both a prefix and DESTDIR, so that files lie below a second store \
     directory within an output. Its etc was moved out; the rest is left, where nothing finds it.\n\nInstall \
     with one of the two.";
    /// A script cannot be understood
    SCRIPT_NOT_UNDERSTOOD = "script-not-understood", Warning,
    "A quote or a substitution is never closed, or the script is longer than 1 MiB. It stays as it is; the \
     files below /etc that it names are linked.\n\nLook at the script: is it of the shell that its first \
     line names?";
    /// A directory holds what a running machine should
    STATE_IN_OUTPUT = "state-in-output", Note,
    "`var`, `run` or a credential store of an output holds files. Nothing finds them there, and nothing can \
     be written there.\n\nShip them with a tmpfiles.d line (`C`), or remove them.";
    /// The file for tmpfiles lines is somebody else's
    TMPFILES_NAME_TAKEN = "tmpfiles-name-taken", Error,
    "The links from /etc are to be written to `lib/tmpfiles.d/NAME-etc.conf`, but the package ships a file \
     of this name that this tool did not write. Nothing was written.\n\nRename the package's file in the \
     build.";
    /// A directory is of no use in a store
    UNUSED_DIRECTORY = "unused-directory", Note,
    "`lib/rpm` and `lib/kernel` are for other package managers and for the boot loader of a machine that \
     installs kernels.\n\nRemove it with `--prune`.";
}

/// A finding about a file as a whole.
pub(crate) fn about(
    kind: &'static FindingKind,
    file: &Path,
    subject: &[u8],
    message: impl Into<String>,
    help: impl Into<String>,
) -> Finding {
    Finding {
        kind,
        severity: kind.severity,
        file: file.to_owned(),
        place: None,
        subject: subject.to_vec(),
        message: message.into(),
        help: help.into(),
    }
}

/// The same, about the place `span` of its `content`.
pub(crate) fn at(mut finding: Finding, content: &[u8], span: Span) -> Finding {
    finding.place = Some(Place::new(content, span));
    finding
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kinds_are_sorted_and_explained() {
        for pair in KINDS.windows(2) {
            assert!(pair[0].name < pair[1].name, "{}", pair[1].name);
        }
        for kind in KINDS {
            assert!(!kind.summary.is_empty() && !kind.summary.ends_with('.'));
            assert!(kind.explanation.contains("\n\n"), "{}", kind.name);
        }
    }
}
