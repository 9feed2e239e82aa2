//! `manifest.json`: what the image is, and what it was made of.

use std::collections::BTreeMap;

use bstr::ByteSlice;
use hermetic_out::Finding;
use serde::Serialize;

use crate::lint;
use crate::options::Options;
use crate::sizes::Sizes;
use crate::users::Numbers;

/// The version of the manifest's form. A new field does not change it.
pub const VERSION: u32 = 1;

/// The manifest.
#[derive(Debug, Serialize)]
pub struct Manifest {
    /// The version of this form.
    pub manifest_version: u32,
    /// The name and version of this tool.
    pub tool: String,
    /// The layout.
    pub layout: &'static str,
    /// The compression of the root file system.
    pub compression: &'static str,
    /// The root hash, if there is a hash tree.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub root_hash: Option<String>,
    /// The kernel command line.
    pub cmdline: String,
    /// The partitions, as systemd-repart describes them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub partitions: Vec<Partition>,
    /// The files of the output, with their sizes in bytes.
    pub files: BTreeMap<String, u64>,
    /// The packages that contribute to /usr and /etc, by priority.
    pub packages: Vec<String>,
    /// The numbers of users.
    pub users: BTreeMap<String, u32>,
    /// The numbers of groups.
    pub groups: BTreeMap<String, u32>,
    /// The versions of the tools that made it.
    pub tools: BTreeMap<&'static str, String>,
    /// What was found that is no error.
    pub findings: Vec<ManifestFinding>,
    /// What the lint found in the closure that is no error; nothing, if it was not asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lint: Option<lint::Numbers>,
    /// Bytes by store path and directory.
    pub sizes: Sizes,
}

/// A partition.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Partition {
    /// Its type.
    #[serde(rename = "type")]
    pub kind: String,
    /// Its label.
    pub label: String,
    /// Its id.
    pub uuid: String,
    /// Where it begins on the disk, in bytes.
    pub offset: u64,
    /// Its size in bytes.
    pub size: u64,
}

/// A finding.
#[derive(Debug, Serialize)]
pub struct ManifestFinding {
    /// The id of the kind of finding.
    pub id: &'static str,
    /// The path of the image, or the file.
    pub file: String,
    /// What was found.
    pub message: String,
}

impl Manifest {
    /// The manifest of an image, without what is known only when it is written.
    #[must_use]
    pub fn new(options: &Options, numbers: &Numbers, findings: &[Finding], sizes: Sizes) -> Self {
        let by_name = |numbers: &BTreeMap<Vec<u8>, u32>| {
            let text =
                |(name, number): (&Vec<u8>, &u32)| (name.to_str_lossy().into_owned(), *number);
            numbers.iter().map(text).collect()
        };
        Self {
            manifest_version: VERSION,
            tool: concat!(env!("CARGO_PKG_NAME"), " ", env!("CARGO_PKG_VERSION")).to_owned(),
            layout: options.layout.name(),
            compression: options.compression.name(),
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
#[must_use]
pub fn partitions(said: &serde_json::Value) -> Vec<Partition> {
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
    let all = said.as_array().map(Vec::as_slice).unwrap_or_default();
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
        let said = serde_json::json!([
            {"type": "esp", "label": "ESP", "uuid": "u", "offset": 1_048_576, "raw_size": 4096},
            {"type": "root-x86-64"}
        ]);
        let partitions = partitions(&said);
        assert_eq!(
            (partitions[0].offset, partitions[0].size),
            (1_048_576, 4096)
        );
        assert_eq!(partitions[1].kind, "root-x86-64");
        assert_eq!(super::partitions(&serde_json::Value::Null), []);
    }
}
