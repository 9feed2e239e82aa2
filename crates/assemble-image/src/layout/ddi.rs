//! A disk with an EFI system partition, the root file system and its hash tree.

use super::{Layout, Part};
use crate::disk::{Disk, Partition, Validate};
use crate::esp::{self, Esp};
use crate::steps::{Job, Steps};
use crate::uki::Uki;
use crate::verity::RootHash;
use crate::{initrd, root_fs, verity};

pub(super) static LAYOUT: Layout = Layout {
    name: "ddi",
    summary: "A disk with an EFI system partition, the root file system and its hash tree",
    parts: Part::ALL,
    is_root_in_memory: false,
    root_arguments: verity::root_arguments,
    steps,
};

fn steps(job: &Job<'_>) -> Steps {
    let mut steps = root_fs::verified(&job.root_image(), &job.hash_tree());
    steps.extend(initrd::minimal(job));
    steps.push(Box::new(Uki {
        initrds: vec![initrd::path(job)],
    }));
    steps.push(Box::new(Esp { files: Vec::new() }));
    steps.push(Box::new(Disk { partitions }));
    steps.push(Box::new(Validate));
    steps
}

fn partitions(job: &Job<'_>) -> Vec<Partition> {
    let ids = job.root_hash.as_ref().map(RootHash::partition_ids);
    let mut partitions = vec![esp::partition(job)];
    if let Some((root, hash_tree)) = ids {
        partitions.push(Partition {
            kind: job.architecture.root_type,
            label: "root",
            id: root,
            content: job.root_image(),
        });
        partitions.push(Partition {
            kind: job.architecture.verity_type,
            label: "root-verity",
            id: hash_tree,
            content: job.hash_tree(),
        });
    }
    partitions
}
