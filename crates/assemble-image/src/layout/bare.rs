//! The root file system and its hash tree as files, for a machine that gets its kernel otherwise.

use std::fs;

use super::{Layout, Part};
use crate::command::Command;
use crate::error::{Error, io_error};
use crate::output::names;
use crate::steps::{Job, Step, Steps};
use crate::{initrd, root_fs, verity};

pub(super) static LAYOUT: Layout = Layout {
    name: "bare",
    summary: "The root file system and its hash tree as two files",
    parts: &[Part::Farm, Part::Etc, Part::Users, Part::Initrd],
    is_root_in_memory: false,
    root_arguments: verity::root_arguments,
    steps,
};

fn steps(job: &Job<'_>) -> Steps {
    let result = |name| job.result.join(name);
    let mut steps = root_fs::verified(&result(names::IMAGE), &result(names::HASH_TREE));
    steps.extend(initrd::minimal(job));
    steps.push(Box::new(BootFiles));
    steps
}

/// What the kernel is started with: its command line, and the initrd if one was made.
struct BootFiles;

impl Step for BootFiles {
    fn action(&self) -> &'static str {
        "writing the kernel command line"
    }

    fn run(&self, job: &mut Job<'_>, _: &[Command]) -> Result<(), Error> {
        let path = job.result.join(names::CMDLINE);
        let cmdline = format!("{}\n", job.cmdline());
        fs::write(&path, cmdline).map_err(io_error("writing", &path))?;
        if job.options.makes_initrd() {
            let path = job.result.join(names::INITRD);
            fs::rename(initrd::path(job), &path).map_err(io_error("writing", &path))?;
        }
        Ok(())
    }
}
