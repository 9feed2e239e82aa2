//! What the tool can find.

use std::path::Path;

use hermetic_out::{Finding, FindingKind, finding_kinds};

finding_kinds! {
    ETC_COLLISION {
        id: "etc-collision",
        aliases: [],
        severity: Error,
        group: Etc,
        summary: "Two places have different content for one file",
        explanation: "Configuration that was installed in the wrong place (usr/etc, a DESTDIR \
            nest, the dev output's etc, a directory below etc that has a vendor's counterpart) \
            would meet another file at its right place, with other content. Nothing was written.",
        example: "",
        remedy: "remove one of the two in the build, or let one stay with a rule of the policy: \
            `stay = true`",
    }
    ETC_FILE_STAYS {
        id: "etc-file-stays",
        aliases: [],
        severity: Warning,
        group: Outputs,
        summary: "Moving a file would make two outputs refer to each other",
        explanation: "A file in the dev output's etc names an output that refers to the one it \
            would move to. Nix refuses outputs that refer to each other, so the file stays, where \
            nothing reads it.",
        example: "",
        remedy: "install it without the store path, or remove it",
    }
    ETC_FILE_TOO_LARGE {
        id: "etc-file-too-large",
        aliases: [],
        severity: Warning,
        group: Etc,
        summary: "A file is too large to be read",
        explanation: "Scripts, units and configuration are text of some kilobytes. One of more \
            than 16 MiB was left alone.",
        example: "",
        remedy: "find out why it is so large",
    }
    ETC_IN_BINARY {
        id: "etc-in-binary",
        aliases: [],
        severity: Note,
        group: Etc,
        summary: "A program names a file below /etc",
        explanation: "The read-only data of an ELF file names a file below /etc, or a directory of \
            such files, that the package ships. A program cannot be given a longer path, so a \
            tmpfiles.d line makes the link that it needs.",
        example: "",
        remedy: "configure the package with `--sysconfdir` set to the output's etc (in nixpkgs: \
            `configureFlags = [ \"--sysconfdir=${placeholder \"out\"}/etc\" ]`; Meson: \
            `-Dsysconfdir=`, CMake: `-DCMAKE_INSTALL_SYSCONFDIR=`), and the link goes",
    }
    ETC_LINKED_INSTEAD {
        id: "etc-linked-instead",
        aliases: [],
        severity: Note,
        group: Etc,
        summary: "A name of a file below /etc cannot be replaced",
        explanation: "The name stands where it is not known what a replacement would do: in a \
            here-document, in a script of a language that is not read, in the program text of sed \
            or awk, in a pattern that is compared, in pieces; or the replacement would make two \
            outputs refer to each other. It stays, and a tmpfiles.d line makes the link that it \
            needs.",
        example: "",
        remedy: "patch the file in the build, if it is to read the package's own file",
    }
    ETC_WRITTEN {
        id: "etc-written",
        aliases: [],
        severity: Note,
        group: Etc,
        summary: "Something of the package writes a file that it ships",
        explanation: "A script of the package writes, moves or removes a file below /etc that the \
            package also ships. What is written belongs to the machine: no name of it is replaced, \
            and there is no link, since nobody could write through it.",
        example: "",
        remedy: "if the script does not matter, say what the path is to be with a rule of the \
            policy",
    }
    NEST_LEFT {
        id: "nest-left",
        aliases: [],
        severity: Warning,
        group: Tree,
        summary: "A DESTDIR nest holds more than configuration",
        explanation: "The package was installed with both a prefix and DESTDIR, so that files lie \
            below a second store directory within an output. Its etc was moved out; the rest is \
            left, where nothing finds it.",
        example: "",
        remedy: "install with one of the two",
    }
    SCRIPT_NOT_UNDERSTOOD {
        id: "script-not-understood",
        aliases: [],
        severity: Warning,
        group: Scripts,
        summary: "A script cannot be understood",
        explanation: "A quote or a substitution is never closed, or the script is longer than 1 \
            MiB. It stays as it is; the files below /etc that it names are linked.",
        example: "",
        remedy: "look at the script: is it of the shell that its first line names?",
    }
    STATE_IN_OUTPUT {
        id: "state-in-output",
        aliases: [],
        severity: Note,
        group: Tree,
        summary: "A directory holds what a running machine should",
        explanation: "`var`, `run` or a credential store of an output holds files. Nothing finds \
            them there, and nothing can be written there.",
        example: "",
        remedy: "ship them with a tmpfiles.d line (`C`), or remove them",
    }
    TMPFILES_NAME_TAKEN {
        id: "tmpfiles-name-taken",
        aliases: [],
        severity: Error,
        group: Etc,
        summary: "The file for tmpfiles lines is somebody else's",
        explanation: "The links from /etc are to be written to `lib/tmpfiles.d/NAME-etc.conf`, but \
            the package ships a file of this name that this tool did not write. Nothing was \
            written.",
        example: "",
        remedy: "rename the package's file in the build",
    }
    UNUSED_DIRECTORY {
        id: "unused-directory",
        aliases: [],
        severity: Note,
        group: Tree,
        summary: "A directory is of no use in a store",
        explanation: "`lib/rpm` and `lib/kernel` are for other package managers and for the boot \
            loader of a machine that installs kernels.",
        example: "",
        remedy: "remove it with `--prune`",
    }
}

/// A finding about a file as a whole.
pub(crate) fn about(
    kind: &'static FindingKind,
    file: &Path,
    subject: &[u8],
    message: impl Into<String>,
    help: impl Into<String>,
) -> Finding {
    Finding::new(kind, file, message)
        .with_subject(subject)
        .with_help(help)
}
