//! Running lint-store-path, and what is asked of its findings.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Component, Path, PathBuf};
use std::process::Command;

use walkdir::WalkDir;

use crate::tool::{Finding, read_report, report_of};
use crate::{Error, Result};

/// Where the lint keeps what it read of a store, if [`make_real`] was called for it.
#[must_use]
pub fn cache(store: &Path) -> PathBuf {
    store.with_file_name("cache")
}

/// Makes the store look like one that Nix looks after: the lint keeps facts of no other.
pub fn make_real(store: &Path) -> Result<()> {
    let database = store.with_file_name("var").join("nix/db");
    std::fs::create_dir_all(&database)
        .map_err(|error| Error::new(format!("create {}", database.display()), error))
}

/// The report of the lint on store paths, as it was printed; findings are no failure.
pub fn report(lint: &Path, store: &Path, paths: &[PathBuf], options: &[&str]) -> Result<Vec<u8>> {
    let doing = format!("lint {} store paths of {}", paths.len(), store.display());
    let mut command = Command::new(lint);
    command
        .args(["--format", "json", "--store-dir"])
        .arg(store)
        .args(options)
        .args(paths)
        .env("XDG_CACHE_HOME", cache(store));
    report_of(&mut command, &doing)
}

/// The findings of a report.
pub fn findings(report: &[u8]) -> Result<Vec<Finding>> {
    let report =
        read_report(report).map_err(|error| Error::new("read the lint's report", error))?;
    Ok(report.findings)
}

/// The names of all programs of a store, and of all units.
///
/// A link counts as what it leads to. Scripts of init and examples have names of programs, and are none.
#[must_use]
pub fn names(store: &Path) -> BTreeSet<OsString> {
    let is_other = |path: &Path| {
        let mut parts = path.components().map(Component::as_os_str);
        parts.any(|part| part == "etc" || part == "share")
    };
    WalkDir::new(store)
        .into_iter()
        .filter_map(std::result::Result::ok)
        .filter(|entry| !is_other(entry.path().strip_prefix(store).unwrap_or(entry.path())))
        .filter(|entry| {
            let is_unit = entry
                .path()
                .components()
                .any(|part| part.as_os_str() == "systemd");
            let inside = entry.path().canonicalize();
            let inside = inside.ok().filter(|path| path.starts_with(store));
            let file = inside.and_then(|path| path.metadata().ok());
            file.is_some_and(|file| {
                file.is_file() && (is_unit || file.permissions().mode() & 0o111 != 0)
            })
        })
        .map(|entry| entry.file_name().to_owned())
        .collect()
}

/// Errors about units for which there is no excuse: something in the store has the name that
/// is said to be missing.
pub fn avoidable<'a>(
    findings: &'a [Finding],
    names: &BTreeSet<OsString>,
) -> impl Iterator<Item = &'a Finding> {
    findings.iter().filter(|finding| {
        let in_unit = ["/lib/systemd/system/", "/lib/systemd/user/"]
            .iter()
            .any(|directory| finding.file.contains(directory));
        let name = Path::new(&finding.subject).file_name();
        let is_there = name.is_some_and(|name| names.contains(name));
        finding.severity == "error" && in_unit && is_there
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_somebody_has_is_not_missing() {
        let finding = |severity: &str, subject: &str| Finding {
            severity: severity.into(),
            file: "/s/p/lib/systemd/system/x.service".into(),
            subject: subject.into(),
            ..Finding::default()
        };
        let findings = [
            finding("error", "/usr/bin/x"),
            finding("error", "/usr/bin/y"),
            finding("warning", "/usr/bin/x"),
        ];
        let names = BTreeSet::from(["x".into()]);
        let left: Vec<&str> = avoidable(&findings, &names)
            .map(|finding| finding.subject.as_str())
            .collect();
        assert_eq!(left, ["/usr/bin/x"]);
    }
}
