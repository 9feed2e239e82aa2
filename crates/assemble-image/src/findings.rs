//! What an image can have wrong: every kind of finding, with its explanation.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;

use hermetic_out::{Finding, FindingKind, finding_kinds};

finding_kinds! {
    BUILD_HOST_SPECIFIER {
        id: "build-host-specifier",
        aliases: [],
        severity: Error,
        group: Image,
        summary: "A tmpfiles.d line for /etc depends on the machine that builds the image",
        explanation: "/etc is made when the image is built. %b, %H, %l, %q, %v and %a stand for \
            the boot id, the host name, the kernel and the architecture of the building machine \
            there, %C, %L, %S and %t for directories of the place where the image is made, and %m \
            for a machine id that an image does not have yet. The image would not be the same \
            twice, or not be right. Write out what is meant, as /var/lib for %S.",
        example: "",
        remedy: "",
    }
    DANGLING_LINK {
        id: "dangling-link",
        aliases: [],
        severity: Error,
        group: Image,
        summary: "A link of /usr or /etc leads nowhere",
        explanation: "What it names is not in the image. Links into /dev, /proc, /run, /sys, /tmp \
            and /var are not looked at: what they name is made when the machine runs.",
        example: "",
        remedy: "add the package that has the file, or remove the link",
    }
    DANGLING_PACKAGE_LINK {
        id: "dangling-package-link",
        aliases: [],
        severity: Warning,
        group: Image,
        summary: "A link that a package ships leads nowhere",
        explanation: "The link stays in the store path, which cannot be changed, but /usr and /etc \
            do not get it.",
        example: "",
        remedy: "",
    }
    DANGLING_STORE_LINK {
        id: "dangling-store-link",
        aliases: [],
        severity: Note,
        group: Image,
        summary: "Links in a store path lead nowhere",
        explanation: "A store path holds links to something that is not in the image. Nothing of \
            /usr or /etc uses them.",
        example: "",
        remedy: "",
    }
    DUPLICATE_ETC_PATH {
        id: "duplicate-etc-path",
        aliases: [],
        severity: Error,
        group: Image,
        summary: "Two packages claim one path in /etc",
        explanation: "A configuration file belongs to one package. Two have it, or two tmpfiles.d \
            lines link it to different files, or a line links it to a file of the store where \
            another package's is: whoever came first would have its own, and the other package \
            would read that. Leave one of the packages out of --package, or give the file that is \
            meant with --extra, which comes before all packages.",
        example: "",
        remedy: "",
    }
    DUPLICATE_VENDOR_FILE {
        id: "duplicate-vendor-file",
        aliases: [],
        severity: Error,
        group: Image,
        summary: "Two packages ship the same file of /usr with different content",
        explanation: "Only one of the two can be at that path, and which one would depend on the \
            order of the packages. Programs in bin are the exception: there the first package \
            wins, and a note says so.",
        example: "",
        remedy: "leave one of the packages out of --package, or remove the file from one of them",
    }
    MISSING_LOGIN_PROGRAM {
        id: "missing-login-program",
        aliases: [],
        severity: Error,
        group: Image,
        summary: "The login program of a getty is not in the image",
        explanation: "agetty runs /bin/login, or what --login-program says. Without it nobody can \
            log in on a console. Add a package with login, or patch the unit (patch-systemd-units \
            adds --login-program).",
        example: "",
        remedy: "",
    }
    MISSING_PRESET_UNIT {
        id: "missing-preset-unit",
        aliases: [],
        severity: Error,
        group: Image,
        summary: "A preset enables a unit that does not exist",
        explanation: "A preset file given with --preset or --user-preset names a unit that no \
            package ships. Correct the name, or add the package.",
        example: "",
        remedy: "",
    }
    MISSING_TMPFILES_SOURCE {
        id: "missing-tmpfiles-source",
        aliases: [],
        severity: Warning,
        group: Image,
        summary: "A tmpfiles.d line copies something that is not in the image",
        explanation: "systemd-tmpfiles leaves such a line out without a word.",
        example: "",
        remedy: "",
    }
    MISSING_WRAPPER {
        id: "missing-wrapper",
        aliases: [],
        severity: Warning,
        group: Image,
        summary: "Something starts a setuid program that the image does not have",
        explanation: "Programs under /run/wrappers/bin are copies with a setuid bit, which no \
            store path can hold. Give --setuid NAME for each one that is needed.",
        example: "",
        remedy: "",
    }
    NAME_SERVICE_NOT_IN_IMAGE {
        id: "name-service-not-in-image",
        aliases: [],
        severity: Error,
        group: Image,
        summary: "nsswitch.conf names a service whose library is not in the image",
        explanation: "glibc looks for libnss_NAME.so.2; without it lookups through that service \
            fail. Add the package that has it, or remove the name from nsswitch.conf.",
        example: "",
        remedy: "",
    }
    PAM_MODULE_NOT_IN_IMAGE {
        id: "pam-module-not-in-image",
        aliases: [],
        severity: Error,
        group: Image,
        summary: "A PAM service names a module or file that is not in the image",
        explanation: "Nobody could authenticate through this service. Add the package that has the \
            module, or write a `-` in front of the line if it may be missing (pam.d(5)).",
        example: "",
        remedy: "",
    }
    PROGRAM_NOT_IN_IMAGE {
        id: "program-not-in-image",
        aliases: [],
        severity: Warning,
        group: Image,
        summary: "A unit starts a program that is not in the image",
        explanation: "The unit will fail when it is started. Patch the package with \
            patch-systemd-units, or add the package that has the program.",
        example: "",
        remedy: "",
    }
    READ_ONLY_VAR {
        id: "read-only-var",
        aliases: [],
        severity: Warning,
        group: Image,
        summary: "Nothing mounts /var, and the root is read-only",
        explanation: "Most services need a writable /var. An fstab is there, but it does not \
            mention /var, no var.mount is there, and the kernel command line has no \
            systemd.volatile=.",
        example: "",
        remedy: "",
    }
    ROOT_NOT_LOCKED {
        id: "root-not-locked",
        aliases: [],
        severity: Error,
        group: Image,
        summary: "The root account has a password that was not asked for",
        explanation: "A package or --extra brings a password for root. Root is locked unless \
            --password root=FILE is given.",
        example: "",
        remedy: "",
    }
    SHADOWED_PROGRAM {
        id: "shadowed-program",
        aliases: [],
        severity: Note,
        group: Image,
        summary: "Several packages have a program of this name, and the first wins",
        explanation: "kill, login and their like come from more than one package. /usr/bin has the \
            one of the package that was given first with --package.",
        example: "",
        remedy: "",
    }
    UNKNOWN_USER {
        id: "unknown-user",
        aliases: [],
        severity: Error,
        group: Image,
        summary: "A tmpfiles.d line names a user or group that does not exist",
        explanation: "systemd-tmpfiles would fail at boot. Declare the user in a sysusers.d file \
            of the package, or in one given with --extra.",
        example: "",
        remedy: "",
    }
    UNPINNED_USER {
        id: "unpinned-user",
        aliases: [],
        severity: Note,
        group: Image,
        summary: "Users or groups are not in the pin file",
        explanation: "They got free numbers, which the next image may give to others. Keep \
            users-pin of the output as the new pin file.",
        example: "",
        remedy: "",
    }
    UNREADABLE_LINE {
        id: "unreadable-line",
        aliases: [],
        severity: Error,
        group: Image,
        summary: "A line of sysusers.d or tmpfiles.d cannot be read",
        explanation: "systemd's own tools would refuse or skip it. Correct the line.",
        example: "",
        remedy: "",
    }
    UNSUPPORTED_TMPFILES_LINE {
        id: "unsupported-tmpfiles-line",
        aliases: [],
        severity: Error,
        group: Image,
        summary: "A tmpfiles.d line for /etc cannot be done when the image is built",
        explanation: "The types a, A, h, H, m, t, T, z and Z set access lists, attributes, modes \
            or owners of what is there already, and b, c, p and s make what is no file. /etc is \
            made without privileges and is read-only afterwards. A copy (C) is compared with its \
            source, so that its paths can have no specifiers. Give the file with --extra as it \
            should be.",
        example: "",
        remedy: "",
    }
    USER_NUMBER_DRIFT {
        id: "user-number-drift",
        aliases: [],
        severity: Error,
        group: Image,
        summary: "A user or group would get another number than the pinned one",
        explanation: "Two images that share /var must agree about the numbers of users and groups: \
            files there are owned by numbers. A package now asks for a number of its own. Change \
            it back, or change the pin file and give the files in /var their new owner.",
        example: "",
        remedy: "",
    }
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
