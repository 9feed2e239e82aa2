//! SARIF 2.1.0: <https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html>.

use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use bstr::ByteSlice;
use hermetic_out::{Finding, FindingKind, Place, Severity};
use serde_json::json;
use serde_sarif::sarif::{
    ArtifactLocation, Location, Message, MultiformatMessageString, PhysicalLocation, Region,
    ReportingConfiguration, ReportingDescriptor, Result as SarifResult, ResultLevel, Run,
    SCHEMA_URL, Sarif, Tool, ToolComponent,
};

use super::fingerprint::fingerprints;
use crate::escape::push_hex;
use crate::explain::explanation;

/// What the fingerprints are called; the number rises when they are made of something else.
const FINGERPRINT: &str = "hermeticOut/v1";

/// The document of a tool's findings. With the directory that store paths begin with, each has a
/// fingerprint, by which services tell what is new.
pub(super) fn document(
    tool: &str,
    tool_version: &str,
    findings: &[Finding],
    store_dir: Option<&Path>,
) -> Sarif {
    let mut kinds: Vec<&FindingKind> = findings.iter().map(|finding| finding.kind).collect();
    kinds.sort_unstable_by_key(|kind| kind.id);
    kinds.dedup_by_key(|kind| kind.id);
    let driver = ToolComponent::builder()
        .name(tool)
        .version(tool_version)
        .rules(kinds.iter().map(|kind| rule(kind)).collect::<Vec<_>>())
        .build();
    let mut results: Vec<SarifResult> = findings
        .iter()
        .map(|finding| {
            let index = kinds.partition_point(|kind| kind.id < finding.kind.id);
            result(finding, index)
        })
        .collect();
    if let Some(store_dir) = store_dir {
        for (result, print) in results.iter_mut().zip(fingerprints(findings, store_dir)) {
            let name = FINGERPRINT.to_owned();
            result.partial_fingerprints = Some([(name, print)].into_iter().collect());
        }
    }
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
    let text = if finding.help.is_empty() {
        finding.message.clone()
    } else {
        format!("{}; {}", finding.message, finding.help)
    };
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
    let source = place.source.as_slice();
    let within = |offset: usize| offset.saturating_sub(place.source_start).min(source.len());
    let (start, end) = (within(place.span.start), within(place.span.end));
    let before_end = &source[..end];
    let last_line = before_end.rfind_byte(b'\n').map_or(0, |at| at + 1);
    let further_lines = before_end.find_iter(b"\n").count();
    Region::builder()
        .start_line(number(place.line))
        .start_column(column(&source[..start]))
        .end_line(number(place.line + further_lines))
        .end_column(column(&source[last_line..end]))
        .byte_offset(number(place.span.start))
        .byte_length(number(place.span.end.saturating_sub(place.span.start)))
        .build()
}

/// The column after `before`, in characters.
fn column(before: &[u8]) -> i64 {
    number(String::from_utf8_lossy(before).chars().count() + 1)
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
        for (report, store_dir) in [
            (report(), None),
            (report(), Some(Path::new("/nix/store"))),
            (empty, None),
        ] {
            let document = document("tool", "1.2.3", &report.findings, store_dir);
            let document = serde_json::to_value(document).unwrap();
            let errors: Vec<String> = validator
                .iter_errors(&document)
                .map(|error| error.to_string())
                .collect();
            assert!(errors.is_empty(), "{errors:#?}\n{document:#}");
        }
    }

    #[test]
    fn results_name_their_rules() {
        let store_dir = Some(Path::new("/nix/store"));
        let document = document("tool", "1.2.3", &report().findings, store_dir);
        let document = serde_json::to_value(document).unwrap();
        let run = &document["runs"][0];
        let print = run["results"][0]["partialFingerprints"][FINGERPRINT].as_str();
        assert_eq!(print.map(str::len), Some(32));
        assert_eq!(run["tool"]["driver"]["rules"][0]["id"], "an-output");
        let program = &run["tool"]["driver"]["rules"][1];
        assert_eq!(program["deprecatedIds"], json!(["program-not-found"]));
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
        let place = Place::new(UNIT, Span::new(32, 35));
        let region = serde_json::to_value(region(&place)).unwrap();
        let expected = json!({
            "startLine": 2, "startColumn": 23, "endLine": 2, "endColumn": 25,
            "byteOffset": 32, "byteLength": 3,
        });
        assert_eq!(region, expected);
    }
}
