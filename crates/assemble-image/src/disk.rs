//! The disk: a GPT whose partitions are copied from files that are there already.

use std::fs;
use std::path::PathBuf;

use ini::{EscapePolicy, Ini, WriteOption};

use crate::command::Command;
use crate::error::{Error, io_error};
use crate::image_seed::Uuid;
use crate::manifest;
use crate::output::names;
use crate::steps::{Job, Step};
use crate::tools::{DISSECT, REPART};

/// A partition.
#[derive(Clone, Debug)]
pub(crate) struct Partition {
    /// Its type: `repart.d(5)`, `Type=`.
    pub(crate) kind: &'static str,
    /// Its label.
    pub(crate) label: &'static str,
    /// Its id.
    pub(crate) id: Uuid,
    /// The file that holds what is to be on it.
    pub(crate) content: PathBuf,
}

/// Makes the disk, with partitions in this order.
pub(crate) fn make(partitions: fn(&Job<'_>) -> Vec<Partition>) -> Step {
    const ACTION: &str = "making the disk";
    Step::new(ACTION, |job| vec![command(job)]).with(move |job, commands| {
        let directory = definitions(job);
        fs::create_dir(&directory).map_err(io_error("making the directory", &directory))?;
        for (index, partition) in partitions(job).iter().enumerate() {
            let path = directory.join(format!("{}0-{}.conf", index + 1, partition.label));
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
        for command in commands {
            let output = command.run(ACTION)?;
            let described = serde_json::from_slice(&output).map_err(|error| Error::Unexpected {
                action: ACTION,
                reason: format!("systemd-repart did not describe it as JSON: {error}"),
            })?;
            job.partitions = manifest::partitions(&described);
        }
        Ok(())
    })
}

fn definitions(job: &Job<'_>) -> PathBuf {
    job.work.join("repart.d")
}

fn command(job: &Job<'_>) -> Command {
    let image = job.result.join(names::IMAGE);
    Command::new(&REPART)
        .writing(&image)
        .option("--definitions", definitions(job))
        .option("--seed", job.seed.uuid("seed").to_string())
        .arg("--empty=create")
        .arg("--size=auto")
        .arg("--sector-size=512")
        .arg("--offline=yes")
        .arg("--dry-run=no")
        .arg("--json=short")
        .arg("--no-pager")
        .arg(image)
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

/// Looks at the disk as systemd does when it starts from one.
pub(crate) fn validate() -> Step {
    Step::new("validating the disk", |job| {
        let image = job.result.join(names::IMAGE);
        vec![Command::new(&DISSECT).arg("--validate").arg(image)]
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_definition_says_all_that_would_be_random() {
        let partition = Partition {
            kind: "root-x86-64",
            label: "root",
            id: Uuid([1; 16]),
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
