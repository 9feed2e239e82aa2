//! A disk with an EFI system partition, the root file system and its hash tree.

use crate::disk::Partition;
use crate::options::Part;
use crate::root_hash::RootHash;
use crate::steps::{Job, Layout, Step};
use crate::{disk, esp, initrd, uki, verity};

pub(super) static LAYOUT: Layout = Layout {
    name: "ddi",
    summary: "A disk with an EFI system partition, the root file system and its hash tree",
    parts: &[
        Part::Farm,
        Part::Etc,
        Part::Users,
        Part::Initrd,
        Part::Kernel,
    ],
    root_arguments: verity::root_arguments,
    steps,
};

fn steps(job: &Job<'_>) -> Vec<Step> {
    let mut steps = verity::verified(&job.root_image(), &job.hash_tree());
    steps.extend(initrd::minimal(job));
    steps.extend([
        uki::make(vec![initrd::path(job)]),
        esp::make(job, []),
        disk::make(partitions),
        disk::validate(),
    ]);
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
