//! `systemd-analyze verify` over the units of a patched store.

use std::collections::HashSet;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use walkdir::WalkDir;

use crate::tool::Finding;
use crate::{Result, cannot_start};

pattern!(
    COMPLAINT,
    r"(?m)^(\S+?): Command (.+) is not executable: (.*)$"
);

/// What `systemd-analyze verify` says of a unit's program.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Complaint {
    /// The unit's name; an instance of a template has a name of its own.
    pub unit: String,
    /// The program that cannot be executed.
    pub program: String,
    /// The system's reason.
    pub reason: String,
}

/// What is not executable in the system units of a store.
pub fn not_executable(store: &Path) -> Result<Vec<Complaint>> {
    let (mut directories, mut units) = (Vec::new(), Vec::new());
    let mut texts = String::new();
    for entry in WalkDir::new(store)
        .min_depth(5)
        .max_depth(5)
        .sort_by_file_name()
    {
        let Ok(entry) = entry else { continue };
        let is_unit = entry
            .path()
            .parent()
            .is_some_and(|path| path.ends_with("lib/systemd/system"))
            && entry.file_type().is_file()
            && entry
                .path()
                .extension()
                .is_some_and(|suffix| suffix == "service" || suffix == "socket");
        if is_unit {
            directories.extend(entry.path().parent().map(Path::to_path_buf));
            if let Ok(text) = std::fs::read(entry.path()) {
                texts.push_str(&String::from_utf8_lossy(&text));
            }
            units.push(entry.into_path());
        }
    }
    directories.dedup();
    let directories: Vec<&[u8]> = directories
        .iter()
        .map(|path| path.as_os_str().as_bytes())
        .collect();
    let mut complaints = HashSet::new();
    // One bad unit must not hide the others, and a command line has an end.
    for units in units.chunks(100) {
        complaints.extend(analyze(&directories, units)?);
    }
    // An expanded specifier can be checked for the instances that there will be, and not here; the
    // machine's state is not there yet.
    let mut complaints: Vec<Complaint> = complaints
        .into_iter()
        .filter(|one| texts.contains(&one.program) && !one.program.starts_with("/run/"))
        .collect();
    complaints.sort();
    Ok(complaints)
}

fn analyze(directories: &[&[u8]], units: &[PathBuf]) -> Result<Vec<Complaint>> {
    let mut command = Command::new("systemd-analyze");
    command
        .args(["verify", "--man=no", "--recursive-errors=no"])
        .args(units);
    command.env(
        "SYSTEMD_UNIT_PATH",
        std::ffi::OsStr::from_bytes(&directories.join(&b':')),
    );
    command
        .env("SYSTEMD_LOG_LEVEL", "info")
        .env("LC_ALL", "C.UTF-8");
    // It also complains of what is no matter here (unknown users, newer directives), and says so
    // by its exit status.
    let output = command
        .output()
        .map_err(|error| cannot_start(&command, "verify the patched units", &error))?;
    let text = String::from_utf8_lossy(&output.stderr);
    Ok(COMPLAINT
        .captures_iter(&text)
        .map(|found| Complaint {
            unit: found[1].to_owned(),
            program: found[2].to_owned(),
            reason: found[3].to_owned(),
        })
        .collect())
}

/// The complaints that the tool should have reported, and did not.
#[must_use]
pub fn unreported(complaints: Vec<Complaint>, findings: &[Finding]) -> Vec<Complaint> {
    let template = |unit: &str| match (unit.split_once('@'), unit.rsplit_once('.')) {
        (Some((name, _)), Some((_, suffix))) => format!("{name}@.{suffix}"),
        _ => unit.to_owned(),
    };
    complaints
        .into_iter()
        .filter(|complaint| {
            let unit = template(&complaint.unit);
            !findings.iter().any(|finding| {
                let is_unit = finding.file.ends_with(&format!("/{unit}"))
                    || finding.file.contains(&format!("/{unit}.d/"));
                let about = |text: &str| !text.is_empty() && text.contains(&complaint.program);
                is_unit && (about(&finding.subject) || about(&finding.message))
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_finding_for_the_same_program_answers_a_complaint() {
        let complaint = Complaint {
            unit: "x@test-instance.service".into(),
            program: "/usr/bin/x".into(),
            reason: "No such file or directory".into(),
        };
        let finding = Finding {
            file: "/s/p/lib/systemd/system/x@.service".into(),
            subject: "/usr/bin/x".into(),
            ..Finding::default()
        };
        assert!(unreported(vec![complaint.clone()], std::slice::from_ref(&finding)).is_empty());
        let other = Finding {
            subject: "/usr/bin/y".into(),
            ..finding
        };
        assert_eq!(unreported(vec![complaint.clone()], &[other]), [complaint]);
    }
}
