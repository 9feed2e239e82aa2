//! The unified kernel image: the kernel, its initrd and its command line in one EFI program.

use std::fs;
use std::path::{Path, PathBuf};

use crate::command::{Command, run_commands};
use crate::error::io_error;
use crate::steps::{Job, Step};
use crate::tools::UKIFY;

/// Makes the unified kernel image from the kernel, initrds in this order, and the command line.
pub(crate) fn make(initrds: Vec<PathBuf>) -> Step {
    const ACTION: &str = "making the unified kernel image";
    let commands = move |job: &Job<'_>| vec![command(job, &initrds)];
    Step::new(ACTION, commands).with(|job, commands| {
        if let Some(bytes) = job.tree.read(b"usr/lib/os-release")? {
            let os_release = os_release(job);
            fs::write(&os_release, bytes).map_err(io_error("writing", &os_release))?;
        }
        run_commands(ACTION, commands)
    })
}

fn os_release(job: &Job<'_>) -> PathBuf {
    job.work.join("os-release")
}

fn command(job: &Job<'_>, initrds: &[PathBuf]) -> Command {
    let (options, output) = (job.options, job.uki());
    let kernel = options.kernel.as_deref().unwrap_or(Path::new(""));
    let mut command = Command::new(&UKIFY)
        .writing(&output)
        .arg("build")
        .option("--linux", kernel)
        .option("--cmdline", job.cmdline())
        .option("--os-release", format!("@{}", os_release(job).display()))
        .option("--output", &output);
    for initrd in initrds {
        command = command.option("--initrd", initrd);
    }
    if let Some(stub) = &options.stub {
        command = command.option("--stub", stub);
    }
    command
}

/// Whether words can be put on the kernel command line.
pub(crate) fn is_command_line(words: &str) -> bool {
    !words.contains(['\n', '\0'])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::root_tree::RootTree;
    use crate::test_support::{job, options};

    #[test]
    fn every_initrd_is_given_in_order() {
        let (mut options, tree) = (options(), RootTree::default());
        options.kernel = Some("/k".into());
        options.cmdline = vec!["a b".into()];
        let job = job(&options, "initrd", &tree);
        let commands = make(vec!["/a".into(), "/b".into()]).commands(&job);
        assert_eq!(
            commands[0].to_string(),
            "ukify build --linux=/k '--cmdline=a b' --os-release=@WORK/os-release \
             --output=OUTPUT/image.efi --initrd=/a --initrd=/b"
        );
    }
}
