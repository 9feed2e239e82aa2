//! A timer or path unit that waits for nothing: `timer_verify()` and `path_verify()` of systemd's
//! `src/core/timer.c` and `src/core/path.c`.

use hermetic_out::{FindingKind, Group, Severity};
use hermetic_out_formats::unit::place::parse_boolean;

use crate::rule::{Check, PathSubject, Rule};
use crate::reporter::Reporter;
use crate::merged_unit::Unit;
use crate::unit_fault::{Fault, judge};

pub(super) static RULE: Rule = Rule {
    kind: &FindingKind {
        id: "waits-for-nothing",
        aliases: &[],
        severity: Severity::Error,
        group: Group::Units,
        summary: "A timer has no time, or a path unit has no path",
        explanation: "systemd refuses to load a timer without `OnCalendar=` or another `On…=` \
            (systemd.timer(5)), and a path unit without `PathExists=` or a similar directive \
            (systemd.path(5)): \"bad unit file setting\". Their units never start. Often the directive is \
            misspelled or in another section. A unit that a known drop-in completes is ignored.",
        example: "x.timer:\n[Timer]\nOnCalender=daily",
        remedy: "add the time to the timer, or the path to the path unit",
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
        "the timer has no OnCalendar= or other On…=",
        "add OnCalendar= or another On…=",
    );
    (!waits).then_some(fault)
}

fn without_path<'u>(unit: &'u Unit<'_>) -> Option<Fault<'u>> {
    let fault = Fault::new(
        "the path unit has no PathExists= or other path",
        "add PathExists= or another path",
    );
    unit.listed("Path", PATHS).is_empty().then_some(fault)
}
