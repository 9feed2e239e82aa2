//! Everything as the initrd of one unified kernel image.

use super::{Layout, Part};
use crate::command::Command;
use crate::disk::Disk;
use crate::error::Error;
use crate::esp::{self, Esp};
use crate::initrd::write;
use crate::steps::{Job, Step, Steps};
use crate::uki::Uki;

pub(super) static LAYOUT: Layout = Layout {
    name: "initrd",
    summary: "Everything in the initrd of one unified kernel image; nothing is verified",
    parts: &[Part::Farm, Part::Etc, Part::Users, Part::Kernel],
    is_root_in_memory: true,
    root_arguments: |_| String::new(),
    steps,
};

const FILE: &str = "root.cpio";

fn steps(job: &Job<'_>) -> Steps {
    vec![
        Box::new(WholeTree),
        Box::new(Uki {
            initrds: vec![job.work.join(FILE)],
        }),
        Box::new(Esp { files: Vec::new() }),
        Box::new(Disk {
            partitions: |job| vec![esp::partition(job)],
        }),
    ]
}

/// Writes the whole tree as an initrd.
struct WholeTree;

impl Step for WholeTree {
    fn action(&self) -> &'static str {
        "writing the initrd"
    }

    fn run(&self, job: &mut Job<'_>, _: &[Command]) -> Result<(), Error> {
        write(job, job.tree, &job.work.join(FILE))
    }
}
