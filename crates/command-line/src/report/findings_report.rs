//! What a tool that changes nothing found.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::PathBuf;

use anyhow::Context;
use hermetic_out::{Finding, Severity};
use serde::Serialize;
use serde_json::Value;

use super::fingerprint::fingerprints;
use super::html::Findings;
use super::{colours, html, human, json, sarif, write_document};
use crate::escape::escape_for_terminal;
use crate::exit_status::{ExitStatus, Streams};
use crate::output_options::{FindingsFormat, FindingsOptions};
use crate::page::Size;

/// Rises when a field changes its meaning or goes; not when one is added.
const SCHEMA_VERSION: u32 = 2;

/// What a tool that changes nothing found. Everything is shown in the order it has here.
#[derive(Clone, Debug)]
pub struct FindingsReport {
    /// The name of the tool.
    pub tool: &'static str,
    /// Its version.
    pub tool_version: &'static str,
    /// What was looked at: a package's name, or how many store paths.
    pub subject: String,
    /// What a store path begins with.
    pub store_dir: PathBuf,
    /// What counts of what was found.
    pub findings: Vec<Finding>,
    /// How many findings were allowed.
    pub allowed: usize,
    /// How many the baseline has.
    pub known: usize,
    /// How many the baseline has that were not found any more.
    pub gone: usize,
    /// The sizes of the store paths, for the page; may be empty.
    pub sizes: Vec<Size>,
}

#[derive(Serialize)]
struct Document<'a> {
    schema_version: u32,
    tool: json::Tool<'a>,
    subject: &'a str,
    summary: Summary<'a>,
    findings: Vec<Value>,
}

#[derive(Serialize)]
struct Summary<'a> {
    errors: usize,
    warnings: usize,
    notes: usize,
    allowed: usize,
    known: usize,
    gone: usize,
    by_rule: Vec<RuleCount<'a>>,
}

#[derive(Serialize)]
struct RuleCount<'a> {
    id: &'a str,
    findings: usize,
}

/// A rule's findings: how many.
struct Rule<'a> {
    name: &'a str,
    findings: usize,
    /// By severity.
    severities: BTreeMap<Severity, usize>,
}

impl Rule<'_> {
    /// How many there are of each severity, the worst first.
    fn counts(&self) -> String {
        let severities = self.severities.iter().rev();
        let counts: Vec<String> = severities
            .map(|(severity, number)| human::count(*number, severity.name()))
            .collect();
        counts.join(", ")
    }

    /// How bad it is: the number of the worst, then of the less severe.
    fn weight(&self) -> [usize; 3] {
        [Severity::Error, Severity::Warning, Severity::Note]
            .map(|severity| self.severities.get(&severity).copied().unwrap_or(0))
    }
}

impl FindingsReport {
    /// Shows it as the options ask for.
    pub fn write(
        &self,
        options: &FindingsOptions,
        streams: &mut Streams<'_>,
    ) -> anyhow::Result<()> {
        match options.format {
            FindingsFormat::Human => {
                let colours = colours(options.verbosity.color, streams.stderr_is_terminal);
                let text = self.human(human::Verbosity::of(&options.verbosity), colours);
                streams
                    .stderr
                    .write_all(text.as_bytes())
                    .context("writing to standard error")
            }
            FindingsFormat::Json => write_document(&self.json(), streams.stdout)
                .context("writing the JSON report to standard output"),
            FindingsFormat::Sarif => {
                let document = sarif::document(
                    self.tool,
                    self.tool_version,
                    &self.findings,
                    Some(&self.store_dir),
                );
                write_document(&document, streams.stdout)
                    .context("writing the SARIF report to standard output")
            }
            FindingsFormat::Html => streams
                .stdout
                .write_all(self.html().as_bytes())
                .context("writing the page to standard output"),
        }
    }

    /// The exit status that the findings ask for, if those at or above `failing` are to fail.
    #[must_use]
    pub fn exit_status(&self, failing: Severity) -> ExitStatus {
        ExitStatus::of(&self.findings, failing)
    }

    fn html(&self) -> String {
        html::page(&Findings {
            tool: self.tool,
            tool_version: self.tool_version,
            subject: &self.subject,
            findings: &self.findings,
            store_dir: &self.store_dir,
            sizes: &self.sizes,
        })
    }

    fn json(&self) -> Document<'_> {
        let count = |severity| {
            self.findings
                .iter()
                .filter(|finding| finding.severity == severity)
                .count()
        };
        let findings = self
            .findings
            .iter()
            .zip(fingerprints(&self.findings, &self.store_dir))
            .map(|(finding, print)| {
                let mut finding = json::finding(finding);
                finding["fingerprint"] = print.into();
                finding
            });
        let mut by_rule: Vec<RuleCount<'_>> = self
            .rules()
            .iter()
            .map(|rule| RuleCount {
                id: rule.name,
                findings: rule.findings,
            })
            .collect();
        by_rule.sort_by_key(|rule| rule.id);
        Document {
            schema_version: SCHEMA_VERSION,
            tool: json::Tool {
                name: self.tool,
                version: self.tool_version,
            },
            subject: &self.subject,
            summary: Summary {
                errors: count(Severity::Error),
                warnings: count(Severity::Warning),
                notes: count(Severity::Note),
                allowed: self.allowed,
                known: self.known,
                gone: self.gone,
                by_rule,
            },
            findings: findings.collect(),
        }
    }

    /// What is worst, and most, comes first.
    fn rules(&self) -> Vec<Rule<'_>> {
        let mut rules: BTreeMap<&str, Rule<'_>> = BTreeMap::new();
        for finding in &self.findings {
            let name = finding.kind.id;
            let rule = rules.entry(name).or_insert(Rule {
                name,
                findings: 0,
                severities: BTreeMap::new(),
            });
            rule.findings += 1;
            *rule.severities.entry(finding.severity).or_default() += 1;
        }
        let mut rules: Vec<Rule<'_>> = rules.into_values().collect();
        rules.sort_by_key(|rule| std::cmp::Reverse(rule.weight()));
        rules
    }

    fn human(&self, verbosity: human::Verbosity, colours: bool) -> String {
        let quiet = verbosity == human::Verbosity::Quiet;
        let least = if quiet {
            Severity::Error
        } else {
            Severity::Note
        };
        let mut text = human::findings(&self.findings, least, colours);
        let passed_over = self.allowed + self.known + self.gone > 0;
        if quiet || (self.findings.is_empty() && !passed_over) {
            // Most packages of a build: they need no line in its log.
            if verbosity == human::Verbosity::Verbose {
                let _ = writeln!(
                    text,
                    "{}: nothing found",
                    escape_for_terminal(self.subject.as_bytes())
                );
            }
            return text;
        }
        let rules = self.rules();
        let width = rules.iter().map(|rule| rule.counts().len()).max();
        let width = width.unwrap_or(0);
        // Writing to a string does not fail, here and below.
        for rule in &rules {
            let _ = writeln!(text, "{:>width$}  {}", rule.counts(), rule.name);
        }
        let mut parts = vec![human::count(self.findings.len(), "finding")];
        for (number, what) in [
            (self.allowed, "allowed"),
            (self.known, "known from the baseline"),
            (self.gone, "of the baseline not found any more"),
        ] {
            if number > 0 {
                parts.push(format!("{number} {what}"));
            }
        }
        let subject = escape_for_terminal(self.subject.as_bytes());
        let _ = writeln!(text, "{subject}: {}", parts.join(", "));
        if let Some(step) = self.next_step(&rules) {
            let _ = writeln!(text, "next: {step}");
        }
        text
    }

    /// What helps most.
    fn next_step(&self, rules: &[Rule<'_>]) -> Option<String> {
        let tool = self.tool;
        match rules {
            [] if self.gone > 0 => Some(
                "write the baseline anew with --write-baseline, so that what is gone stays gone"
                    .to_owned(),
            ),
            [] => None,
            [only] => Some(format!(
                "{tool} --explain {} says what it means and what to do",
                only.name
            )),
            [first, ..] => Some(format!(
                "begin with {name}, {} of {}: {tool} --explain {name} says what to do",
                first.findings,
                human::count(self.findings.len(), "finding"),
                name = first.name
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::super::tests::report;
    use super::*;
    use crate::exit_status::tests::run_captured;

    #[derive(Parser)]
    struct Tool {
        #[command(flatten)]
        shown: FindingsOptions,
    }

    fn found() -> FindingsReport {
        FindingsReport {
            tool: "tool",
            tool_version: "1.2.3",
            subject: "x-1.0".into(),
            store_dir: "/nix/store".into(),
            findings: report().findings,
            allowed: 2,
            known: 0,
            gone: 0,
            sizes: Vec::new(),
        }
    }

    fn shown(found: &FindingsReport, arguments: &[&str]) -> (u8, String, String) {
        let arguments = std::iter::once(&"tool").chain(arguments);
        let options = Tool::try_parse_from(arguments).unwrap().shown;
        run_captured(|streams| {
            found.write(&options, streams)?;
            Ok(found.exit_status(Severity::Error))
        })
    }

    #[test]
    fn people_are_told_how_many_and_what_next() {
        let (status, stdout, stderr) = shown(&found(), &[]);
        assert_eq!((status, stdout.as_str()), (1, ""));
        let (_, end) = stderr.split_once("\\xff\n\n").unwrap();
        assert_eq!(
            end,
            "1 error  unresolved-program\n 1 note  an-output\nx-1.0: 2 findings, 2 allowed\nnext: begin \
             with unresolved-program, 1 of 2 findings: tool --explain unresolved-program says what to do\n"
        );
        let (_, _, quiet) = shown(&found(), &["--quiet"]);
        assert!(
            quiet.contains("error[") && !quiet.contains("next:"),
            "{quiet}"
        );
    }

    #[test]
    fn a_rule_counts_by_severity() {
        let mut found = found();
        let mut again = found.findings[0].clone();
        again.severity = Severity::Warning;
        found.findings.insert(1, again);
        let (_, _, stderr) = shown(&found, &[]);
        assert!(
            stderr.contains(
                "\n1 error, 1 warning  unresolved-program\n            1 note  an-output\n"
            ),
            "{stderr}"
        );
    }

    #[test]
    fn nothing_found_says_nothing() {
        let mut found = found();
        found.findings.clear();
        found.allowed = 0;
        assert_eq!(shown(&found, &[]), (0, String::new(), String::new()));
        assert_eq!(shown(&found, &["--verbose"]).2, "x-1.0: nothing found\n");
        found.gone = 1;
        assert_eq!(
            shown(&found, &[]).2,
            "x-1.0: 0 findings, 1 of the baseline not found any more\nnext: write the baseline anew with \
             --write-baseline, so that what is gone stays gone\n"
        );
    }

    #[test]
    fn the_document_is_as_its_schema_says() {
        let schema: Value =
            serde_json::from_str(include_str!("../../../../docs/findings.schema.json")).unwrap();
        jsonschema::meta::validate(&schema).unwrap();
        let validator = jsonschema::validator_for(&schema).unwrap();
        let mut empty = found();
        empty.findings.clear();
        for found in [found(), empty] {
            let (_, document, stderr) = shown(&found, &["--format", "json"]);
            assert_eq!(stderr, "");
            let document: Value = serde_json::from_str(&document).unwrap();
            let errors: Vec<String> = validator
                .iter_errors(&document)
                .map(|error| error.to_string())
                .collect();
            assert!(errors.is_empty(), "{errors:#?}\n{document:#}");
            let mut wrong = document;
            wrong["summary"]["errors"] = "many".into();
            assert!(!validator.is_valid(&wrong), "the schema says nothing");
        }
        let (_, document, _) = shown(&found(), &["--format", "json"]);
        let document: Value = serde_json::from_str(&document).unwrap();
        assert_eq!(document["summary"]["errors"], 1);
        assert_eq!(document["summary"]["by_rule"][0]["id"], "an-output");
    }

    #[test]
    fn other_formats_are_one_document_each() {
        let (status, sarif, stderr) = shown(&found(), &["--format", "sarif"]);
        assert_eq!((status, stderr.as_str()), (1, ""));
        assert!(sarif.contains("partialFingerprints"));
        let (status, page, stderr) = shown(&found(), &["--format", "html"]);
        assert_eq!((status, stderr.as_str()), (1, ""));
        assert!(page.starts_with("<!DOCTYPE html>") && page.ends_with("</html>\n"));
    }
}
