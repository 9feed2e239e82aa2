//! The root file system: one of several read-only file systems, made from a tar stream.

mod erofs;

use std::fs;
use std::io::BufWriter;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::ChildStdin;

use crate::archive::tar;
use crate::command::Command;
use crate::error::{Error, io_error};
use crate::image_seed::Uuid;
use crate::options::Compression;
use crate::progress::Unit;
use crate::steps::{Job, Step, Steps};
use crate::tools::Tool;
use crate::verity;

/// A read-only file system.
#[derive(Debug)]
pub(crate) struct RootFs {
    /// Its name for the kernel, and that of its module.
    pub(crate) name: &'static str,
    /// What `--help` says of it.
    pub(crate) summary: &'static str,
    /// The tool that makes it.
    pub(crate) make_tool: &'static Tool,
    /// The command that makes it in a file; it reads a tar stream from its standard input.
    make: fn(&Path, Uuid, Compression) -> Command,
    /// The command that reads it again.
    check: fn(&Path) -> Command,
}

/// All file systems; the first is the default.
pub(crate) static ALL: &[&RootFs] = &[&erofs::ROOT_FS];

/// The steps that make the root file system and its hash tree in these files, and check them.
pub(crate) fn verified(image: &Path, hash_tree: &Path) -> Steps {
    let files = verity::Files {
        image: image.to_owned(),
        hash_tree: hash_tree.to_owned(),
    };
    vec![
        Box::new(Make(image.to_owned())),
        Box::new(verity::Make(files.clone())),
        Box::new(Check(image.to_owned())),
        Box::new(verity::Verify(files)),
    ]
}

/// Makes the file system in a file.
struct Make(PathBuf);

impl Step for Make {
    fn action(&self) -> &'static str {
        "making the root file system"
    }

    fn commands(&self, job: &Job<'_>) -> Vec<Command> {
        let (options, uuid) = (job.options, job.seed.uuid("root"));
        vec![(options.root_fs.make)(&self.0, uuid, options.compression)]
    }

    fn run(&self, job: &mut Job<'_>, commands: &[Command]) -> Result<(), Error> {
        job.progress.total(job.tree.content_bytes(), Unit::Bytes);
        let feed = |stdin: &mut ChildStdin| {
            let mut out = BufWriter::with_capacity(1 << 20, stdin);
            tar::write(job.tree, &mut out, &|bytes| job.progress.advance(bytes))
        };
        for command in commands {
            command.run_fed(self.action(), feed)?;
        }
        make_readable(&self.0)
    }
}

/// Lets everybody read a file that a tool has made for its owner only.
pub(crate) fn make_readable(file: &Path) -> Result<(), Error> {
    fs::set_permissions(file, fs::Permissions::from_mode(0o644))
        .map_err(io_error("setting the mode of", file))
}

/// Reads the file system again.
struct Check(PathBuf);

impl Step for Check {
    fn action(&self) -> &'static str {
        "checking the root file system"
    }

    fn commands(&self, job: &Job<'_>) -> Vec<Command> {
        vec![(job.options.root_fs.check)(&self.0)]
    }

    fn is_check(&self) -> bool {
        true
    }
}
