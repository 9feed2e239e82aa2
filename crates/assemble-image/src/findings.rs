//! What an image can have wrong: every kind of finding, with its explanation.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;

use hermetic_out::{Finding, FindingKind, finding_kinds};

finding_kinds! {
    [
        DANGLING_SYMLINK
        MALFORMED_LINE
        MISSING_ACCOUNT
        MISSING_NSS_MODULE
        MISSING_PAM_INCLUDE
        MISSING_PAM_MODULE
        MISSING_PROGRAM
        MISSING_TMPFILES_SOURCE
    ]
    BUILD_HOST_SPECIFIER {
        id: "build-host-specifier",
        aliases: [],
        severity: Error,
        group: Image,
        summary: "A tmpfiles.d line for /etc depends on the machine that builds the image",
        explanation: "/etc is created when the image is built. %b, %H, %l, %q, %v and %a are the boot ID, the \
            host name, the kernel and the architecture of the building machine, %C, %L, %S and %t \
            directories of the place where the image is built, and %m is a machine ID that the image does \
            not have yet. The image would be wrong, or different each time.",
        example: "L /etc/x.conf - - - - %S/x/x.conf",
        remedy: "write the value in place of the specifier, as /var/lib for %S, or remove the line",
    }
    DUPLICATE_ACCOUNT {
        id: "duplicate-account",
        aliases: [],
        severity: Error,
        group: Image,
        summary: "/etc/passwd or /etc/shadow has two lines for one user",
        explanation: "Programs that look for the name read the first line, and those that look for a number \
            may read the other.",
        example: "root:x:0:0:::, and below root:x:7:7:::",
        remedy: "remove one of the lines, or give `--allow-account NAME`",
    }
    DUPLICATE_ETC_PATH {
        id: "duplicate-etc-path",
        aliases: [],
        severity: Error,
        group: Image,
        summary: "Two packages have different files for one path in /etc",
        explanation: "Two packages ship the file, or two lines of tmpfiles.d link the path to different \
            files, or a line links it to another file than the one that a package ships. One package would \
            read the configuration of the other.",
        example: "etc/x.conf of a and etc/x.conf of b differ",
        remedy: "give the file with `--extra`, which precedes all packages, or leave one package out",
    }
    DUPLICATE_VENDOR_FILE {
        id: "duplicate-vendor-file",
        aliases: [],
        severity: Error,
        group: Image,
        summary: "Two packages ship different files for one path in /usr",
        explanation: "Only one of the two files can be at the path, and the order of the packages would decide \
            which. Programs in bin are the exception: the first package wins, and a note says so.",
        example: "lib/systemd/system/x.service of a and of b differ",
        remedy: "leave one package out of `--package`, or remove the file from one of them",
    }
    EMPTY_PASSWORD {
        id: "empty-password",
        aliases: [],
        severity: Error,
        group: Image,
        summary: "A user can log in without a password",
        explanation: "The password in /etc/passwd or /etc/shadow is empty. PAM's nullok, su and programs \
            without PAM let everybody be this user.",
        example: "root::0:0:::",
        remedy: "write `!*` for the password, or give `--allow-account NAME`",
    }
    ENTRY_BELOW_LINK {
        id: "entry-below-link",
        aliases: [],
        severity: Error,
        group: Image,
        summary: "A path of the image lies below a link or a file",
        explanation: "One package, or `--extra`, has a link or a file where another has a directory with \
            something in it. The link may lead out of the image; nothing is written where it leads.",
        example: "etc/d -> /srv/x in a package, and etc/d/x.conf in --extra",
        remedy: "ship a directory in place of the link, or leave out what is below it",
    }
    MISSING_LOGIN_PROGRAM {
        id: "missing-login-program",
        aliases: [],
        severity: Error,
        group: Image,
        summary: "The image does not contain the login program of a getty",
        explanation: "agetty runs /bin/login, or the program that `--login-program` names. Without it nobody \
            can log in on a console.",
        example: "ExecStart=-/usr/bin/agetty --noclear %I, and no package has bin/login",
        remedy: "add a package with login, or let patch-systemd-units add `--login-program` to the unit",
    }
    MISSING_PRESET_UNIT {
        id: "missing-preset-unit",
        aliases: [],
        severity: Error,
        group: Image,
        summary: "A preset enables a unit that no package ships",
        explanation: "A file given with `--preset` or `--user-preset` names a unit that is not in the image.",
        example: "enable gone.service",
        remedy: "correct the name, or add the package that has the unit",
    }
    MISSING_WRAPPER {
        id: "missing-wrapper",
        aliases: [],
        severity: Warning,
        group: Image,
        summary: "A setuid program is started and the image has no copy of it",
        explanation: "Programs in /run/wrappers/bin are copies with a setuid bit, which no file of a store can \
            have.",
        example: "ExecStart=/run/wrappers/bin/sudo -n x",
        remedy: "give `--setuid NAME` for the program",
    }
    READABLE_PASSWORD {
        id: "readable-password",
        aliases: ["password-in-passwd"],
        severity: Error,
        group: Image,
        summary: "A file that everybody can read contains the hash of a password",
        explanation: "Everybody can read the hash, and try passwords. It stands in /etc/passwd, where it counts \
            even if /etc/shadow has another one, in /etc/group, or in the `privileged` section of a user or \
            group record (`*.user`, `*.group`) in a userdb directory.",
        example: "x:$6$salt$hash:7:7:::",
        remedy: "write `x` for the password and give `--password NAME=FILE`, or give `--allow-account NAME`",
    }
    READ_ONLY_VAR {
        id: "read-only-var",
        aliases: [],
        severity: Warning,
        group: Image,
        summary: "/var is read-only",
        explanation: "Most services need a writable /var, and the root file system is read-only. The fstab \
            does not mention /var, there is no var.mount, and the kernel command line has no \
            systemd.volatile=.",
        example: "an etc/fstab without a line for /var",
        remedy: "give `--tmpfs /var`, or add a line to the fstab of `--extra`",
    }
    ROOT_NOT_LOCKED {
        id: "root-not-locked",
        aliases: [],
        severity: Error,
        group: Image,
        summary: "The root account has a password that was not requested",
        explanation: "A package or `--extra` sets a password for root. Root is locked unless `--password \
            root=FILE` is given.",
        example: "etc/shadow of --extra: root::1::::::",
        remedy: "give `--password root=FILE`, or remove the password",
    }
    SECOND_SUPERUSER {
        id: "second-superuser",
        aliases: [],
        severity: Error,
        group: Image,
        summary: "Another user has the number 0",
        explanation: "The number is what gives root its rights: whoever logs in as this user is root.",
        example: "toor:x:0:0:::",
        remedy: "give the user another number, or give `--allow-account NAME`",
    }
    SHADOWED_PROGRAM {
        id: "shadowed-program",
        aliases: [],
        severity: Note,
        group: Image,
        summary: "Several packages have a program of this name, and the first wins",
        explanation: "Several packages have programs such as kill and login. /usr/bin contains the one of the \
            package that `--package` names first.",
        example: "bin/kill of procps and of util-linux",
        remedy: "change the order of `--package` to choose the other program",
    }
    UNPINNED_USER {
        id: "unpinned-user",
        aliases: [],
        severity: Note,
        group: Image,
        summary: "The pin file does not contain all users and groups",
        explanation: "They got free numbers, which the next image may give to others.",
        example: "u x - \"X\" in sysusers.d, and no line for x in the pin file",
        remedy: "keep users-pin of the output as the new pin file",
    }
    UNSUPPORTED_TMPFILES_LINE {
        id: "unsupported-tmpfiles-line",
        aliases: [],
        severity: Error,
        group: Image,
        summary: "A tmpfiles.d line for /etc cannot be executed when the image is built",
        explanation: "The types a, A, h, H, m, t, T, z and Z set access control lists, attributes, modes or \
            owners of existing files, w writes to them, wherever a link leads; b, c, p and s create special files. /etc is created without \
            privileges and is read-only afterwards. The paths of a copy (C) cannot contain specifiers, \
            since the copy is compared with its source.",
        example: "z /etc/x.conf 0600 x x -",
        remedy: "give the file with `--extra` in its final state",
    }
    USER_NUMBER_DRIFT {
        id: "user-number-drift",
        aliases: [],
        severity: Error,
        group: Image,
        summary: "A user or group would get another number than the pinned one",
        explanation: "Images that share /var have to agree on the numbers of users and groups, since files \
            there are owned by numbers. A package now asks for a number of its own.",
        example: "x is 991 in the pin file, and sysusers.d has: u x 300 \"X\"",
        remedy: "change the number back, or change the pin file and the owner of the files in /var",
    }
}

/// Whether a finding keeps the image from being written.
pub(crate) fn has_error(findings: &[Finding]) -> bool {
    findings
        .iter()
        .any(|finding| finding.severity == hermetic_out::Severity::Error)
}

/// A finding about a path of the image, relative to its root.
pub(crate) fn about(
    kind: &'static FindingKind,
    path: &[u8],
    message: impl Into<String>,
    help: impl Into<String>,
) -> Finding {
    let mut file = b"/".to_vec();
    file.extend_from_slice(path);
    Finding::new(kind, OsString::from_vec(file), message)
        .with_subject(path)
        .with_help(help)
}
