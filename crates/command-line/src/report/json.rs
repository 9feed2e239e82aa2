//! One JSON document: `docs/json.md` and `docs/report.schema.json` describe it.

use std::io::{self, Write};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use anyhow::Context;
use hermetic_out::configuration::{ConfigurationFile, Override};
use hermetic_out::{Change, Finding};
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::content::{Report, ToolVersion};
use super::counts::{Counts, by_rule};
use super::diff::{Reader, write_diff};
use crate::escape::{is_obeyed, push_hex};
use crate::fingerprint::fingerprints;

/// Rises when a field changes its meaning or goes; not when one is added.
const SCHEMA_VERSION: u32 = 2;

#[derive(Serialize)]
struct Document<'a> {
    schema_version: u32,
    tool: ToolVersion,
    subject: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    dry_run: Option<bool>,
    summary: Summary<'a>,
    findings: Vec<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    changes: Option<Vec<Value>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    configuration: Vec<Value>,
}

#[derive(Serialize)]
struct Summary<'a> {
    errors: usize,
    warnings: usize,
    notes: usize,
    allowed: usize,
    known: usize,
    gone: usize,
    by_rule: Vec<RuleCount>,
    #[serde(flatten)]
    changes: Option<ChangeSummary<'a>>,
}

#[derive(Serialize)]
struct RuleCount {
    id: &'static str,
    findings: usize,
}

#[derive(Serialize)]
struct ChangeSummary<'a> {
    files_changed: usize,
    references_replaced: usize,
    references_kept: usize,
    unresolved: usize,
    new_references: Vec<NewReferences<'a>>,
}

#[derive(Serialize)]
struct NewReferences<'a> {
    output: &'a str,
    store_paths: Vec<Value>,
}

/// Writes the document of `report`.
pub(super) fn write(report: &Report, stdout: &mut dyn Write) -> anyhow::Result<()> {
    write_document(&document(report), stdout).context("writing the JSON report to standard output")
}

/// Writes one JSON document, which a person can read, too: a character that a terminal would obey is escaped,
/// as JSON allows for every one.
pub(super) fn write_document(document: &impl Serialize, stdout: &mut dyn Write) -> io::Result<()> {
    let text = serde_json::to_string_pretty(document)?;
    // In strings, line ends are escaped already.
    let is_escaped = |character| character != '\n' && is_obeyed(character);
    let mut rest = text.as_str();
    while let Some(at) = rest.find(is_escaped) {
        let (before, after) = rest.split_at(at);
        let mut after = after.chars();
        // None of them needs two UTF-16 units.
        let code = after.next().map_or(0, u32::from);
        write!(stdout, "{before}\\u{code:04x}")?;
        rest = after.as_str();
    }
    writeln!(stdout, "{rest}")
}

fn document(report: &Report) -> Document<'_> {
    let prints = fingerprints(&report.findings, &report.store_dir);
    let findings = report.findings.iter().zip(prints);
    Document {
        schema_version: SCHEMA_VERSION,
        tool: report.tool,
        subject: &report.subject,
        dry_run: report.changes.as_ref().map(|changes| changes.dry_run),
        summary: summary(report),
        findings: findings.map(|(one, print)| finding(one, print)).collect(),
        changes: report.changes.as_ref().map(|changes| {
            let steps = changes.outcome.plan.changes.iter();
            steps.map(|step| change(step, changes.with_diff)).collect()
        }),
        configuration: report.changes.as_ref().map_or_else(Vec::new, |changes| {
            let files = changes.outcome.configuration.iter();
            files.map(configuration_file).collect()
        }),
    }
}

fn configuration_file(file: &ConfigurationFile) -> Value {
    let mut object = Map::new();
    insert_path(&mut object, "path", &file.path);
    insert_path(&mut object, "file", &file.file);
    let readers = file.readers.iter().map(|reader| {
        let mut object = Map::new();
        insert_path(&mut object, "file", &reader.file);
        object.insert("reads".into(), reader.reads.name().into());
        if let Some(overridden) = &reader.overridden {
            object.insert("overridden".into(), override_of(overridden));
        }
        Value::from(object)
    });
    object.insert("readers".into(), readers.collect());
    let overrides = file.overrides.iter().map(override_of);
    object.insert("overridden".into(), overrides.collect());
    object.into()
}

fn override_of(overridden: &Override) -> Value {
    let (how, path) = overridden.parts();
    let mut object = Map::new();
    object.insert("by".into(), how.into());
    insert_path(&mut object, "at", path);
    object.into()
}

fn summary(report: &Report) -> Summary<'_> {
    let Counts {
        errors,
        warnings,
        notes,
    } = Counts::of(&report.findings);
    let mut by_rule: Vec<RuleCount> = by_rule(&report.findings)
        .iter()
        .map(|rule| RuleCount {
            id: rule.kind.id,
            findings: rule.counts.all(),
        })
        .collect();
    by_rule.sort_by_key(|rule| rule.id);
    Summary {
        errors,
        warnings,
        notes,
        allowed: report.allowed,
        known: report.known,
        gone: report.gone,
        by_rule,
        changes: report.changes.as_ref().map(|changes| {
            let outcome = &changes.outcome;
            ChangeSummary {
                files_changed: outcome.plan.files_changed(),
                references_replaced: outcome.replaced,
                references_kept: outcome.kept,
                unresolved: outcome.unresolved,
                new_references: outcome.new_references.iter().map(new_references).collect(),
            }
        }),
    }
}

fn new_references((output, paths): &(String, Vec<PathBuf>)) -> NewReferences<'_> {
    let store_paths = paths.iter().map(|path| {
        let mut object = Map::new();
        insert_path(&mut object, "path", path);
        object.into()
    });
    NewReferences {
        output,
        store_paths: store_paths.collect(),
    }
}

fn finding(finding: &Finding, fingerprint: String) -> Value {
    let mut object = Map::new();
    object.insert("id".into(), finding.kind.id.into());
    object.insert("page".into(), finding.kind.page().into());
    object.insert("severity".into(), finding.severity.name().into());
    insert_path(&mut object, "file", &finding.file);
    if let Some(place) = &finding.place {
        let place = json!({
            "line": place.line,
            "column": place.column,
            "start": place.span.start,
            "end": place.span.end,
        });
        object.insert("place".into(), place);
    }
    insert_bytes(&mut object, "subject", &finding.subject);
    object.insert("message".into(), finding.message.as_str().into());
    object.insert("help".into(), finding.help.as_str().into());
    object.insert("fingerprint".into(), fingerprint.into());
    object.into()
}

fn change(change: &Change, with_diff: bool) -> Value {
    let mut object = Map::new();
    let kind = match change {
        Change::Edit(edits) => {
            insert_path(&mut object, "path", &edits.path);
            if with_diff {
                let mut diff = Vec::new();
                // Writing to a vector does not fail.
                let _ = write_diff(
                    &edits.path,
                    &edits.before,
                    &edits.after,
                    Reader::Program,
                    &mut diff,
                );
                insert_bytes(&mut object, "diff", &diff);
            }
            "edit"
        }
        Change::Move { from, to } => {
            insert_path(&mut object, "from", from);
            insert_path(&mut object, "to", to);
            "move"
        }
        Change::MoveLeavingLink { from, to, target } => {
            insert_path(&mut object, "from", from);
            insert_path(&mut object, "to", to);
            insert_path(&mut object, "link", target);
            "move"
        }
        Change::Create {
            path,
            content,
            mode,
        } => {
            insert_path(&mut object, "path", path);
            object.insert("mode".into(), format!("{mode:04o}").into());
            if with_diff {
                insert_bytes(&mut object, "content", content);
            }
            "create"
        }
        Change::Link { path, target } => {
            insert_path(&mut object, "path", path);
            insert_path(&mut object, "target", target);
            "link"
        }
        Change::Remove { path } => {
            insert_path(&mut object, "path", path);
            "remove"
        }
        _ => "other",
    };
    object.insert("change".into(), kind.into());
    object.into()
}

fn insert_path(object: &mut Map<String, Value>, name: &str, path: &Path) {
    insert_bytes(object, name, path.as_os_str().as_bytes());
}

/// Inserts `bytes` as a string; what is not UTF-8 with replacement characters, and with the bytes
/// themselves in hexadecimal beside it.
fn insert_bytes(object: &mut Map<String, Value>, name: &str, bytes: &[u8]) {
    object.insert(name.into(), String::from_utf8_lossy(bytes).into());
    if std::str::from_utf8(bytes).is_err() {
        let mut hex = String::with_capacity(2 * bytes.len());
        for byte in bytes {
            push_hex(&mut hex, *byte);
        }
        object.insert(format!("{name}_bytes"), hex.into());
    }
}

#[cfg(test)]
mod tests {
    use hermetic_out::Outcome;

    use super::super::tests::{findings_report, report};
    use super::*;

    fn value(report: &Report) -> Value {
        let mut stdout = Vec::new();
        write(report, &mut stdout).unwrap();
        serde_json::from_slice(&stdout).unwrap()
    }

    #[test]
    fn the_document_is_as_its_schema_says() {
        let schema: Value =
            serde_json::from_str(include_str!("../../../../docs/report.schema.json")).unwrap();
        jsonschema::meta::validate(&schema).unwrap();
        let validator = jsonschema::validator_for(&schema).unwrap();
        let mut without_diff = report();
        without_diff.changes.as_mut().unwrap().with_diff = false;
        let mut unchanged = report();
        unchanged.changes.as_mut().unwrap().outcome = Outcome::default();
        let mut nothing_found = findings_report();
        nothing_found.findings.clear();
        for report in [
            report(),
            without_diff,
            unchanged,
            findings_report(),
            nothing_found,
        ] {
            let document = value(&report);
            let errors: Vec<String> = validator
                .iter_errors(&document)
                .map(|error| error.to_string())
                .collect();
            assert!(errors.is_empty(), "{errors:#?}\n{document:#}");
        }
        for (pointer, wrong) in [
            ("/findings/0/severity", "fatal"),
            ("/summary/errors", "many"),
            ("/changes/0/change", "none"),
            ("/configuration/0/readers/0/reads", "nothing"),
        ] {
            let mut document = value(&report());
            *document.pointer_mut(pointer).unwrap() = wrong.into();
            assert!(!validator.is_valid(&document), "{pointer} can be anything");
        }
        let mut document = value(&report());
        document.as_object_mut().unwrap().remove("changes");
        assert!(
            !validator.is_valid(&document),
            "a fixup's changes can be missing"
        );
    }

    #[test]
    fn nothing_is_lost() {
        let value = value(&report());
        assert_eq!(
            value["findings"][0]["place"],
            json!({ "line": 2, "column": 11, "start": 20, "end": 30 })
        );
        assert_eq!(value["findings"][1]["subject"], "\u{fffd}");
        assert_eq!(value["findings"][1]["subject_bytes"], "fe");
        assert_eq!(
            value["findings"][1]["file_bytes"],
            "2f6e69782f73746f72652f612d782fff"
        );
        assert_eq!(value["findings"][1].get("place"), None);
        assert_eq!(value["summary"]["errors"], 1);
        assert_eq!(value["summary"]["by_rule"][0]["id"], "an-output");
        assert_eq!(value["changes"][2]["content"], "new\nlast");
        let unit = &value["configuration"][0]["readers"][0];
        assert_eq!(
            unit["overridden"],
            json!({ "by": "unit_drop_in", "at": "/etc/systemd/system/x.service.d" })
        );
        assert_eq!(unit["reads"], "output");
        assert!(
            value["changes"][0]["diff"]
                .as_str()
                .unwrap()
                .contains("+ExecStart=/nix/")
        );
    }

    #[test]
    fn what_a_terminal_obeys_is_escaped() {
        let mut report = findings_report();
        let text = "a\u{9b}31m\u{202e}\u{2066}\u{7f}\x1b\n\u{e9}\u{1f600}";
        report.findings[0].message = text.into();
        report.findings[0].subject = text.into();
        for write in [write, super::super::sarif::write] {
            let mut stdout = Vec::new();
            write(&report, &mut stdout).unwrap();
            let document = String::from_utf8(stdout).unwrap();
            let obeyed = document.chars().find(|one| *one != '\n' && is_obeyed(*one));
            assert_eq!(obeyed, None);
            assert!(document.contains("\u{e9}\u{1f600}"), "text stays");
        }
        let value = value(&report);
        assert_eq!(value["findings"][0]["message"], text, "nothing is lost");
    }

    #[test]
    fn what_changes_nothing_has_no_changes() {
        let value = value(&findings_report());
        assert_eq!((value.get("changes"), value.get("dry_run")), (None, None));
        assert_eq!(value["summary"].get("files_changed"), None);
        assert_eq!(value["summary"]["allowed"], 2);
    }
}
