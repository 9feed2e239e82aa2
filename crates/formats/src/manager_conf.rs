//! Drop-ins for the configuration of systemd's own programs: `systemd-system.conf(5)`, `journald.conf(5)` and
//! the pages of the others. Their lines are those of units.

use crate::format::{Files, Format, Paths};
use crate::unit;

pub(crate) static FORMAT: Format = Format {
    directories: &[
        "systemd/coredump.conf.d",
        "systemd/homed.conf.d",
        "systemd/journal-remote.conf.d",
        "systemd/journal-upload.conf.d",
        "systemd/journald.conf.d",
        "systemd/logind.conf.d",
        "systemd/networkd.conf.d",
        "systemd/oomd.conf.d",
        "systemd/pstore.conf.d",
        "systemd/resolved.conf.d",
        "systemd/sleep.conf.d",
        "systemd/system.conf.d",
        "systemd/timesyncd.conf.d",
        "systemd/user.conf.d",
    ],
    files: Files::Ending(&[".conf"]),
    scan: unit::scan,
    paths: Paths::All,
    pieces: &[
        b"[Manager]\n",
        b"[Journal]\n",
        b"[Upload]\n",
        b"\nDefaultEnvironment=PATH=/usr/bin:/bin X=/usr/share/x",
        b"\nManagerEnvironment=\"A=/usr/share/x y\"",
        b"\nServerKeyFile=/usr/share/x",
        b"\nLogLevel=info",
    ],
};
