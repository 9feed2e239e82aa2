//! SARIF 2.1.0: <https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html>.

use std::io::Write;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use anyhow::Context;
use hermetic_out::{Finding, FindingKind, Place, Severity};
use serde_json::json;
use serde_sarif::sarif::{
    ArtifactLocation, Location, Message, MultiformatMessageString, PhysicalLocation, Region,
    ReportingConfiguration, ReportingDescriptor, Result as SarifResult, ResultLevel, Run,
    SCHEMA_URL, Sarif, Tool, ToolComponent,
};

use super::content::Report;
use super::json::write_document;
use crate::escape::{escape_for_terminal, push_hex};
use crate::explain::explanation;
use crate::fingerprint::fingerprints;

/// What the fingerprints are called; the number rises when they are made of something else.
const FINGERPRINT: &str = "hermeticOut/v1";

/// Writes the document of `report`.
pub(super) fn write(report: &Report, stdout: &mut dyn Write) -> anyhow::Result<()> {
    write_document(&document(report), stdout).context("writing the SARIF report to standard output")
}

/// Each result has a fingerprint, by which services tell what is new.
fn document(report: &Report) -> Sarif {
    let findings = &report.findings;
    let mut kinds: Vec<&FindingKind> = findings.iter().map(|finding| finding.kind).collect();
    kinds.sort_unstable_by_key(|kind| kind.id);
    kinds.dedup_by_key(|kind| kind.id);
    let driver = ToolComponent::builder()
        .name(report.tool.name)
        .version(report.tool.version)
        .rules(kinds.iter().map(|kind| rule(kind)).collect::<Vec<_>>())
        .build();
    let prints = fingerprints(findings, &report.store_dir);
    let results: Vec<SarifResult> = findings
        .iter()
        .zip(prints)
        .map(|(finding, print)| {
            let index = kinds.partition_point(|kind| kind.id < finding.kind.id);
            let mut result = result(finding, index);
            result.partial_fingerprints = Some([(FINGERPRINT.to_owned(), print)].into());
            result
        })
        .collect();
    let run = Run::builder()
        .tool(Tool::builder().driver(driver).build())
        .column_kind(json!("unicodeCodePoints"))
        .results(results)
        .build();
    Sarif::builder()
        .schema(SCHEMA_URL)
        .version(json!("2.1.0"))
        .runs(vec![run])
        .build()
}

fn rule(kind: &FindingKind) -> ReportingDescriptor {
    let help = explanation(kind);
    let help = MultiformatMessageString::builder()
        .text(&help)
        .markdown(&help)
        .build();
    let mut rule = ReportingDescriptor::builder()
        .id(kind.id)
        .short_description(
            MultiformatMessageString::builder()
                .text(kind.summary)
                .build(),
        )
        .help(help)
        .default_configuration(
            ReportingConfiguration::builder()
                .level(json!(level(kind.severity)))
                .build(),
        )
        .build();
    // What was suppressed under a former id stays suppressed: section 3.49.5.
    if !kind.aliases.is_empty() {
        let ids = kind.aliases.iter().map(|id| (*id).to_owned());
        rule.deprecated_ids = Some(ids.collect());
    }
    // A path within the project is no URI.
    rule.help_uri = Some(kind.page()).filter(|page| page.contains("://"));
    rule
}

fn result(finding: &Finding, rule_index: usize) -> SarifResult {
    let mut text = escape_for_terminal(finding.message.as_bytes());
    if !finding.help.is_empty() {
        text.push_str("; ");
        text.push_str(&escape_for_terminal(finding.help.as_bytes()));
    }
    let artifact = ArtifactLocation::builder().uri(uri(&finding.file)).build();
    let location = match &finding.place {
        Some(place) => PhysicalLocation::builder()
            .artifact_location(artifact)
            .region(region(place))
            .build(),
        None => PhysicalLocation::builder()
            .artifact_location(artifact)
            .build(),
    };
    SarifResult::builder()
        .rule_id(finding.kind.id)
        .rule_index(number(rule_index))
        .level(level(finding.severity))
        .message(Message::builder().text(text).build())
        .locations(vec![
            Location::builder().physical_location(location).build(),
        ])
        .build()
}

fn level(severity: Severity) -> ResultLevel {
    match severity {
        Severity::Note => ResultLevel::Note,
        Severity::Warning => ResultLevel::Warning,
        Severity::Error => ResultLevel::Error,
    }
}

fn region(place: &Place) -> Region {
    let (start, end) = (place.span.start, place.span.end);
    let last = place.text.last_line_of(place.span);
    // The column after `to`, in characters.
    let column = |from, to| number(place.text.characters(from..to) + 1);
    Region::builder()
        .start_line(number(place.line))
        .start_column(column(start + 1 - place.column, start))
        .end_line(number(last.number))
        .end_column(column(last.span.start, end.min(last.span.end)))
        .byte_offset(number(start))
        .byte_length(number(end.saturating_sub(start)))
        .build()
}

fn number(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn uri(path: &Path) -> String {
    let mut uri = String::from("file://");
    for byte in path.as_os_str().as_bytes() {
        if byte.is_ascii_alphanumeric() || b"/-._~+=".contains(byte) {
            uri.push(char::from(*byte));
        } else {
            uri.push('%');
            push_hex(&mut uri, *byte);
        }
    }
    uri
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use hermetic_out::SourceText;
    use hermetic_out_formats::Span;
    use serde_json::Value;

    use super::super::tests::{UNIT, report};
    use super::*;

    /// The schema that serde-sarif made its types of.
    fn schema() -> Value {
        let metadata = Command::new(env!("CARGO"))
            .args([
                "metadata",
                "--format-version=1",
                "--offline",
                "--filter-platform=host-tuple",
                "--manifest-path",
            ])
            .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"))
            .output()
            .unwrap();
        assert!(
            metadata.status.success(),
            "`cargo metadata --offline` failed; `cargo fetch` gets what it lacks: {}",
            String::from_utf8_lossy(&metadata.stderr)
        );
        let metadata: Value = serde_json::from_slice(&metadata.stdout).unwrap();
        let packages = metadata["packages"].as_array().unwrap();
        let sarif = packages
            .iter()
            .find(|package| package["name"] == "serde-sarif")
            .unwrap();
        let manifest = Path::new(sarif["manifest_path"].as_str().unwrap());
        let schema = std::fs::read(manifest.with_file_name("src/schema.json")).unwrap();
        let mut schema: Value = serde_json::from_slice(&schema).unwrap();
        // The pattern of these is no regular expression; they are not written.
        for object in ["run", "toolComponent"] {
            schema["definitions"][object]["properties"]["language"] = json!(false);
        }
        schema
    }

    #[test]
    fn the_document_is_as_its_schema_says() {
        let schema = schema();
        let validator = jsonschema::validator_for(&schema).unwrap();
        let mut empty = report();
        empty.findings.clear();
        for report in [report(), empty] {
            let document = serde_json::to_value(document(&report)).unwrap();
            let errors: Vec<String> = validator
                .iter_errors(&document)
                .map(|error| error.to_string())
                .collect();
            assert!(errors.is_empty(), "{errors:#?}\n{document:#}");
        }
    }

    #[test]
    fn results_name_their_rules() {
        let document = serde_json::to_value(document(&report())).unwrap();
        let run = &document["runs"][0];
        let print = run["results"][0]["partialFingerprints"][FINGERPRINT].as_str();
        assert_eq!(print.map(str::len), Some(32));
        assert_eq!(run["tool"]["driver"]["rules"][0]["id"], "an-output");
        let program = &run["tool"]["driver"]["rules"][1];
        assert_eq!(program["deprecatedIds"], json!(["missing-program"]));
        assert_eq!(run["results"][0]["ruleIndex"], 1);
        assert_eq!(run["results"][0]["level"], "error");
        let location = &run["results"][1]["locations"][0]["physicalLocation"];
        assert_eq!(
            location["artifactLocation"]["uri"],
            "file:///nix/store/a-x/%ff"
        );
    }

    #[test]
    fn regions_count_characters_and_bytes() {
        let place = Place::new(&SourceText::new(UNIT), Span::new(32, 35));
        let region = serde_json::to_value(region(&place)).unwrap();
        let expected = json!({
            "startLine": 2, "startColumn": 23, "endLine": 2, "endColumn": 25,
            "byteOffset": 32, "byteLength": 3,
        });
        assert_eq!(region, expected);
    }
}
