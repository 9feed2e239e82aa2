//! What an image can have wrong: every kind of finding, with its explanation.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;

use hermetic_out::{Finding, FindingKind, Severity};

/// Two packages have the same file of /usr with different content.
pub static DUPLICATE_VENDOR_FILE: FindingKind = FindingKind {
    name: "duplicate-vendor-file",
    severity: Severity::Error,
    summary: "Two packages ship the same file of /usr with different content",
    explanation: "\
Only one of the two can be at that path, and which one would depend on the order of the packages.
Programs in bin are the exception: there the first package wins, and a note says so.

Leave one of the packages out of --package, or remove the file from one of them.",
};

/// Two packages have the same path in /etc.
pub static DUPLICATE_ETC_PATH: FindingKind = FindingKind {
    name: "duplicate-etc-path",
    severity: Severity::Error,
    summary: "Two packages claim one path in /etc",
    explanation: "\
A configuration file belongs to one package. Two have it, or two tmpfiles.d lines link it to different
files, or a line links it to a file of the store where another package's is: whoever came first would
have its own, and the other package would read that. Leave one of the packages out of --package, or give
the file that is meant with --extra, which comes before all packages.",
};

/// Two packages have a program of the same name.
pub static SHADOWED_PROGRAM: FindingKind = FindingKind {
    name: "shadowed-program",
    severity: Severity::Note,
    summary: "Several packages have a program of this name, and the first wins",
    explanation: "\
kill, login and their like come from more than one package. /usr/bin has the one of the package that
was given first with --package.",
};

/// A link leads nowhere.
pub static DANGLING_LINK: FindingKind = FindingKind {
    name: "dangling-link",
    severity: Severity::Error,
    summary: "A link of /usr or /etc leads nowhere",
    explanation: "\
What it names is not in the image. Links into /dev, /proc, /run, /sys, /tmp and /var are not looked
at: what they name is made when the machine runs.

Add the package that has the file, or remove the link.",
};

/// A link of a package leads nowhere, so it is left out of /usr.
pub static DANGLING_PACKAGE_LINK: FindingKind = FindingKind {
    name: "dangling-package-link",
    severity: Severity::Warning,
    summary: "A link that a package ships leads nowhere",
    explanation: "\
The link stays in the store path, which cannot be changed, but /usr and /etc do not get it.",
};

/// A link of the store leads nowhere.
pub static DANGLING_STORE_LINK: FindingKind = FindingKind {
    name: "dangling-store-link",
    severity: Severity::Note,
    summary: "Links in a store path lead nowhere",
    explanation: "\
A store path holds links to something that is not in the image. Nothing of /usr or /etc uses them.",
};

/// A preset enables a unit that nobody ships.
pub static MISSING_PRESET_UNIT: FindingKind = FindingKind {
    name: "missing-preset-unit",
    severity: Severity::Error,
    summary: "A preset enables a unit that does not exist",
    explanation: "\
A preset file given with --preset or --user-preset names a unit that no package ships. Correct the
name, or add the package.",
};

/// A PAM module is missing.
pub static PAM_MODULE_NOT_IN_IMAGE: FindingKind = FindingKind {
    name: "pam-module-not-in-image",
    severity: Severity::Error,
    summary: "A PAM service names a module or file that is not in the image",
    explanation: "\
Nobody could authenticate through this service. Add the package that has the module, or write a `-`
in front of the line if it may be missing (pam.d(5)).",
};

/// A name service module is missing.
pub static NAME_SERVICE_NOT_IN_IMAGE: FindingKind = FindingKind {
    name: "name-service-not-in-image",
    severity: Severity::Error,
    summary: "nsswitch.conf names a service whose library is not in the image",
    explanation: "\
glibc looks for libnss_NAME.so.2; without it lookups through that service fail. Add the package that
has it, or remove the name from nsswitch.conf.",
};

/// A getty cannot start its login program.
pub static MISSING_LOGIN_PROGRAM: FindingKind = FindingKind {
    name: "missing-login-program",
    severity: Severity::Error,
    summary: "The login program of a getty is not in the image",
    explanation: "\
agetty runs /bin/login, or what --login-program says. Without it nobody can log in on a console. Add
a package with login, or patch the unit (patch-systemd-units adds --login-program).",
};

/// A setuid program that units start is not there.
pub static MISSING_WRAPPER: FindingKind = FindingKind {
    name: "missing-wrapper",
    severity: Severity::Warning,
    summary: "Something starts a setuid program that the image does not have",
    explanation: "\
Programs under /run/wrappers/bin are copies with a setuid bit, which no store path can hold. Give
--setuid NAME for each one that is needed.",
};

/// A program that a unit starts is not in the image.
pub static PROGRAM_NOT_IN_IMAGE: FindingKind = FindingKind {
    name: "program-not-in-image",
    severity: Severity::Warning,
    summary: "A unit starts a program that is not in the image",
    explanation: "\
The unit will fail when it is started. Patch the package with patch-systemd-units, or add the package
that has the program.",
};

/// A tmpfiles.d line would bring something of the building machine into the image.
pub static BUILD_HOST_SPECIFIER: FindingKind = FindingKind {
    name: "build-host-specifier",
    severity: Severity::Error,
    summary: "A tmpfiles.d line for /etc depends on the machine that builds the image",
    explanation: "\
/etc is made when the image is built. %b, %H, %l, %q, %v and %a stand for the boot id, the host name, the
kernel and the architecture of the building machine there, %C, %L, %S and %t for directories of the place
where the image is made, and %m for a machine id that an image does not have yet. The image would not be
the same twice, or not be right. Write out what is meant, as /var/lib for %S.",
};

/// A tmpfiles.d line of a type that cannot be done when the image is built.
pub static UNSUPPORTED_TMPFILES_LINE: FindingKind = FindingKind {
    name: "unsupported-tmpfiles-line",
    severity: Severity::Error,
    summary: "A tmpfiles.d line for /etc cannot be done when the image is built",
    explanation: "\
The types a, A, h, H, m, t, T, z and Z set access lists, attributes, modes or owners of what is there
already, and b, c, p and s make what is no file. /etc is made without privileges and is read-only
afterwards. A copy (C) is compared with its source, so that its paths can have no specifiers. Give the
file with --extra as it should be.",
};

/// A tmpfiles.d line names a user or group that nobody declares.
pub static UNKNOWN_USER: FindingKind = FindingKind {
    name: "unknown-user",
    severity: Severity::Error,
    summary: "A tmpfiles.d line names a user or group that does not exist",
    explanation: "\
systemd-tmpfiles would fail at boot. Declare the user in a sysusers.d file of the package, or in one
given with --extra.",
};

/// A tmpfiles.d copy has no source.
pub static MISSING_TMPFILES_SOURCE: FindingKind = FindingKind {
    name: "missing-tmpfiles-source",
    severity: Severity::Warning,
    summary: "A tmpfiles.d line copies something that is not in the image",
    explanation: "systemd-tmpfiles leaves such a line out without a word.",
};

/// A number of a user or group is not the pinned one.
pub static USER_NUMBER_DRIFT: FindingKind = FindingKind {
    name: "user-number-drift",
    severity: Severity::Error,
    summary: "A user or group would get another number than the pinned one",
    explanation: "\
Two images that share /var must agree about the numbers of users and groups: files there are owned by
numbers. A package now asks for a number of its own. Change it back, or change the pin file and give
the files in /var their new owner.",
};

/// A user or group is not pinned yet.
pub static UNPINNED_USER: FindingKind = FindingKind {
    name: "unpinned-user",
    severity: Severity::Note,
    summary: "Users or groups are not in the pin file",
    explanation: "\
They got free numbers, which the next image may give to others. Keep users-pin of the output as the
new pin file.",
};

/// A line that nobody can read.
pub static UNREADABLE_LINE: FindingKind = FindingKind {
    name: "unreadable-line",
    severity: Severity::Error,
    summary: "A line of sysusers.d or tmpfiles.d cannot be read",
    explanation: "systemd's own tools would refuse or skip it. Correct the line.",
};

/// Root can log in with no password, or has one that nobody asked for.
pub static ROOT_NOT_LOCKED: FindingKind = FindingKind {
    name: "root-not-locked",
    severity: Severity::Error,
    summary: "The root account has a password that was not asked for",
    explanation: "\
A package or --extra brings a password for root. Root is locked unless --password root=FILE is given.",
};

/// /var cannot be written.
pub static READ_ONLY_VAR: FindingKind = FindingKind {
    name: "read-only-var",
    severity: Severity::Warning,
    summary: "Nothing mounts /var, and the root is read-only",
    explanation: "\
Most services need a writable /var. An fstab is there, but it does not mention /var, no var.mount is
there, and the kernel command line has no systemd.volatile=.",
};

/// Every kind, sorted by name.
pub static KINDS: &[&FindingKind] = &[
    &BUILD_HOST_SPECIFIER,
    &DANGLING_LINK,
    &DANGLING_PACKAGE_LINK,
    &DANGLING_STORE_LINK,
    &DUPLICATE_ETC_PATH,
    &DUPLICATE_VENDOR_FILE,
    &MISSING_LOGIN_PROGRAM,
    &MISSING_PRESET_UNIT,
    &MISSING_TMPFILES_SOURCE,
    &MISSING_WRAPPER,
    &NAME_SERVICE_NOT_IN_IMAGE,
    &PAM_MODULE_NOT_IN_IMAGE,
    &PROGRAM_NOT_IN_IMAGE,
    &READ_ONLY_VAR,
    &ROOT_NOT_LOCKED,
    &SHADOWED_PROGRAM,
    &UNKNOWN_USER,
    &UNPINNED_USER,
    &UNREADABLE_LINE,
    &UNSUPPORTED_TMPFILES_LINE,
    &USER_NUMBER_DRIFT,
];

/// A finding about a path of the image, relative to its root.
pub(crate) fn about(
    kind: &'static FindingKind,
    path: &[u8],
    message: impl Into<String>,
    help: impl Into<String>,
) -> Finding {
    let mut file = b"/".to_vec();
    file.extend_from_slice(path);
    Finding {
        kind,
        severity: kind.severity,
        file: OsString::from_vec(file).into(),
        place: None,
        subject: path.to_vec(),
        message: message.into(),
        help: help.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_sorted_and_every_page_says_something() {
        assert!(KINDS.is_sorted_by(|one, other| one.name < other.name));
        for kind in KINDS {
            assert!(!kind.summary.is_empty() && !kind.explanation.is_empty());
        }
    }
}
