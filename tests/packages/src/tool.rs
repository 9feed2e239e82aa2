//! Running a tool on a package as a build would, and reading its report.

use std::ffi::OsString;
use std::io::Write as _;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde::Deserialize;
use tempfile::NamedTempFile;

use crate::store::{Package, bin_directories};
use crate::{Error, Result, cannot_start, in_parallel};

/// The tool `name`, built: what the variable of its name says (`PATCH_SYSTEMD_UNITS`), which
/// `cargo xtask test` sets; otherwise it is looked for beside the test.
pub fn built(name: &str) -> Result<PathBuf> {
    let beside_test = || {
        let test = std::env::current_exe().ok()?;
        Some(test.parent()?.parent()?.join(name))
    };
    let variable = name.to_uppercase().replace('-', "_");
    let tool = std::env::var_os(&variable).map(PathBuf::from);
    let tool = tool.or_else(beside_test).unwrap_or_default();
    if tool.is_file() {
        return Ok(tool);
    }
    Err(Error::new(
        format!("run {name}"),
        format!("{} is missing", tool.display()),
    )
    .help(format!(
        "build it with `cargo build --package {name}`, or say with {variable} where it is"
    )))
}

/// The part of a tool's JSON report that is looked at.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Report {
    /// What the tool found to be not right.
    #[serde(default)]
    pub findings: Vec<Finding>,
    /// What it changed; only their number matters here.
    #[serde(default)]
    pub changes: Vec<serde_json::Value>,
    /// How much there was.
    #[serde(default)]
    pub summary: Summary,
}

/// The numbers of a report.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
pub struct Summary {
    /// Files with at least one change.
    #[serde(default)]
    pub files_changed: usize,
    /// Names that became store paths.
    #[serde(default)]
    pub references_replaced: usize,
    /// Programs that nobody has.
    #[serde(default)]
    pub unresolved: usize,
}

/// Something that is not right in a package, as a tool reports it.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(from = "WrittenFinding")]
pub struct Finding {
    /// The id of the kind of finding.
    pub id: String,
    /// `note`, `warning` or `error`.
    pub severity: String,
    /// The file, by its store path.
    pub file: String,
    /// The line in the file, from 1.
    pub line: Option<usize>,
    /// The text it is about.
    pub subject: String,
    /// What is wrong.
    pub message: String,
}

/// A finding as it stands in the report.
#[derive(Default, Deserialize)]
#[serde(default)]
struct WrittenFinding {
    id: String,
    severity: String,
    file: String,
    place: Option<WrittenPlace>,
    subject: String,
    message: String,
}

#[derive(Deserialize)]
struct WrittenPlace {
    line: usize,
}

impl From<WrittenFinding> for Finding {
    fn from(written: WrittenFinding) -> Self {
        let WrittenFinding {
            id,
            severity,
            file,
            place,
            subject,
            message,
        } = written;
        Self {
            id,
            severity,
            file,
            line: place.map(|place| place.line),
            subject,
            message,
        }
    }
}

/// What a package is patched with: one argument a line, as tools read it through `@FILE`.
#[derive(Debug)]
pub struct Arguments(NamedTempFile);

impl Arguments {
    /// The package, all programs of all others, and all others as dependencies.
    pub fn new(store: &Path, packages: &[Package], package: &Package) -> Result<Self> {
        let search = bin_directories(store, packages, Some(package));
        let others: Vec<PathBuf> = packages
            .iter()
            .filter(|other| *other != package)
            .map(|other| store.join(&other.directory))
            .collect();
        Self::with(store, package, &search, &others)
    }

    /// The package with just these search and dependency directories.
    pub fn with(
        store: &Path,
        package: &Package,
        search: &[PathBuf],
        dependencies: &[PathBuf],
    ) -> Result<Self> {
        Self::write(store, package, search, dependencies).map(Self)
    }

    /// The same as [`Arguments::new`] for a store that lies below `root`: all paths are without it.
    pub fn in_root(
        root: &Path,
        store: &Path,
        packages: &[Package],
        package: &Package,
    ) -> Result<Self> {
        let inside = Path::new("/").join(store.strip_prefix(root).unwrap_or(store));
        let search: Vec<PathBuf> = bin_directories(store, packages, Some(package))
            .iter()
            .filter_map(|path| Some(inside.join(path.strip_prefix(store).ok()?)))
            .collect();
        let others: Vec<PathBuf> = packages
            .iter()
            .filter(|other| *other != package)
            .map(|other| inside.join(&other.directory))
            .collect();
        let mut file = Self::write(&inside, package, &search, &others)?;
        let root = [b"--root\n", root.as_os_str().as_bytes(), b"\n"].concat();
        file.write_all(&root)
            .map_err(|error| Error::new("write the tool's arguments", error))?;
        Ok(Self(file))
    }

    fn write(
        store: &Path,
        package: &Package,
        search: &[PathBuf],
        dependencies: &[PathBuf],
    ) -> Result<NamedTempFile> {
        let mut text: Vec<u8> = Vec::new();
        let mut line = |parts: &[&[u8]]| {
            text.extend(parts.concat());
            text.push(b'\n');
        };
        let output = store.join(&package.directory);
        line(&[b"--store-dir"]);
        line(&[store.as_os_str().as_bytes()]);
        line(&[b"--output"]);
        line(&[b"out=", output.as_os_str().as_bytes()]);
        if !search.is_empty() {
            let search: Vec<&[u8]> = search
                .iter()
                .map(|path| path.as_os_str().as_bytes())
                .collect();
            line(&[b"--search-path"]);
            line(&[&search.join(&b':')]);
        }
        for path in dependencies {
            line(&[b"--dependency"]);
            line(&[path.as_os_str().as_bytes()]);
        }
        let write = || -> std::io::Result<NamedTempFile> {
            let mut file = NamedTempFile::new()?;
            file.write_all(&text)?;
            Ok(file)
        };
        write().map_err(|error| Error::new("write the tool's arguments", error))
    }

    /// The argument by which a tool reads them.
    #[must_use]
    pub fn argument(&self) -> OsString {
        let mut argument = OsString::from("@");
        argument.push(self.0.path());
        argument
    }

    /// A run of a tool with them, and with no option from the environment.
    #[must_use]
    pub fn run(&self, tool: &Path) -> Command {
        self.run_with(tool, &[])
    }

    /// The same with other arguments before them: the command of a tool that has several.
    #[must_use]
    pub fn run_with(&self, tool: &Path, before: &[&str]) -> Command {
        let mut command = Command::new(tool);
        command.args(before).arg(self.argument());
        for (name, _) in std::env::vars_os() {
            if name.as_encoded_bytes().starts_with(b"HERMETIC_OUT_") {
                command.env_remove(name);
            }
        }
        command
    }
}

/// Runs the tool on one package.
pub fn patch(tool: &Path, arguments: &Arguments) -> Result<Report> {
    let doing = format!("run {} {}", tool.display(), arguments.argument().display());
    let mut command = arguments.run(tool);
    command.args(["--format", "json"]);
    let output = command
        .output()
        .map_err(|error| cannot_start(&command, &doing, &error))?;
    // 1 is a report with findings at the failing severity: a report all the same.
    if !matches!(output.status.code(), Some(0 | 1)) {
        let why = format!(
            "{}\n{}",
            output.status,
            String::from_utf8_lossy(&output.stderr)
        );
        return Err(Error::new(doing, why));
    }
    read_report(&output.stdout).map_err(|error| Error::new(doing, format!("its report: {error}")))
}

/// Reads a JSON report.
pub fn read_report(json: &[u8]) -> serde_json::Result<Report> {
    serde_json::from_slice(json)
}

/// Patches all packages of a store, each with all others as dependencies. The first failure of
/// the tool is the error; findings are no failure.
pub fn patch_all(tool: &Path, store: &Path, packages: &[Package]) -> Result<Vec<Report>> {
    in_parallel(packages, |package| {
        patch(tool, &Arguments::new(store, packages, package)?).map_err(|error| Error {
            doing: format!("patch {}: {}", package.name, error.doing),
            ..error
        })
    })
    .into_iter()
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_and_absent_fields_do_not_matter() {
        let json = br#"{"schema_version": 1, "tool": "x", "changes": [{}],
            "findings": [{"id": "program-not-found", "file": "/s/x", "place": {"line": 3}}, {"id": "y"}]}"#;
        let report = read_report(json).expect("it is a report");
        assert_eq!((report.changes.len(), report.findings.len()), (1, 2));
        assert_eq!(
            (report.findings[0].line, report.findings[1].line),
            (Some(3), None)
        );
    }
}
