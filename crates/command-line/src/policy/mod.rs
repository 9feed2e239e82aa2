//! Which findings count, and how bad they are: what the user says about rules and files.

mod baseline;
mod config;

use std::cell::OnceCell;
use std::ffi::OsString;
use std::io;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use hermetic_out::store::replace_hashes;
use hermetic_out::{Finding, FindingKind, Glob, Severity, kind_by_id};
use thiserror::Error;

use crate::escape::escape_for_terminal;
use crate::explain::unknown;

pub use baseline::{Baseline, Compared};

/// What the user says cannot be understood, or not be read.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum PolicyError {
    /// A rule that there is not, on the command line.
    #[error("reading {option} {value}: {reason}")]
    UnknownRule {
        /// The option.
        option: &'static str,
        /// What was given.
        value: String,
        /// What there is.
        reason: String,
    },
    /// A pattern that is none, on the command line.
    #[error("reading {option} {value}: the pattern after the rule is no glob: {reason}")]
    BadGlob {
        /// The option.
        option: &'static str,
        /// What was given.
        value: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A severity that there is not.
    #[error(
        "reading {option} {value}: it is not of the form RULE[:GLOB]=SEVERITY, with note, warning or error \
         for SEVERITY"
    )]
    BadSeverity {
        /// The option.
        option: &'static str,
        /// What was given.
        value: String,
    },
    /// A file that cannot be read.
    #[error("reading {what} {path}")]
    Unreadable {
        /// What kind of file.
        what: &'static str,
        /// Its path.
        path: String,
        /// Why.
        source: io::Error,
    },
    /// A file that does not say what it should.
    #[error("reading {what} {path}:{line}:{column}: {reason}")]
    Malformed {
        /// What kind of file.
        what: &'static str,
        /// Its path.
        path: String,
        /// The line, from 1.
        line: usize,
        /// The column, in bytes, from 1.
        column: usize,
        /// What is wrong, and what to do.
        reason: String,
    },
    /// A file that cannot be written.
    #[error("writing the baseline {path}")]
    Unwritable {
        /// Its path.
        path: String,
        /// Why.
        source: io::Error,
    },
}

/// A severity, as an option has it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum FailOn {
    /// It will fail at run time
    #[default]
    Error,
    /// It is probably wrong
    Warning,
    /// It is worth knowing
    Note,
}

impl From<FailOn> for Severity {
    fn from(fail_on: FailOn) -> Self {
        match fail_on {
            FailOn::Error => Self::Error,
            FailOn::Warning => Self::Warning,
            FailOn::Note => Self::Note,
        }
    }
}

const RULES: &str = "Rule selection";

/// The options about which findings count.
#[derive(Args, Clone, Debug, Default)]
pub struct PolicyOptions {
    /// TOML file that ignores rules and changes their severities
    #[arg(long, value_name = "FILE", help_heading = RULES)]
    pub config: Option<PathBuf>,

    /// Ignore a rule, everywhere or in matching files (repeatable)
    ///
    /// GLOB is matched against the file, as /nix/store/HASH-NAME/lib/x, NAME/lib/x or lib/x, and against
    /// the subject of the finding. * does not match a slash, ** does.
    #[arg(long, value_name = "RULE[:GLOB]", help_heading = RULES)]
    pub allow: Vec<OsString>,

    /// Make the findings of a rule errors, even if the configuration file ignores it (repeatable)
    #[arg(long, value_name = "RULE[:GLOB]", help_heading = RULES)]
    pub deny: Vec<OsString>,

    /// Set the severity of a rule: note, warning or error (repeatable)
    #[arg(long, value_name = "RULE[:GLOB]=SEVERITY", help_heading = RULES)]
    pub severity: Vec<OsString>,

    /// Lowest severity that makes the exit status 1
    #[arg(long, value_enum, default_value_t, value_name = "SEVERITY", help_heading = RULES)]
    pub fail_on: FailOn,

    /// Ignore the findings that this file lists
    #[arg(long, value_name = "FILE", help_heading = RULES)]
    pub baseline: Option<PathBuf>,

    /// Write all findings to the file of --baseline, and report none
    #[arg(long, requires = "baseline", help_heading = RULES)]
    pub write_baseline: bool,
}

impl PolicyOptions {
    /// What they, and the file that they name, say about the findings of `kinds`.
    pub fn policy(&self, kinds: &'static [&'static FindingKind]) -> Result<Policy, PolicyError> {
        let mut policy = Policy::new(kinds);
        if let Some(config) = &self.config {
            policy.read_config(config)?;
        }
        for value in &self.allow {
            policy.allow("--allow", value.as_bytes())?;
        }
        for value in &self.deny {
            policy.deny("--deny", value.as_bytes())?;
        }
        for value in &self.severity {
            policy.severity("--severity", value.as_bytes())?;
        }
        Ok(policy)
    }
}

/// A rule, and to what of its findings something applies: to all, without any glob.
#[derive(Clone, Debug)]
struct Selector {
    rule: &'static str,
    /// Matches the file or the subject.
    either: Option<Glob>,
    file: Option<Glob>,
    subject: Option<Glob>,
}

impl Selector {
    /// `names` are asked for only if there is a glob: most selectors have none.
    fn matches<'n>(&self, finding: &Finding, names: impl Fn() -> &'n Names) -> bool {
        let is_matched = |glob: &Option<Glob>, of: fn(&Names) -> &[PathBuf]| {
            let any = |glob: &Glob| of(names()).iter().any(|name| glob.is_match(name));
            glob.as_ref().is_none_or(any)
        };
        self.rule == finding.kind.id
            && is_matched(&self.file, Names::files)
            && is_matched(&self.subject, Names::subjects)
            && is_matched(&self.either, |names| &names.all)
    }
}

/// What a finding's file and subject are called in globs.
struct Names {
    /// The file's, then the subject's.
    all: Vec<PathBuf>,
    /// How many of them are the file's.
    files: usize,
}

impl Names {
    fn of(finding: &Finding, store_dir: &Path) -> Self {
        let path = |bytes: Vec<u8>| PathBuf::from(OsString::from_vec(bytes));
        let file = &finding.file;
        let mut all = vec![
            file.clone(),
            path(replace_hashes(file.as_os_str().as_bytes(), store_dir, b"")),
        ];
        if let Ok(below) = file.strip_prefix(store_dir) {
            all.push(below.components().skip(1).collect());
        }
        let files = all.len();
        all.push(path(finding.subject.clone()));
        all.push(path(replace_hashes(&finding.subject, store_dir, b"")));
        Self { all, files }
    }

    fn files(&self) -> &[PathBuf] {
        &self.all[..self.files]
    }

    fn subjects(&self) -> &[PathBuf] {
        &self.all[self.files..]
    }
}

/// What one source says: the command line, or the configuration.
#[derive(Clone, Debug, Default)]
struct Choices {
    allow: Vec<Selector>,
    deny: Vec<Selector>,
    severity: Vec<(Selector, Severity)>,
}

/// What becomes of a finding.
enum Verdict {
    Allowed,
    Severity(Severity),
}

impl Choices {
    fn verdict<'n>(&self, finding: &Finding, names: &impl Fn() -> &'n Names) -> Option<Verdict> {
        let any = |selectors: &[Selector]| {
            selectors
                .iter()
                .any(|selector| selector.matches(finding, names))
        };
        if any(&self.allow) {
            return Some(Verdict::Allowed);
        }
        if any(&self.deny) {
            return Some(Verdict::Severity(Severity::Error));
        }
        let last = self
            .severity
            .iter()
            .rev()
            .find(|(selector, _)| selector.matches(finding, names));
        last.map(|(_, severity)| Verdict::Severity(*severity))
    }
}

/// Which findings count, and how bad they are.
///
/// The command line goes before the configuration. In each, what is allowed goes before what is
/// denied, and that before a severity, of which the last that applies counts.
#[derive(Clone, Debug)]
pub struct Policy {
    kinds: &'static [&'static FindingKind],
    command_line: Choices,
    config: Choices,
}

impl Policy {
    /// One that leaves everything as it is. `kinds` are the rules that there are.
    #[must_use]
    pub fn new(kinds: &'static [&'static FindingKind]) -> Self {
        Self {
            kinds,
            command_line: Choices::default(),
            config: Choices::default(),
        }
    }

    /// Adds what a TOML file says: docs/lint-configuration.md describes it.
    pub fn read_config(&mut self, path: &Path) -> Result<(), PolicyError> {
        config::read(path, self.kinds, &mut self.config)
    }

    /// Adds that `value`, `RULE[:GLOB]`, is not reported. `option` is what gave it.
    pub fn allow(&mut self, option: &'static str, value: &[u8]) -> Result<(), PolicyError> {
        let selector = self.selector(option, value)?;
        self.command_line.allow.push(selector);
        Ok(())
    }

    /// Adds that `value`, `RULE[:GLOB]`, is an error. `option` is what gave it.
    pub fn deny(&mut self, option: &'static str, value: &[u8]) -> Result<(), PolicyError> {
        let selector = self.selector(option, value)?;
        self.command_line.deny.push(selector);
        Ok(())
    }

    /// Adds how severe something is: `value` is `RULE[:GLOB]=SEVERITY`. `option` is what gave it.
    pub fn severity(&mut self, option: &'static str, value: &[u8]) -> Result<(), PolicyError> {
        let parts = value.iter().rposition(|byte| *byte == b'=');
        let parts = parts.map(|at| (&value[..at], &value[at + 1..]));
        let (selected, severity) = parts
            .and_then(|(selected, name)| Some((selected, severity_called(name)?)))
            .ok_or_else(|| PolicyError::BadSeverity {
                option,
                value: escape_for_terminal(value),
            })?;
        let selector = self.selector(option, selected)?;
        self.command_line.severity.push((selector, severity));
        Ok(())
    }

    /// The findings that count, each with its severity, and how many were allowed. `store_dir` is what
    /// a store path begins with.
    #[must_use]
    pub fn apply(&self, findings: Vec<Finding>, store_dir: &Path) -> (Vec<Finding>, usize) {
        let before = findings.len();
        let counted: Vec<Finding> = findings
            .into_iter()
            .filter_map(|finding| self.judged(finding, store_dir))
            .collect();
        let allowed = before - counted.len();
        (counted, allowed)
    }

    fn judged(&self, mut finding: Finding, store_dir: &Path) -> Option<Finding> {
        let names = OnceCell::new();
        let verdict = [&self.command_line, &self.config]
            .into_iter()
            .find_map(|choices| {
                choices.verdict(&finding, &|| {
                    names.get_or_init(|| Names::of(&finding, store_dir))
                })
            });
        match verdict {
            Some(Verdict::Allowed) => return None,
            Some(Verdict::Severity(severity)) => finding.severity = severity,
            None => {}
        }
        Some(finding)
    }

    fn selector(&self, option: &'static str, value: &[u8]) -> Result<Selector, PolicyError> {
        selector(self.kinds, value).map_err(|(part, reason)| match part {
            Part::Rule => PolicyError::UnknownRule {
                option,
                value: escape_for_terminal(value),
                reason,
            },
            Part::Glob => PolicyError::BadGlob {
                option,
                value: escape_for_terminal(value),
                reason,
            },
        })
    }
}

/// What of a selector is wrong.
enum Part {
    Rule,
    Glob,
}

/// Reads `RULE[:GLOB]`.
fn selector(kinds: &[&'static FindingKind], value: &[u8]) -> Result<Selector, (Part, String)> {
    let (name, pattern) = match value.iter().position(|byte| *byte == b':') {
        Some(colon) => (&value[..colon], Some(&value[colon + 1..])),
        None => (value, None),
    };
    let rule = rule(kinds, &String::from_utf8_lossy(name)).map_err(|why| (Part::Rule, why))?;
    let either = match pattern {
        Some(pattern) => Some(Glob::new(pattern).map_err(|why| (Part::Glob, why))?),
        None => None,
    };
    Ok(Selector {
        rule,
        either,
        file: None,
        subject: None,
    })
}

fn rule(kinds: &[&'static FindingKind], name: &str) -> Result<&'static str, String> {
    kind_by_id(kinds, name)
        .map(|kind| kind.id)
        .ok_or_else(|| unknown(kinds, name))
}

fn severity_called(name: &[u8]) -> Option<Severity> {
    [Severity::Note, Severity::Warning, Severity::Error]
        .into_iter()
        .find(|severity| severity.name().as_bytes() == name)
}

#[cfg(test)]
mod tests {
    use hermetic_out::Group;

    use super::*;

    const fn kind(
        id: &'static str,
        aliases: &'static [&'static str],
        severity: Severity,
    ) -> FindingKind {
        FindingKind {
            id,
            aliases,
            severity,
            group: Group::Tree,
            summary: "",
            explanation: "",
            example: "",
            remedy: "",
        }
    }

    static PROGRAM: FindingKind = kind("missing-program", &["program-missing"], Severity::Warning);
    /// What `PROGRAM` was called in former times.
    pub(super) static FORMER_PROGRAM: FindingKind = kind("program-missing", &[], Severity::Warning);
    static LINK: FindingKind = kind("dangling-symlink", &[], Severity::Error);
    pub(super) static KINDS: &[&FindingKind] = &[&LINK, &PROGRAM];

    pub(super) fn finding(kind: &'static FindingKind, file: &str, subject: &str) -> Finding {
        let file = format!("/nix/store/{}-{file}", "a".repeat(32));
        Finding::new(kind, file, "it is not there").with_subject(subject)
    }

    pub(super) fn findings() -> Vec<Finding> {
        vec![
            finding(&PROGRAM, "x-1/lib/systemd/system/x.service", "/usr/bin/x"),
            finding(&PROGRAM, "x-1/lib/udev/rules.d/x.rules", "/usr/bin/y"),
            finding(&LINK, "y-2/lib/z", "z"),
        ]
    }

    /// The severities, a letter each, of what counts.
    pub(super) fn severities(policy: &Policy) -> String {
        let (counted, allowed) = policy.apply(findings(), Path::new("/nix/store"));
        assert_eq!(counted.len() + allowed, 3);
        counted
            .iter()
            .map(|finding| finding.severity.name().chars().next().unwrap())
            .collect()
    }

    fn options(arguments: &[(&str, &str)]) -> Result<Policy, PolicyError> {
        let mut policy = Policy::new(KINDS);
        for (option, value) in arguments {
            match *option {
                "--allow" => policy.allow("--allow", value.as_bytes())?,
                "--deny" => policy.deny("--deny", value.as_bytes())?,
                _ => policy.severity("--severity", value.as_bytes())?,
            }
        }
        Ok(policy)
    }

    #[test]
    fn the_command_line_decides() {
        for (arguments, expected) in [
            (&[][..], "wwe"),
            (&[("--allow", "missing-program")], "e"),
            // Former ids mean the same.
            (&[("--allow", "program-missing:x-1/**")], "e"),
            (&[("--deny", "program-missing")], "eee"),
            (&[("--severity", "program-missing=note")], "nne"),
            (&[("--allow", "missing-program:lib/systemd/**")], "we"),
            (&[("--allow", "missing-program:x-1/**")], "e"),
            (
                &[("--allow", "missing-program:/nix/store/*-x-1/lib/udev/**")],
                "we",
            ),
            (&[("--allow", "missing-program:/usr/bin/x")], "we"),
            (&[("--allow", "missing-program:lib/*")], "wwe"),
            (&[("--deny", "missing-program:lib/udev/**")], "wee"),
            (&[("--severity", "missing-program=error")], "eee"),
            (&[("--severity", "dangling-symlink:y-2/**=note")], "wwn"),
            // The last counts, deny before it, allow before that.
            (
                &[
                    ("--severity", "missing-program=error"),
                    ("--severity", "missing-program=note"),
                ],
                "nne",
            ),
            (
                &[
                    ("--severity", "missing-program=note"),
                    ("--deny", "missing-program"),
                    ("--allow", "missing-program:/usr/bin/x"),
                ],
                "ee",
            ),
        ] {
            assert_eq!(
                severities(&options(arguments).unwrap()),
                expected,
                "{arguments:?}"
            );
        }
    }

    #[test]
    fn what_is_wrong_is_said() {
        let nested = format!("{}a{}", "{".repeat(300), "}".repeat(300));
        for (argument, expected) in [
            (
                ("--allow", "missing-progam"),
                "reading --allow missing-progam: no finding is called 'missing-progam'; did you mean \
                 missing-program?",
            ),
            (
                ("--deny", "dangling-symlink:[a"),
                "reading --deny dangling-symlink:[a: the pattern after the rule is no glob: unclosed \
                 character class; missing ']'",
            ),
            (
                ("--allow", &*format!("dangling-symlink:{nested}")),
                &*format!(
                    "reading --allow dangling-symlink:{nested}: the pattern after the rule is no glob: \
                     alternatives are nested more than 50 deep"
                ),
            ),
            (
                ("--severity", "missing-program=fatal"),
                "reading --severity missing-program=fatal: it is not of the form RULE[:GLOB]=SEVERITY, \
                 with note, warning or error for SEVERITY",
            ),
            (
                ("--severity", "missing-program"),
                "reading --severity missing-program: it is not of the form RULE[:GLOB]=SEVERITY, with \
                 note, warning or error for SEVERITY",
            ),
        ] {
            assert_eq!(options(&[argument]).unwrap_err().to_string(), expected);
        }
    }
}
