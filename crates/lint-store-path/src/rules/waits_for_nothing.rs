//! A timer or path unit that waits for nothing: `timer_verify()` and `path_verify()` of systemd's
//! `src/core/timer.c` and `src/core/path.c`.

use hermetic_out::{FindingKind, Group, Severity};
use hermetic_out_formats::unit::place::parse_boolean;

use crate::rule::{Check, PathSubject, Rule};
use crate::reporter::Reporter;
use crate::merged_unit::{Fault, Unit, judge};

pub(super) static RULE: Rule = Rule {
    kind: &FindingKind {
        id: "waits-for-nothing",
        aliases: &[],
        severity: Severity::Error,
        group: Group::Units,
        summary: "A timer has no time, or a path unit no path",
        explanation: "systemd refuses to load a timer without `OnCalendar=` or another `On…=` \
            (systemd.timer(5)), and a path unit without `PathExists=` or one of its kin \
            (systemd.path(5)): \"bad unit file setting\". What they are to start never starts. \
            Often the directive has a letter wrong, or stands in another section. A unit that a \
            known drop-in completes is left out.",
        example: "x.timer:\n[Timer]\nOnCalender=daily",
        remedy: "say what the unit waits for",
    },
    check: Check::StorePath(check),
};

/// The directives that an empty one of any of them takes back: `config_parse_timer()`.
const TIMES: &[&str] = &[
    "OnActiveSec",
    "OnBootSec",
    "OnCalendar",
    "OnStartupSec",
    "OnUnitActiveSec",
    "OnUnitInactiveSec",
];

/// Likewise, `config_parse_path_spec()`.
const PATHS: &[&str] = &[
    "DirectoryNotEmpty",
    "PathChanged",
    "PathExists",
    "PathExistsGlob",
    "PathModified",
];

fn check(subject: &PathSubject<'_>, reporter: &mut Reporter) {
    judge(subject, reporter, &["timer"], without_time);
    judge(subject, reporter, &["path"], without_path);
}

fn without_time<'u>(unit: &'u Unit<'_>) -> Option<Fault<'u>> {
    let never = |key| unit.always("Timer", key, |value| value.and_then(parse_boolean) != Some(true));
    let waits = !unit.listed("Timer", TIMES).is_empty()
        || !never("OnClockChange")
        || !never("OnTimezoneChange");
    let fault = Fault::new(
        "the timer has no OnCalendar= or other On…=, so that systemd does not load it",
        "say when the timer elapses",
    );
    (!waits).then_some(fault)
}

fn without_path<'u>(unit: &'u Unit<'_>) -> Option<Fault<'u>> {
    let fault = Fault::new(
        "the path unit has no PathExists= or other path, so that systemd does not load it",
        "say which path is watched",
    );
    unit.listed("Path", PATHS).is_empty().then_some(fault)
}
