//! The root file system and its hash tree as files, for a machine that gets its kernel otherwise.

use std::fs;

use crate::error::io_error;
use crate::options::Part;
use crate::output::names;
use crate::steps::{Job, Layout, Step};
use crate::{initrd, verity};

pub(super) static LAYOUT: Layout = Layout {
    name: "bare",
    summary: "The root file system and its hash tree as two files",
    parts: &[Part::Farm, Part::Etc, Part::Users, Part::Initrd],
    root_arguments: verity::root_arguments,
    steps,
};

fn steps(job: &Job<'_>) -> Vec<Step> {
    let result = |name| job.result.join(name);
    let mut steps = verity::verified(&result(names::IMAGE), &result(names::HASH_TREE));
    steps.extend(initrd::minimal(job));
    steps.push(boot_files());
    steps
}

/// Writes what the kernel is started with: its command line, and the initrd if one was made.
fn boot_files() -> Step {
    Step::new("writing the kernel command line", |_| Vec::new()).with(|job, _| {
        let path = job.result.join(names::CMDLINE);
        let cmdline = format!("{}\n", job.cmdline());
        fs::write(&path, cmdline).map_err(io_error("writing", &path))?;
        if job.options.makes_initrd() {
            let path = job.result.join(names::INITRD);
            fs::rename(initrd::path(job), &path).map_err(io_error("writing", &path))?;
        }
        Ok(())
    })
}
