//! One JSON document: `docs/json.md` and `docs/report.schema.json` describe it.

use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use hermetic_out::{Change, Finding};
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::{Report, human};
use crate::escape::push_hex;

/// Rises when a field changes its meaning or goes; not when one is added.
pub(super) const SCHEMA_VERSION: u32 = 2;

/// The document.
#[derive(Serialize)]
pub(super) struct Document<'a> {
    schema_version: u32,
    tool: Tool<'a>,
    package: &'a str,
    dry_run: bool,
    summary: Summary<'a>,
    findings: Vec<Value>,
    changes: Vec<Value>,
}

/// A tool.
#[derive(Serialize)]
pub(super) struct Tool<'a> {
    pub(super) name: &'a str,
    pub(super) version: &'a str,
}

#[derive(Serialize)]
struct Summary<'a> {
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

/// The document of `report`; with the diff of every edit if `diff`.
pub(super) fn document(report: &Report, diff: bool) -> Document<'_> {
    let summary = &report.summary;
    let new_references = summary
        .new_references
        .iter()
        .map(|(output, paths)| NewReferences {
            output,
            store_paths: paths
                .iter()
                .map(|path| {
                    let mut object = Map::new();
                    insert_path(&mut object, "path", path);
                    object.into()
                })
                .collect(),
        });
    Document {
        schema_version: SCHEMA_VERSION,
        tool: Tool {
            name: report.tool,
            version: report.tool_version,
        },
        package: &report.package,
        dry_run: report.dry_run,
        summary: Summary {
            files_changed: summary.files_changed,
            references_replaced: summary.references_replaced,
            references_kept: summary.references_kept,
            unresolved: summary.unresolved,
            new_references: new_references.collect(),
        },
        findings: report.findings.iter().map(finding).collect(),
        changes: report
            .plan
            .changes
            .iter()
            .map(|step| change(step, diff))
            .collect(),
    }
}

/// A finding.
pub(super) fn finding(finding: &Finding) -> Value {
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
                let _ =
                    human::write_diff(&edits.path, &edits.before, &edits.after, false, &mut diff);
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

pub(super) fn insert_path(object: &mut Map<String, Value>, name: &str, path: &Path) {
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
    use super::super::tests::report;
    use super::*;

    fn value(diff: bool) -> Value {
        serde_json::to_value(document(&report(), diff)).unwrap()
    }

    #[test]
    fn the_document_is_as_its_schema_says() {
        let schema: Value =
            serde_json::from_str(include_str!("../../../../docs/report.schema.json")).unwrap();
        jsonschema::meta::validate(&schema).unwrap();
        let validator = jsonschema::validator_for(&schema).unwrap();
        let mut empty = report();
        empty.findings.clear();
        empty.plan.changes.clear();
        empty.summary.new_references.clear();
        let empty = serde_json::to_value(document(&empty, true)).unwrap();
        for document in [value(false), value(true), empty] {
            let errors: Vec<String> = validator
                .iter_errors(&document)
                .map(|error| error.to_string())
                .collect();
            assert!(errors.is_empty(), "{errors:#?}\n{document:#}");
        }
        let mut wrong = value(false);
        wrong["findings"][0]["severity"] = "fatal".into();
        assert!(
            !validator.is_valid(&wrong),
            "the schema does not say anything"
        );
    }

    #[test]
    fn nothing_is_lost() {
        let value = value(true);
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
        assert_eq!(value["changes"][2]["content"], "new\nlast");
        assert!(
            value["changes"][0]["diff"]
                .as_str()
                .unwrap()
                .contains("+ExecStart=/nix/")
        );
    }
}
