//! The root file system: one of several read-only file systems, made from a tar stream.

mod erofs;

use std::io::BufWriter;
use std::path::{Path, PathBuf};
use std::process::ChildStdin;

use crate::archive::tar;
use crate::command::Command;
use crate::image_seed::Uuid;
use crate::options::Compression;
use crate::progress::Unit;
use crate::steps::{Job, Step};
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
pub(crate) fn verified(image: &Path, hash_tree: &Path) -> Vec<Step> {
    vec![
        make(image.to_owned()),
        verity::make(image.to_owned(), hash_tree.to_owned()),
        check(image.to_owned()),
        verity::verify(image.to_owned(), hash_tree.to_owned()),
    ]
}

/// Makes the file system in a file.
fn make(image: PathBuf) -> Step {
    const ACTION: &str = "making the root file system";
    let commands = move |job: &Job<'_>| {
        let (options, uuid) = (job.options, job.seed.uuid("root"));
        vec![(options.root_fs.make)(&image, uuid, options.compression)]
    };
    Step::new(ACTION, commands).with(move |job, commands| {
        job.progress.total(job.tree.content_bytes(), Unit::Bytes);
        let feed = |stdin: &mut ChildStdin| {
            let mut out = BufWriter::with_capacity(1 << 20, stdin);
            tar::write(job.tree, &mut out, &|bytes| job.progress.advance(bytes))
        };
        commands
            .iter()
            .try_for_each(|command| command.run_fed(ACTION, feed).map(|_| ()))
    })
}

/// Reads the file system again.
fn check(image: PathBuf) -> Step {
    Step::check("checking the root file system", move |job| {
        (job.options.root_fs.check)(&image)
    })
}
