//! An independent check of what a patch did to the packages of a store.
//!
//! It reads the original store, the patched one and the tool's findings, and derives from the
//! original alone what every name should have become.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::fs::{self, Metadata};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use regex::Regex;
use walkdir::WalkDir;

use crate::tool::Finding;
use crate::{Error, Result, in_parallel};
use grammar::{Kind, Reference, Role, kind, latin1, references};
use oracle::{Answer, Oracle};

mod alignment;
mod grammar;
mod oracle;
mod shell;

/// Something that the patch should not have done, or should have.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Violation {
    /// The package's directory in the store.
    pub package: String,
    /// The path in the package.
    pub file: String,
    /// The line in the original file, from 1; 0 for the file as a whole.
    pub line: usize,
    /// What is wrong.
    pub text: String,
}

impl Violation {
    /// The package's name and version.
    fn name(&self) -> &str {
        self.package.get(33..).unwrap_or(&self.package)
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "{}: {}:{}: {}",
            self.name(),
            self.file,
            self.line,
            self.text
        )
    }
}

/// Checks every package of the two stores; `findings` are those of the runs over the patched one.
pub fn check(original: &Path, patched: &Path, findings: &[Finding]) -> Result<Vec<Violation>> {
    let oracle = Oracle::new(original, patched).map_err(|error| {
        Error::new(
            format!("compare {} with {}", original.display(), patched.display()),
            error,
        )
    })?;
    let judge = Judge::new(&oracle, findings);
    let mut violations: Vec<Violation> =
        in_parallel(&oracle.packages, |package| judge.package(package))
            .into_iter()
            .flatten()
            .collect();
    // By the package's name, not by the hash in front of it.
    violations.sort_by(|one, other| (one.name(), one).cmp(&(other.name(), other)));
    violations.dedup();
    Ok(violations)
}

/// A state of all files by which a later write to any of them is noticed.
#[must_use]
pub fn snapshot(store: &Path) -> BTreeMap<PathBuf, (u64, i64, i64)> {
    WalkDir::new(store)
        .into_iter()
        .filter_map(|entry| {
            let entry = entry.ok()?;
            let file = entry.metadata().ok()?;
            // The change time tells of every write, even one whose modification time is put back.
            Some((
                entry.into_path(),
                (file.ino(), file.ctime(), file.ctime_nsec()),
            ))
        })
        .collect()
}

pattern!(
    OWN_PATH,
    r#"/(?:usr|bin|sbin|lib|libexec)/[^\s"'`;|&<>(){}\[\],:=*?$%\\!#]+"#
);
pattern!(
    SEARCH_PATH,
    r#"((?:\b[A-Z_]*PATH=|ExecSearchPath\s*=\s*))([^\s"'$%]+)"#
);
pattern!(LOGIN_PROGRAM, r"(agetty\b.*?) --login-program (\S+)");

struct Judge<'a> {
    oracle: &'a Oracle,
    /// Findings by file (package directory, path in it).
    findings: HashMap<(String, String), Vec<&'a Finding>>,
    /// What a tool may have written.
    written: Regex,
}

impl<'a> Judge<'a> {
    fn new(oracle: &'a Oracle, findings: &'a [Finding]) -> Self {
        let mut by_file: HashMap<_, Vec<&Finding>> = HashMap::new();
        for finding in findings {
            let file = latin1(finding.file.as_bytes());
            by_file
                .entry(oracle.store_file(&file).unwrap_or_default())
                .or_default()
                .push(finding);
        }
        let end = r#"[^\s"'`;|&<>(){}\[\],:=*?$%\\!#]"#;
        #[expect(clippy::unwrap_used, reason = "the only variable part is escaped")]
        let written = Regex::new(&format!(
            r"{}[0-9a-z]{{32}}-{end}+|/run/wrappers/bin/[\w.+-]+",
            regex::escape(oracle.store_prefix())
        ))
        .unwrap();
        Self {
            oracle,
            findings: by_file,
            written,
        }
    }

    fn package(&self, package: &str) -> Vec<Violation> {
        let tree = |store: &Path| -> BTreeMap<PathBuf, Metadata> {
            let top = store.join(package);
            WalkDir::new(&top)
                .into_iter()
                .filter_map(std::result::Result::ok)
                .filter_map(|entry| {
                    let path = entry.path().strip_prefix(&top).ok()?.to_owned();
                    Some((path, entry.metadata().ok()?))
                })
                .collect()
        };
        let (before, after) = (tree(&self.oracle.original), tree(&self.oracle.patched));
        let mut violations = Vec::new();
        let mut report = |path: &Path, line: usize, text: String| {
            violations.push(Violation {
                package: package.to_owned(),
                file: path.display().to_string(),
                line,
                text,
            });
        };
        for path in after.keys().filter(|path| !before.contains_key(*path)) {
            report(path, 0, "the file is new".into());
        }
        for (path, old) in &before {
            let Some(new) = after.get(path) else {
                report(path, 0, "the file is gone".into());
                continue;
            };
            if old.file_type() != new.file_type() {
                report(path, 0, "it is another type of file".into());
                continue;
            }
            if old.permissions().mode() != new.permissions().mode() {
                let (old, new) = (old.permissions().mode(), new.permissions().mode());
                report(path, 0, format!("its mode was {old:o} and is {new:o}"));
            }
            let (old_path, new_path) = (
                self.oracle.original.join(package).join(path),
                self.oracle.patched.join(package).join(path),
            );
            if old.is_symlink() && fs::read_link(&old_path).ok() != fs::read_link(&new_path).ok() {
                report(path, 0, "the link leads elsewhere".into());
            }
            if !old.is_file() {
                continue;
            }
            if (old.mtime(), old.mtime_nsec()) != (new.mtime(), new.mtime_nsec()) {
                report(path, 0, "its modification time has changed".into());
            }
            let place = latin1(path.as_os_str().as_bytes());
            let kind = kind(&place);
            if kind.is_none() && old.len() != new.len() {
                report(path, 0, "it has changed, and no tool reads it".into());
                continue;
            }
            let (Ok(old_bytes), Ok(new_bytes)) = (fs::read(&old_path), fs::read(&new_path)) else {
                report(path, 0, "it cannot be read".into());
                continue;
            };
            let Some(kind) = kind else {
                if old_bytes != new_bytes {
                    report(path, 0, "it has changed, and no tool reads it".into());
                }
                continue;
            };
            let (old, new) = (latin1(&old_bytes), latin1(&new_bytes));
            for (line, text) in self.file(package, &place, kind, &old, &new) {
                report(path, line, text);
            }
        }
        violations
    }

    fn file(
        &self,
        package: &str,
        path: &str,
        kind: Kind,
        old: &str,
        new: &str,
    ) -> Vec<(usize, String)> {
        let mut violations = Vec::new();
        let (old_lines, new_lines): (Vec<_>, Vec<_>) =
            (old.split('\n').collect(), new.split('\n').collect());
        if old_lines.len() != new_lines.len() {
            return vec![(0, "the number of lines has changed".into())];
        }
        for (index, (old, new)) in old_lines.iter().zip(&new_lines).enumerate() {
            if old != new
                && let Err(text) = self.line(package, kind, old, new)
            {
                // The store's own path says nothing, and there are many on a line.
                let new = new.replace(self.oracle.store_prefix(), "…/");
                violations.push((index + 1, format!("{text}\n    - {old}\n    + {new}")));
            }
        }
        let (before, after) = (references(kind, old), references(kind, new));
        if before.len() != after.len() {
            violations.push((0, "the number of commands has changed".into()));
            return violations;
        }
        for (old, new) in before.iter().zip(&after) {
            if let Err(text) = self.reference(package, path, old, new) {
                violations.push((old.lines.0, text));
            }
        }
        violations
    }

    /// Whether all that changed in a line is names that became the right store paths.
    fn line(
        &self,
        package: &str,
        kind: Kind,
        old: &str,
        new: &str,
    ) -> std::result::Result<(), String> {
        if old.trim_start().starts_with(['#', ';']) {
            return Err("a comment has changed".into());
        }
        let (mut old, mut new) = (old.to_owned(), new.to_owned());
        if let Some(told) = LOGIN_PROGRAM
            .captures(&new)
            .filter(|_| !old.contains("--login-program"))
        {
            let file = self.oracle.store_file(&told[2]);
            if !file.is_some_and(|file| {
                self.oracle.is_program(&self.oracle.patched, &file) && file.1.ends_with("bin/login")
            }) {
                return Err(format!("{} is no login program", &told[2]));
            }
            new = LOGIN_PROGRAM.replace(&new, "$1").into_owned();
        }
        self.search_path(&mut old, &mut new)?;
        let Some(replacements) = alignment::explain(&old, &new, &self.written) else {
            return Err("more has changed than names that became store paths".into());
        };
        let udev = kind == Kind::Udev;
        for one in replacements {
            if let Some(fault) = self.oracle.fault(package, &one.old, &one.new, udev) {
                return Err(fault);
            }
        }
        Ok(())
    }

    /// Search paths may become others: each item an old one, or an existing directory of programs
    /// or of the same name. What is right is taken out of both lines.
    fn search_path(&self, old: &mut String, new: &mut String) -> std::result::Result<(), String> {
        let (Some(before), Some(after)) = (SEARCH_PATH.captures(old), SEARCH_PATH.captures(new))
        else {
            return Ok(());
        };
        if before[1] != after[1] || before[2] == after[2] {
            return Ok(());
        }
        let items: Vec<&str> = before[2].split(':').collect();
        for item in after[2].split(':').filter(|item| !items.contains(item)) {
            let file = self.oracle.store_file(item);
            let name = item.rsplit('/').next().unwrap_or_default();
            let known = matches!(name, "bin" | "sbin")
                || items
                    .iter()
                    .any(|old| old.trim_end_matches('/').rsplit('/').next() == Some(name));
            if !known || !file.is_some_and(|file| Oracle::exists(&self.oracle.patched, &file)) {
                return Err(format!("{item} is no directory for this search path"));
            }
        }
        let (before, after) = (before[1].to_owned(), after[1].to_owned());
        *old = SEARCH_PATH
            .replace(old, regex::NoExpand(&before))
            .into_owned();
        *new = SEARCH_PATH
            .replace(new, regex::NoExpand(&after))
            .into_owned();
        Ok(())
    }

    fn reference(
        &self,
        package: &str,
        path: &str,
        old: &Reference,
        new: &Reference,
    ) -> std::result::Result<(), String> {
        if old.shape != new.shape || old.role != new.role {
            return Err(format!(
                "prefix and number of words were `{}` and are `{}`",
                old.shape, new.shape
            ));
        }
        match old.role {
            Role::Program => self.program(package, path, old, new, false),
            Role::UdevProgram => self.program(package, path, old, new, true),
            Role::File => self.own_file(package, old, new),
            Role::Script => self.script(package, path, old, new),
        }
    }

    fn program(
        &self,
        package: &str,
        path: &str,
        old: &Reference,
        new: &Reference,
        udev: bool,
    ) -> std::result::Result<(), String> {
        let unchanged = old.text == new.text;
        if let Some(reason) = old.kept {
            let placeholder = grammar::is_false(&old.text);
            return if unchanged || placeholder {
                Ok(())
            } else {
                Err(format!("{} must stay: {reason}", old.text))
            };
        }
        match self.oracle.program(package, &old.text, udev) {
            Answer::Kept { reason, .. } if !unchanged => {
                Err(format!("{} must stay: {reason}", old.text))
            }
            Answer::Kept { finding: None, .. } => Ok(()),
            Answer::Kept {
                reason,
                finding: Some(name),
            } => self
                .has_finding(package, path, old.lines, &old.text, &[name])
                .map_err(|found| format!("{} stays, as {reason}, and there is {found}", old.text)),
            Answer::Missing | Answer::NotExecutable if !unchanged => Err(format!(
                "{} became {}, though nobody has it",
                old.text, new.text
            )),
            Answer::Missing => self
                .has_finding(package, path, old.lines, &old.text, &["missing-program"])
                .map_err(|found| format!("nobody has {}, and there is {found}", old.text)),
            Answer::NotExecutable => self
                .has_finding(
                    package,
                    path,
                    old.lines,
                    &old.text,
                    &["program-not-executable"],
                )
                .map_err(|found| format!("{} cannot be run, and there is {found}", old.text)),
            Answer::Files(files) if unchanged => Err(format!(
                "{} is as before, though {} has it",
                old.text,
                display(&files[0])
            )),
            Answer::Files(files) => {
                if new.text.starts_with("/run/wrappers/bin/") {
                    return Ok(()); // The line's check knows which programs these may be.
                }
                // A percent sign is doubled where `%` means something.
                let file = self.oracle.store_file(&new.text.replace("%%", "%"));
                match file {
                    Some(file) if !self.oracle.is_program(&self.oracle.patched, &file) => {
                        Err(format!("{} cannot be executed", new.text))
                    }
                    Some(file) if files.contains(&file) => Ok(()),
                    _ => Err(format!(
                        "{} became {}, not {}",
                        old.text,
                        new.text,
                        display(&files[0])
                    )),
                }
            }
        }
    }

    /// Whether a finding of one of these names is about this text in this statement. If not, what
    /// there is instead.
    fn has_finding(
        &self,
        package: &str,
        path: &str,
        lines: (usize, usize),
        text: &str,
        names: &[&str],
    ) -> std::result::Result<(), String> {
        let about: Vec<&str> = self
            .findings_in(package, path, lines)
            .filter(|finding| finding.subject.contains(text) || finding.message.contains(text))
            .map(|finding| finding.id.as_str())
            .collect();
        if about.iter().any(|name| names.contains(name)) {
            return Ok(());
        }
        Err(if about.is_empty() {
            format!("no finding ({})", names.join(" or "))
        } else {
            format!("only {} ({})", about.join(", "), names.join(" or "))
        })
    }

    /// The findings whose place is in these lines of a file.
    fn findings_in(
        &self,
        package: &str,
        path: &str,
        lines: (usize, usize),
    ) -> impl Iterator<Item = &'a Finding> {
        let all = self.findings.get(&(package.to_owned(), path.to_owned()));
        all.into_iter().flatten().copied().filter(move |finding| {
            finding
                .line
                .is_some_and(|line| (lines.0..=lines.1).contains(&line))
        })
    }

    /// A file that the package ships itself must be its own. Directories are others' as well.
    fn own_file(
        &self,
        package: &str,
        old: &Reference,
        new: &Reference,
    ) -> std::result::Result<(), String> {
        if !self.is_own_file(package, &old.text) || old.kept.is_some() || old.text != new.text {
            return Ok(());
        }
        Err(format!(
            "{} is the package's own file, and is as before",
            old.text
        ))
    }

    fn is_own_file(&self, package: &str, text: &str) -> bool {
        if !text.starts_with('/')
            || text.starts_with("/etc/")
            || text.contains(['$', '%', '*', '?', '['])
        {
            return false;
        }
        let sub_path = oracle::sub_path(text);
        let file = self
            .oracle
            .original
            .join(package)
            .join(oracle::bytes_path(&sub_path));
        !sub_path.is_empty()
            && file.is_file()
            && Oracle::exists(&self.oracle.original, &(package.to_owned(), sub_path))
    }

    /// Commands and own files in a script have moved, unless the tool says that it could not read
    /// the script.
    fn script(
        &self,
        package: &str,
        path: &str,
        old: &Reference,
        new: &Reference,
    ) -> std::result::Result<(), String> {
        let unread = ["shell-syntax", "unbalanced-quote"];
        let is_unread = self
            .findings_in(package, path, old.lines)
            .any(|finding| unread.contains(&&*finding.id));
        if old.kept.is_some() || is_unread {
            return Ok(());
        }
        for found in OWN_PATH.find_iter(&new.text) {
            let before = new.text[..found.start()].chars().next_back();
            let after = new.text[found.end()..].chars().next();
            let whole = !before
                .is_some_and(|char| char.is_ascii_alphanumeric() || "_.-/}+*?".contains(char))
                && !after.is_some_and(|char| "$%*?[{".contains(char));
            let reported = || self.findings_in(package, path, old.lines).next().is_some();
            if whole && self.is_own_file(package, found.as_str()) && !reported() {
                return Err(format!(
                    "{} in a script is the package's own file, and is as before",
                    found.as_str()
                ));
            }
        }
        for command in shell::commands(&new.text).unwrap_or_default() {
            self.command(package, path, old.lines, &command)?;
        }
        Ok(())
    }

    /// A command of a patched script.
    fn command(
        &self,
        package: &str,
        path: &str,
        lines: (usize, usize),
        command: &str,
    ) -> std::result::Result<(), String> {
        if let Some(file) = self.oracle.store_file(&command.replace("%%", "%")) {
            return if self.oracle.is_program(&self.oracle.patched, &file) {
                Ok(())
            } else {
                Err(format!("{command} in a script cannot be executed"))
            };
        }
        let names: &[&str] = match self.oracle.program(package, command, false) {
            Answer::Files(files) => {
                return Err(format!(
                    "{command} in a script is as before, though {} has it",
                    display(&files[0])
                ));
            }
            Answer::Kept { finding: None, .. } => return Ok(()),
            Answer::Kept {
                finding: Some(name),
                ..
            } => &[name],
            Answer::Missing => &["missing-shell-command"],
            Answer::NotExecutable => &["program-not-executable"],
        };
        self.has_finding(package, path, lines, command, names)
            .map_err(|found| format!("{command} stays in a script, and there is {found}"))
    }
}

fn display(file: &oracle::File) -> String {
    format!("{}/{}", file.0.get(33..).unwrap_or(&file.0), file.1)
}

#[cfg(test)]
mod tests;
