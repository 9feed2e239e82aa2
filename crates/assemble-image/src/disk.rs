//! The disk: a GPT whose partitions are copied from files that are there already.

use std::fs;
use std::path::{Path, PathBuf};

use ini::{EscapePolicy, Ini, WriteOption};

use crate::command::Command;
use crate::error::{Error, io_error};
use crate::image_seed::{ImageSeed, Uuid};
use crate::tools::{DISSECT, REPART};

/// A partition.
#[derive(Clone, Debug)]
pub struct Partition {
    /// Its type: `repart.d(5)`, `Type=`.
    pub kind: &'static str,
    /// Its label.
    pub label: &'static str,
    /// Its id.
    pub id: Uuid,
    /// The file that holds what is to be on it.
    pub content: PathBuf,
}

/// The command that writes the partition table and copies the partitions.
#[must_use]
pub fn repart_command(definitions: &Path, identity: ImageSeed, image: &Path) -> Command {
    Command::new(&REPART)
        .writing(image)
        .option("--definitions", definitions)
        .option("--seed", identity.uuid("seed").to_string())
        .arg("--empty=create")
        .arg("--size=auto")
        .arg("--sector-size=512")
        .arg("--offline=yes")
        .arg("--dry-run=no")
        .arg("--json=short")
        .arg("--no-pager")
        .arg(image)
}

/// Makes the disk; what systemd-repart says about its partitions. `definitions` is a directory that
/// does not exist yet.
pub fn make(
    command: &Command,
    partitions: &[Partition],
    definitions: &Path,
) -> Result<serde_json::Value, Error> {
    const DOING: &str = "making the disk";
    fs::create_dir(definitions).map_err(io_error("making the directory", definitions))?;
    for (index, partition) in partitions.iter().enumerate() {
        let path = definitions.join(format!("{}0-{}.conf", index + 1, partition.label));
        let option = WriteOption {
            escape_policy: EscapePolicy::Nothing,
            ..WriteOption::default()
        };
        let size = fs::metadata(&partition.content);
        let size = size
            .map_err(io_error("looking at", &partition.content))?
            .len();
        definition(partition, size)
            .write_to_file_opt(&path, option)
            .map_err(io_error("writing", &path))?;
    }
    let output = command.run(DOING)?;
    serde_json::from_slice(&output).map_err(|error| Error::Unexpected {
        doing: DOING,
        reason: format!("systemd-repart did not describe it as JSON: {error}"),
    })
}

fn definition(partition: &Partition, size: u64) -> Ini {
    let mut ini = Ini::new();
    // No larger than its content: what follows a file system on its partition is wasted.
    let size = size.next_multiple_of(4096).to_string();
    ini.with_section(Some("Partition"))
        .set("Type", partition.kind)
        .set("Label", partition.label)
        .set("UUID", partition.id.to_string())
        .set("CopyBlocks", partition.content.display().to_string())
        .set("SizeMinBytes", size.clone())
        .set("SizeMaxBytes", size);
    ini
}

/// The command that looks at the disk as systemd does when it starts from one.
#[must_use]
pub fn validate_command(image: &Path) -> Command {
    Command::new(&DISSECT).arg("--validate").arg(image)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_definition_says_all_that_would_be_random() {
        let partition = Partition {
            kind: "root-x86-64",
            label: "root",
            id: Uuid::of_bytes([1; 16]),
            content: "/tmp/root.erofs".into(),
        };
        let mut text = Vec::new();
        definition(&partition, 5000).write_to(&mut text).unwrap();
        assert_eq!(
            String::from_utf8(text).unwrap(),
            "[Partition]\nType=root-x86-64\nLabel=root\nUUID=01010101-0101-0101-0101-010101010101\n\
             CopyBlocks=/tmp/root.erofs\nSizeMinBytes=8192\nSizeMaxBytes=8192\n"
        );
    }
}
