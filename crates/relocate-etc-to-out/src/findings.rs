//! What the tool can find.

use std::path::Path;

use hermetic_out::{Finding, FindingKind, finding_kinds};

finding_kinds! {
    [
        CREDENTIAL_IN_STORE
        DESTDIR_NEST
        ETC_PATH_IN_PROGRAM
        FOREIGN_PACKAGE_DIRECTORY
        OUTPUT_CYCLE
        SHELL_SYNTAX
        UNREAD_FILE
    ]
    ETC_COLLISION {
        id: "etc-collision",
        aliases: [],
        severity: Error,
        group: Etc,
        summary: "Two files with different content belong at one path",
        explanation: "Configuration that is installed in a wrong place (usr/etc, a DESTDIR nest, etc of the \
            output dev, a directory of etc that has a counterpart in lib or share) belongs at a path where \
            the package has another file with different content. Nothing was written.",
        example: "usr/etc/x.conf and etc/x.conf differ",
        remedy: "remove one of the two in the build, or keep one with a rule of the policy: `stay = true`",
    }
    ETC_LINKED_INSTEAD {
        id: "etc-linked-instead",
        aliases: [],
        severity: Note,
        group: Etc,
        summary: "A path of /etc cannot be replaced and gets a link",
        explanation: "The effect of a replacement is not known: the path is in a here-document, in a \
            script in an unknown language, in the program text of sed or awk, in a pattern or in pieces, or \
            it is given to a command that may read or write it; or the replacement would make two outputs refer to each \
            other. The path was left unchanged, and a line of tmpfiles.d makes the link. Where it may be written, \
            that holds wherever the package names it.",
        example: "sed -i s,/etc/x.conf,y, file",
        remedy: "patch the file in the build if it is to name the file of the package",
    }
    ETC_WRITTEN {
        id: "etc-written",
        aliases: [],
        severity: Note,
        group: Etc,
        summary: "The package writes a file below /etc that it ships",
        explanation: "A script, a unit or a line of tmpfiles.d of the package writes, moves or removes a file \
            below /etc that the package also ships, or may write to a directory above it. The file belongs \
            to the machine: paths that name it are left unchanged, and it gets no link, since nothing could \
            write through a link to the store.",
        example: "echo x > /etc/x.conf, and the package ships etc/x.conf",
        remedy: "add a rule for the path to the policy if the writing does not matter",
    }
    MISSING_ETC_OVERRIDE {
        id: "missing-etc-override",
        aliases: [],
        severity: Note,
        group: Etc,
        summary: "Nothing in /etc overrides a configuration file",
        explanation: "A script, a program, a D-Bus file or configuration of the package reads the file from the \
            output, and neither a file at its path in /etc nor a drop-in or a directory that is known changes \
            what it says. The program may have an option for another file.",
        example: "bin/x: cat $out/etc/x.conf",
        remedy: "set `mode = \"link\"` for this path in the policy, if a file in /etc is to override it; of a program \
            that has the path compiled in, configure it with --sysconfdir=/etc",
    }
    STATE_IN_OUTPUT {
        id: "state-in-output",
        aliases: [],
        severity: Note,
        group: Tree,
        summary: "An output contains files in a directory for state",
        explanation: "`var` or `run` of an output contains files. Programs do not look for them there, and \
            cannot write to them.",
        example: "$out/var/lib/x/seed",
        remedy: "install them with a line of tmpfiles.d (`C`), or remove them with `--prune`",
    }
    TMPFILES_NAME_TAKEN {
        id: "tmpfiles-name-taken",
        aliases: [],
        severity: Error,
        group: Etc,
        summary: "The package ships a file at the path of the generated tmpfiles.d lines",
        explanation: "The lines that link files to /etc are written to `lib/tmpfiles.d/NAME-etc.conf`. The \
            package ships a file of this name that this tool did not write. Nothing was written.",
        example: "lib/tmpfiles.d/x-etc.conf of the package x",
        remedy: "rename the file of the package in the build",
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
