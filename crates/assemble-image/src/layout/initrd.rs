//! Everything as the initrd of one unified kernel image.

use crate::options::Part;
use crate::steps::{Job, Layout, Step};
use crate::{disk, esp, initrd, uki};

pub(super) static LAYOUT: Layout = Layout {
    name: "initrd",
    summary: "Everything in the initrd of one unified kernel image; nothing is verified",
    parts: &[Part::Farm, Part::Etc, Part::Users, Part::Kernel, Part::Init],
    root_arguments: |_| String::new(),
    steps,
};

fn steps(job: &Job<'_>) -> Vec<Step> {
    let file = job.work.join("root.cpio");
    let initrds = vec![file.clone()];
    let write = Step::new("writing the initrd", |_| Vec::new());
    vec![
        write.with(move |job, _| initrd::write(job, job.tree, &file)),
        uki::make(initrds),
        esp::make(job, []),
        disk::make(|job| vec![esp::partition(job)]),
    ]
}
