//! `manifest.json`: what the image is, and what it was made of.

use std::collections::BTreeMap;

use bstr::ByteSlice;
use hermetic_out::Finding;
use serde::Serialize;

use crate::lint;
use crate::options::Options;
use crate::root_fs::Compression;
use crate::sizes::Sizes;
use crate::users::Numbers;

/// The version of the manifest's form. A new field does not change it.
pub(crate) const VERSION: u32 = 1;

/// The manifest.
#[derive(Debug, Serialize)]
pub(crate) struct Manifest {
    #[serde(rename = "manifest_version")]
    pub(crate) version: u32,
    pub(crate) tool: String,
    pub(crate) layout: &'static str,
    pub(crate) compression: Compression,
    /// The root hash, if there is a hash tree.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) root_hash: Option<String>,
    pub(crate) cmdline: String,
    /// The partitions, as systemd-repart describes them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) partitions: Vec<Partition>,
    /// The files of the output, with their sizes in bytes.
    pub(crate) files: BTreeMap<String, u64>,
    /// The packages that contribute to /usr and /etc, by priority.
    pub(crate) packages: Vec<String>,
    pub(crate) users: BTreeMap<String, u32>,
    pub(crate) groups: BTreeMap<String, u32>,
    /// The versions of the tools that made it.
    pub(crate) tools: BTreeMap<&'static str, String>,
    /// What was found that is no error.
    pub(crate) findings: Vec<ManifestFinding>,
    /// What the lint found in the closure that is no error; nothing, if it was not asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) lint: Option<lint::Numbers>,
    /// Bytes by store path and directory.
    pub(crate) sizes: Sizes,
}

/// A partition.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Partition {
    #[serde(rename = "type")]
    pub(crate) kind: String,
    pub(crate) label: String,
    pub(crate) uuid: String,
    /// Where it begins on the disk, in bytes.
    pub(crate) offset: u64,
    pub(crate) size: u64,
}

/// A finding.
#[derive(Debug, Serialize)]
pub(crate) struct ManifestFinding {
    pub(crate) id: &'static str,
    /// The path of the image, or the file.
    pub(crate) file: String,
    pub(crate) message: String,
}

impl Manifest {
    /// The manifest of an image, without what is known only when it is written.
    pub(crate) fn new(
        options: &Options,
        layout: &'static str,
        numbers: &Numbers,
        findings: &[Finding],
        sizes: Sizes,
    ) -> Self {
        let by_name = |numbers: &BTreeMap<Vec<u8>, u32>| {
            let text =
                |(name, number): (&Vec<u8>, &u32)| (name.to_str_lossy().into_owned(), *number);
            numbers.iter().map(text).collect()
        };
        Self {
            version: VERSION,
            tool: concat!(env!("CARGO_PKG_NAME"), " ", env!("CARGO_PKG_VERSION")).to_owned(),
            layout,
            compression: options.compression,
            root_hash: None,
            cmdline: String::new(),
            partitions: Vec::new(),
            files: BTreeMap::new(),
            packages: options
                .packages
                .iter()
                .map(|path| path.display().to_string())
                .collect(),
            users: by_name(&numbers.users),
            groups: by_name(&numbers.groups),
            tools: BTreeMap::new(),
            findings: findings
                .iter()
                .map(|finding| ManifestFinding {
                    id: finding.kind.id,
                    file: finding.file.display().to_string(),
                    message: finding.message.clone(),
                })
                .collect(),
            lint: None,
            sizes,
        }
    }
}

/// The partitions in what systemd-repart says.
pub(crate) fn partitions(output: &serde_json::Value) -> Vec<Partition> {
    let text = |value: &serde_json::Value, key: &str| {
        value
            .get(key)
            .and_then(serde_json::Value::as_str)
            .unwrap_or_default()
            .to_owned()
    };
    let number = |value: &serde_json::Value, key: &str| {
        value
            .get(key)
            .and_then(serde_json::Value::as_u64)
            .unwrap_or_default()
    };
    let all = output.as_array().map(Vec::as_slice).unwrap_or_default();
    all.iter()
        .map(|value| Partition {
            kind: text(value, "type"),
            label: text(value, "label"),
            uuid: text(value, "uuid"),
            offset: number(value, "offset"),
            size: number(value, "raw_size"),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn partitions_are_read_from_what_repart_says() {
        let output = serde_json::json!([
            {"type": "esp", "label": "ESP", "uuid": "u", "offset": 1_048_576, "raw_size": 4096},
            {"type": "root-x86-64"}
        ]);
        let partitions = partitions(&output);
        assert_eq!(
            (partitions[0].offset, partitions[0].size),
            (1_048_576, 4096)
        );
        assert_eq!(partitions[1].kind, "root-x86-64");
        assert_eq!(super::partitions(&serde_json::Value::Null), []);
    }
}
