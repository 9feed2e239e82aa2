//! The steps in which an image is written. A layout lists them; [`run`] executes them, and `--dry-run`
//! prints the commands of the same list.

use std::path::{Path, PathBuf};
use std::thread;

use crate::architecture::Architecture;
use crate::command::{Command, join, run_beside, run_commands};
use crate::error::Error;
use crate::image_seed::ImageSeed;
use crate::manifest;
use crate::options::{Options, Part};
use crate::output::names;
use crate::progress::Progress;
use crate::root_hash::RootHash;
use crate::root_tree::RootTree;

/// A step: what it does, and the commands that it runs.
pub(crate) struct Step {
    /// What it does, for progress and errors: "making the disk".
    action: &'static str,
    commands: Box<Commands>,
    run: Box<Run>,
    is_check: bool,
}

/// Gives the commands of a step.
type Commands = dyn Fn(&Job<'_>) -> Vec<Command>;

/// Does a step, with its commands.
type Run = dyn Fn(&mut Job<'_>, &[Command]) -> Result<(), Error>;

impl Step {
    /// A step that only runs commands.
    pub(crate) fn new(
        action: &'static str,
        commands: impl Fn(&Job<'_>) -> Vec<Command> + 'static,
    ) -> Self {
        Self {
            action,
            commands: Box::new(commands),
            run: Box::new(move |_, commands| run_commands(action, commands)),
            is_check: false,
        }
    }

    /// A step that runs one command which only reads: the steps after it need not wait for it.
    pub(crate) fn check(
        action: &'static str,
        command: impl Fn(&Job<'_>) -> Command + 'static,
    ) -> Self {
        Self {
            is_check: true,
            ..Self::new(action, move |job| vec![command(job)])
        }
    }

    /// The step with `run` in place of just running its commands.
    pub(crate) fn with(
        self,
        run: impl Fn(&mut Job<'_>, &[Command]) -> Result<(), Error> + 'static,
    ) -> Self {
        let run = Box::new(run);
        Self { run, ..self }
    }

    /// The commands that it runs, in order.
    pub(crate) fn commands(&self, job: &Job<'_>) -> Vec<Command> {
        (self.commands)(job)
    }
}

/// A layout.
#[derive(Debug)]
pub(crate) struct Layout {
    /// The value of `--layout`.
    pub(crate) name: &'static str,
    /// What `--help` says of it.
    pub(crate) summary: &'static str,
    /// The parts of the plan that it wants.
    pub(crate) parts: &'static [Part],
    /// The part of the kernel command line that names the root file system.
    pub(crate) root_arguments: fn(&Job<'_>) -> String,
    /// The steps that write the output.
    pub(crate) steps: fn(&Job<'_>) -> Vec<Step>,
}

/// The image that is being written: what steps are given, and what they have found out.
pub(crate) struct Job<'a> {
    /// What was asked for.
    pub(crate) options: &'a Options,
    layout: &'a Layout,
    /// The tree of the image.
    pub(crate) tree: &'a RootTree,
    /// What UUIDs and the salt are derived from.
    pub(crate) seed: ImageSeed,
    /// The architecture of the kernel.
    pub(crate) architecture: Architecture,
    /// The directory for intermediate files.
    pub(crate) work: &'a Path,
    /// The directory that becomes the output.
    pub(crate) result: &'a Path,
    /// Where progress is reported.
    pub(crate) progress: &'a dyn Progress,
    /// The root hash, once the hash tree is made.
    pub(crate) root_hash: Option<RootHash>,
    /// The partitions of the disk, once it is made.
    pub(crate) partitions: Vec<manifest::Partition>,
}

impl<'a> Job<'a> {
    /// A job of which nothing is done yet.
    pub(crate) fn new(
        options: &'a Options,
        layout: &'a Layout,
        tree: &'a RootTree,
        architecture: Architecture,
        (work, result): (&'a Path, &'a Path),
        progress: &'a dyn Progress,
    ) -> Self {
        Self {
            options,
            layout,
            tree,
            seed: ImageSeed::of(tree),
            architecture,
            work,
            result,
            progress,
            root_hash: None,
            partitions: Vec::new(),
        }
    }

    /// The steps of the layout.
    pub(crate) fn steps(&self) -> Vec<Step> {
        (self.layout.steps)(self)
    }

    /// The file of the root file system, for layouts that copy it from there.
    pub(crate) fn root_image(&self) -> PathBuf {
        let file_system = self.options.root_fs.name;
        self.work.join(format!("root.{file_system}"))
    }

    /// The file of its hash tree, likewise.
    pub(crate) fn hash_tree(&self) -> PathBuf {
        self.work.join("root.verity")
    }

    /// The unified kernel image.
    pub(crate) fn uki(&self) -> PathBuf {
        self.result.join(names::UKI)
    }

    /// The root hash in hexadecimal; in its place a word, as long as it is not known.
    pub(crate) fn root_hash(&self) -> String {
        let known = self.root_hash.as_ref().map(RootHash::to_string);
        known.unwrap_or_else(|| "ROOT_HASH".to_owned())
    }

    /// The kernel command line.
    pub(crate) fn cmdline(&self) -> String {
        let of_layout = (self.layout.root_arguments)(self);
        let words = std::iter::once(&of_layout).chain(&self.options.cmdline);
        let words: Vec<&str> = words
            .map(String::as_str)
            .filter(|words| !words.is_empty())
            .collect();
        words.join(" ")
    }
}

/// Executes steps in order. Checks run beside the steps after them; the error of a check comes before
/// that of a step, which may be its consequence.
pub(crate) fn run(steps: &[Step], job: &mut Job<'_>) -> Result<(), Error> {
    thread::scope(|scope| {
        let mut checks = Vec::new();
        let done = steps.iter().try_for_each(|step| {
            let commands = step.commands(job);
            if step.is_check {
                checks.push(run_beside(scope, step.action, commands));
                return Ok(());
            }
            job.progress.step(step.action);
            (step.run)(job, &commands)
        });
        checks.into_iter().try_for_each(join).and(done)
    })
}
